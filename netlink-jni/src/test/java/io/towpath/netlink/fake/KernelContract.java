package io.towpath.netlink.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a kernel does, be it the real one or the fake: where they differ, the fake is wrong. */
abstract class KernelContract {
    private static final MacAddress MAC = MacAddress.parse("02:00:00:00:00:11");
    private static final MacAddress PEER_MAC = MacAddress.parse("02:00:00:00:00:22");

    /** A session with the namespace of the node. */
    abstract Rtnl node();

    /** A session with another namespace. */
    abstract Rtnl pod();

    /** The descriptor of the other namespace. */
    abstract int podFd();

    private Link veth(String name, String peerName) throws NetlinkException {
        return node().create(new LinkSpec.VethPair(name, MAC, 1450, peerName, PEER_MAC, podFd()));
    }

    /** A pair that is up at both ends. */
    private Link running(String name) throws NetlinkException {
        Link link = veth(name, name);
        pod().apply(new Batch().setLink(LinkChange.of(link.parentIndex()).withUp(true)));
        node().apply(new Batch().setLink(LinkChange.of(link.index()).withUp(true)));
        return link;
    }

    private int vxlan(String name) throws NetlinkException {
        Vxlan attributes = Vxlan.builder(1)
                .local(IpAddress.parse("192.168.0.1"))
                .port(8472)
                .build();
        int index = node().create(LinkSpec.vxlan(name, MAC, 1400, attributes)).index();
        node().apply(new Batch().setLink(LinkChange.of(index).withUp(true)));
        return index;
    }

    private static void refused(int errno, Rtnl rtnl, Batch batch) {
        NetlinkException refusal = assertThrows(NetlinkException.class, () -> rtnl.apply(batch));
        assertTrue(refusal.is(errno), refusal.getMessage());
    }

    private void refused(int errno, LinkSpec spec) {
        NetlinkException refusal = assertThrows(NetlinkException.class, () -> node().create(spec));
        assertTrue(refusal.is(errno), refusal.getMessage());
    }

    private static Set<String> texts(List<?> values) {
        Set<String> texts = new HashSet<>();
        values.forEach(value -> texts.add(value.toString()));
        return texts;
    }

    @Test
    void pairIsShownFromBothSides() throws Exception {
        Link link = veth("cali0", "eth0");
        assertEquals("cali0", link.name());
        assertEquals(MAC, link.mac());
        assertEquals(1450, link.mtu());
        assertEquals(1, link.txQueues());
        assertEquals(1, link.rxQueues());
        assertEquals("veth", link.kind().name());
        assertEquals(0, link.peerNsid());
        assertEquals(link, node().link("cali0"));
        Link peer = pod().link("eth0");
        assertNotNull(peer);
        assertEquals(link.parentIndex(), peer.index());
        assertEquals(link.index(), peer.parentIndex());
        assertEquals(PEER_MAC, peer.mac());
        assertEquals(1450, peer.mtu());
        assertEquals(0, node().nsid(podFd()));
    }

    @Test
    void refusesLinksThatCannotBe() throws Exception {
        veth("cali0", "eth0");
        refused(Errno.EEXIST, new LinkSpec.VethPair("cali0", MAC, 1450, "eth1", null, podFd()));
        refused(Errno.EEXIST, new LinkSpec.VethPair("cali1", MAC, 1450, "eth0", null, podFd()));
        refused(Errno.EBADF, new LinkSpec.VethPair("cali1", MAC, 1450, "eth1", null, 999_999));
        refused(Errno.ERANGE, new LinkSpec.VethPair("cali-of-16-bytes", MAC, 1450, "eth1", null, podFd()));
        refused(Errno.EINVAL, new LinkSpec.VethPair("ca/li", MAC, 1450, "eth1", null, podFd()));
        refused(Errno.EINVAL, new LinkSpec.VethPair("cali1", MAC, 67, "eth1", null, podFd()));
        refused(Errno.EINVAL, new LinkSpec.VethPair("cali1", MAC, 70_000, "eth1", null, podFd()));
        refused(
                Errno.EADDRNOTAVAIL,
                new LinkSpec.VethPair("cali1", MacAddress.parse("01:00:00:00:00:01"), 1450, "eth1", null, podFd()));
        refused(Errno.EOPNOTSUPP, new LinkSpec.Plain("x0", null, 0, "nosuchkind"));
        assertNull(node().link("cali1"));
        assertNull(pod().link("eth1"));
    }

    @Test
    void refusesTunnelsThatCannotBe() throws Exception {
        vxlan("flannel.1");
        refused(
                Errno.EEXIST,
                LinkSpec.vxlan("other", MAC, 0, Vxlan.builder(1).port(8472).build()));
        refused(Errno.ERANGE, LinkSpec.vxlan("other", MAC, 0, Vxlan.of(1 << 24)));
        refused(
                Errno.ENODEV,
                LinkSpec.vxlan("other", MAC, 0, Vxlan.builder(2).linkIndex(4711).build()));
        refused(
                Errno.EINVAL,
                LinkSpec.vxlan(
                        "other",
                        MAC,
                        0,
                        Vxlan.builder(2)
                                .local(IpAddress.parse("192.168.0.1"))
                                .group(IpAddress.parse("fd00::1"))
                                .build()));
    }

    @Test
    void tunnelTakesMtuAndPortByDefault() throws Exception {
        Link under = veth("under", "under");
        Link over = node().create(LinkSpec.vxlan(
                "vx0", null, 0, Vxlan.builder(7).linkIndex(under.index()).build()));
        assertEquals(1400, over.mtu());
        assertNotNull(over.vxlan());
        assertEquals(8472, over.vxlan().port());
        node().apply(new Batch().deleteLink(under.index()));
        assertNull(node().link("vx0"), "a tunnel goes with the link below");
    }

    @Test
    void linkIsChanged() throws Exception {
        Link link = veth("cali0", "eth0");
        node().apply(new Batch()
                .setLink(LinkChange.of("cali0")
                        .withMtu(1300)
                        .withAlias("note")
                        .withAddrGenMode(LinkChange.IN6_ADDR_GEN_MODE_NONE)
                        .with(Ipv4Devconf.PROXY_ARP, 1)
                        .withUp(true))
                .setProxyDelay(link.index(), 0)
                .setLink(LinkChange.of(link.index()).withNewName("cali1")));
        pod().apply(new Batch().setLink(LinkChange.of("eth0").withUp(true)));
        Link changed = node().link("cali1");
        assertNotNull(changed);
        assertEquals(1300, changed.mtu());
        assertEquals("note", changed.alias());
        assertEquals(1, changed.ipv4(Ipv4Devconf.PROXY_ARP));
        assertEquals(LinkChange.IN6_ADDR_GEN_MODE_NONE, changed.addrGenMode());
        assertEquals(List.of(), node().addresses(link.index()));
        refused(Errno.ENODEV, node(), new Batch().setLink(LinkChange.of("cali0").withUp(true)));
        refused(Errno.ENOENT, node(), new Batch().setProxyDelay(4711, 0));
        refused(Errno.ERANGE, node(), new Batch().setLink(LinkChange.of("cali1").withAlias("a".repeat(256))));
    }

    @Test
    void linkTakesAllWithItWhenItGoes() throws Exception {
        Link link = running("cali0");
        node().apply(new Batch()
                .addAddress(link.index(), IpPrefix.parse("10.0.0.1/24"))
                .addRoute(Route.direct(IpPrefix.parse("10.244.1.5/32"), link.index())));
        pod().apply(new Batch().deleteLink("cali0"));
        assertNull(node().link("cali0"));
        assertEquals(List.of(), node().addresses());
        assertEquals(List.of(), node().routes());
        refused(Errno.ENODEV, node(), new Batch().deleteLink("cali0"));
        refused(Errno.ENODEV, node(), new Batch().deleteLink(link.index()));
        refused(Errno.EOPNOTSUPP, node(), new Batch().deleteLink("lo"));
    }

    @Test
    void addressBringsItsRoutes() throws Exception {
        int link = running("eth0").index();
        Address address = Address.of(link, IpPrefix.parse("10.0.0.1/24"));
        Address host = Address.of(link, IpPrefix.parse("10.244.1.0/32"));
        Address quiet = Address.of(link, IpPrefix.parse("10.7.0.1/16")).noPrefixRoute();
        node().apply(new Batch().addAddress(address).addAddress(host).addAddress(quiet));
        String on = " dev " + link;
        Set<String> expected = Set.of(
                "10.0.0.0/24" + on + " scope link src 10.0.0.1",
                "type 2 10.0.0.1/32" + on + " table 255 scope host src 10.0.0.1",
                "type 3 10.0.0.255/32" + on + " table 255 scope link src 10.0.0.1",
                "type 2 10.244.1.0/32" + on + " table 255 scope host src 10.244.1.0",
                "type 3 10.7.255.255/32" + on + " table 255 scope link src 10.7.0.1",
                "type 2 10.7.0.1/32" + on + " table 255 scope host src 10.7.0.1");
        assertEquals(expected, ipv4Routes(link));
        refused(Errno.EEXIST, node(), new Batch().addAddress(address));
        node().apply(new Batch().replaceAddress(address));
        assertEquals(expected, ipv4Routes(link));
        node().apply(new Batch().deleteAddress(address).deleteAddress(quiet));
        assertEquals(Set.of("type 2 10.244.1.0/32" + on + " table 255 scope host src 10.244.1.0"), ipv4Routes(link));
        refused(Errno.EADDRNOTAVAIL, node(), new Batch().deleteAddress(address));
        refused(Errno.ENODEV, node(), new Batch().addAddress(4711, IpPrefix.parse("10.0.0.1/24")));
    }

    private Set<String> ipv4Routes(int link) throws NetlinkException {
        return texts(node().routes(link).stream().filter(route -> !route.ipv6()).toList());
    }

    @Test
    void addressOfIpv6BringsItsRoutes() throws Exception {
        int link = running("eth0").index();
        Address address = Address.of(link, IpPrefix.parse("fd00::1/64")).noDad();
        node().apply(new Batch()
                .addAddress(address)
                .addAddress(Address.of(link, IpPrefix.parse("fd01::/128")).noDad()));
        Set<String> routes = texts(node().routes(link));
        String on = " dev " + link;
        assertTrue(
                // The routes to the addresses themselves come a little later, by a work queue.
                routes.containsAll(Set.of("fd00::/64" + on + " metric 256", "fd01::/128" + on + " metric 256")),
                routes::toString);
        refused(Errno.EEXIST, node(), new Batch().addAddress(address));
        node().apply(new Batch().deleteAddress(address));
        refused(Errno.EADDRNOTAVAIL, node(), new Batch().deleteAddress(address));
        assertFalse(texts(node().routes(link)).contains("fd00::/64" + on + " metric 256"));
    }

    /** As in a pod with several interfaces. */
    @Test
    void oneGatewayIsReachedByEachLinkThatHasARouteToIt() throws Exception {
        IpPrefix gateway = IpPrefix.parse("169.254.1.1/32");
        IpPrefix all = IpPrefix.parse("0.0.0.0/0");
        int first = running("eth0").index();
        int second = running("eth1").index();
        Route further = Route.via(all, gateway.address(), second).withPriority(7);
        node().apply(new Batch().addRoute(Route.direct(gateway, first)));
        node().apply(new Batch().addRoute(Route.via(all, gateway.address(), first)));
        refused(Errno.ENETUNREACH, node(), new Batch().addRoute(further));
        node().apply(new Batch()
                .addRoute(Route.direct(gateway, second).withPriority(7))
                .addRoute(further));
    }

    @Test
    void routesAreRefusedForTheirReasons() throws Exception {
        int link = running("eth0").index();
        int down = veth("down", "down").index();
        node().apply(new Batch().addAddress(link, IpPrefix.parse("10.0.0.1/24")));
        IpPrefix there = IpPrefix.parse("10.9.0.0/16");
        IpAddress gateway = IpAddress.parse("10.0.0.2");
        IpAddress far = IpAddress.parse("172.16.0.1");
        Route route = Route.via(there, gateway, link);
        node().apply(new Batch().addRoute(route));
        refused(Errno.EEXIST, node(), new Batch().addRoute(route));
        refused(Errno.EEXIST, node(), new Batch().addRoute(Route.direct(there, link)));
        node().apply(new Batch().addRoute(route.withPriority(5)).addRoute(route.withTable(7)));
        refused(Errno.ENETUNREACH, node(), new Batch().replaceRoute(Route.via(there, far, link)));
        IpAddress own = IpAddress.parse("10.0.0.1");
        refused(
                Errno.EINVAL,
                node(),
                new Batch().replaceRoute(Route.via(there, own, link).withOnlink()));
        refused(Errno.ENETUNREACH, node(), new Batch().replaceRoute(route.withScope(Route.RT_SCOPE_LINK)));
        refused(Errno.EINVAL, node(), new Batch().replaceRoute(route.withSource(far)));
        refused(
                Errno.EINVAL,
                node(),
                new Batch().replaceRoute(Route.direct(there, link).withOnlink()));
        refused(Errno.EINVAL, node(), new Batch().replaceRoute(Route.direct(IpPrefix.parse("10.9.0.1/16"), link)));
        refused(Errno.ENODEV, node(), new Batch().replaceRoute(Route.direct(there, 4711)));
        refused(Errno.ENETDOWN, node(), new Batch().replaceRoute(Route.direct(there, down)));
        refused(
                Errno.ENETDOWN,
                node(),
                new Batch().replaceRoute(Route.via(there, far, down).withOnlink()));
        refused(Errno.ESRCH, node(), new Batch().deleteRoute(route.withPriority(6)));
        refused(Errno.ESRCH, node(), new Batch().deleteRoute(Route.via(there, IpAddress.parse("10.0.0.3"), link)));
        node().apply(new Batch().replaceRoute(Route.via(there, far, link).withOnlink()));
        node().apply(new Batch().deleteRoute(Route.via(there, far, link)));
        assertEquals(
                Set.of(route.withPriority(5).toString(), route.withTable(7).toString()),
                texts(node().routes(link).stream()
                        .filter(known -> known.destination().equals(there))
                        .toList()));
    }

    @Test
    void routesOfIpv6AreRefusedForTheirReasons() throws Exception {
        int link = running("eth0").index();
        IpPrefix there = IpPrefix.parse("fd09::/64");
        IpAddress far = IpAddress.parse("fd77::1");
        refused(Errno.EHOSTUNREACH, node(), new Batch().addRoute(Route.via(there, far, link)));
        Route onlink = Route.via(there, far, link).withOnlink();
        node().apply(new Batch().addRoute(onlink));
        refused(Errno.EEXIST, node(), new Batch().addRoute(onlink));
        assertTrue(node().routes(link).contains(onlink.withPriority(1024)));
        Route local = Route.via(there, IpAddress.parse("fe80::1"), link);
        node().apply(new Batch().replaceRoute(local));
        assertFalse(node().routes(link).contains(onlink.withPriority(1024)));
        node().apply(new Batch().deleteRoute(local));
        refused(Errno.ESRCH, node(), new Batch().deleteRoute(local));
    }

    @Test
    void linkSetDownLosesRoutesAndNeighboursAndAddressesOfIpv6() throws Exception {
        int link = running("eth0").index();
        Route route = Route.direct(IpPrefix.parse("10.244.1.5/32"), link);
        node().apply(new Batch()
                .addAddress(link, IpPrefix.parse("10.0.0.1/24"))
                .addAddress(Address.of(link, IpPrefix.parse("fd00::1/64")).noDad())
                .addNeighbour(Neighbour.permanent(link, IpAddress.parse("10.0.0.2"), PEER_MAC))
                .addRoute(route));
        node().apply(new Batch().setLink(LinkChange.of(link).withUp(false)));
        assertEquals(Set.of("10.0.0.1/24 dev " + link), texts(node().addresses(link)));
        assertEquals(
                Set.of("type 2 10.0.0.1/32 dev " + link + " table 255 scope host src 10.0.0.1"),
                texts(node().routes(link)));
        assertFalse(node().neighbours(link).stream().anyMatch(Neighbour::isPermanent));
        node().apply(new Batch().setLink(LinkChange.of(link).withUp(true)));
        assertTrue(ipv4Routes(link).contains("10.0.0.0/24 dev " + link + " scope link src 10.0.0.1"));
        assertFalse(node().routes(link).contains(route));
    }

    @Test
    void loopbackHasItsAddressesOnceUp() throws Exception {
        assertEquals(List.of(), pod().addresses());
        pod().apply(new Batch().setLink(LinkChange.of("lo").withUp(true)));
        assertEquals(Set.of("127.0.0.1/8 dev 1 scope host", "::1/128 dev 1 scope host"), texts(pod().addresses()));
    }

    @Test
    void neighboursAreAddedReplacedDeleted() throws Exception {
        int link = running("eth0").index();
        Neighbour neighbour = Neighbour.permanent(link, IpAddress.parse("10.0.0.2"), PEER_MAC);
        Neighbour other = Neighbour.permanent(link, IpAddress.parse("10.0.0.2"), MAC);
        node().apply(new Batch().addNeighbour(neighbour));
        refused(Errno.EEXIST, node(), new Batch().addNeighbour(other));
        node().apply(new Batch().replaceNeighbour(other));
        assertEquals(
                List.of(other),
                node().neighbours(link).stream().filter(Neighbour::isPermanent).toList());
        node().apply(new Batch().deleteNeighbour(neighbour));
        refused(Errno.ENOENT, node(), new Batch().deleteNeighbour(neighbour));
        refused(
                Errno.ENODEV,
                node(),
                new Batch().addNeighbour(Neighbour.permanent(4711, IpAddress.parse("10.0.0.2"), MAC)));
    }

    @Test
    void forwardingEntriesAreAddedReplacedDeleted() throws Exception {
        int link = vxlan("flannel.1");
        IpAddress one = IpAddress.parse("192.168.0.2");
        IpAddress two = IpAddress.parse("192.168.0.3");
        FdbEntry entry = FdbEntry.permanent(link, PEER_MAC, one);
        FdbEntry moved = FdbEntry.permanent(link, PEER_MAC, two);
        node().apply(new Batch().addFdb(entry));
        refused(Errno.EEXIST, node(), new Batch().addFdb(moved));
        node().apply(new Batch().appendFdb(moved));
        assertEquals(List.of(entry), node().fdb(link), "only group addresses have several remotes");
        node().apply(new Batch().replaceFdb(moved));
        assertEquals(List.of(moved), node().fdb(link));
        node().apply(new Batch().setLink(LinkChange.of(link).withUp(false)));
        assertEquals(List.of(moved), node().fdb(link), "permanent entries stay when the link is down");
        node().apply(new Batch().deleteFdb(entry));
        assertEquals(List.of(moved), node().fdb(link), "not the entry's remote: no error, and nothing done");
        FdbEntry astray = moved.withWay(new FdbEntry.Way(4789, 0, link, 0));
        node().apply(new Batch().replaceFdb(astray));
        assertEquals(List.of(astray), node().fdb(link));
        node().apply(new Batch().deleteFdb(moved));
        assertEquals(List.of(astray), node().fdb(link), "not the entry's way: no error, and nothing done");
        node().apply(new Batch().deleteFdb(FdbEntry.all(link, PEER_MAC)));
        assertEquals(List.of(), node().fdb(link));
        node().apply(new Batch().addFdb(moved.withWay(new FdbEntry.Way(8472, 1, 0, 0))));
        assertEquals(List.of(moved), node().fdb(link), "what is as the tunnel says is not shown");
        node().apply(new Batch().deleteFdb(moved));
        refused(Errno.ENOENT, node(), new Batch().deleteFdb(moved));
        refused(
                Errno.EAFNOSUPPORT,
                node(),
                new Batch().addFdb(FdbEntry.permanent(link, PEER_MAC, IpAddress.parse("fd00::2"))));
        MacAddress flood = new MacAddress(0);
        FdbEntry first = FdbEntry.permanent(link, flood, one);
        FdbEntry second = FdbEntry.permanent(link, flood, two);
        node().apply(new Batch().appendFdb(first).appendFdb(second));
        assertEquals(texts(List.of(first, second)), texts(node().fdb(link)));
        refused(Errno.EOPNOTSUPP, node(), new Batch().replaceFdb(first));
        refused(Errno.ENODEV, node(), new Batch().addFdb(FdbEntry.permanent(4711, PEER_MAC, one)));
    }

    @Test
    void queueingDisciplinesAreAddedReplacedDeleted() throws Exception {
        int link = running("cali0").index();
        Qdisc.Tbf limit = new Qdisc.Tbf(1_250_000, 125_000, 150_000);
        Qdisc.Tbf other = new Qdisc.Tbf(2_500_000, 125_000, 150_000);
        node().apply(new Batch().addQdisc(Qdisc.root(link, limit)));
        refused(Errno.EEXIST, node(), new Batch().addQdisc(Qdisc.root(link, other)));
        assertTrue(limit.isShownAs(root(link)));
        node().apply(new Batch().replaceQdisc(Qdisc.root(link, other)));
        assertTrue(other.isShownAs(root(link)));
        node().apply(new Batch().deleteQdisc(Qdisc.root(link, other)));
        assertFalse(root(link) instanceof Qdisc.Tbf);
        refused(Errno.EINVAL, node(), new Batch().deleteQdisc(Qdisc.root(link, other)));
        refused(Errno.ENODEV, node(), new Batch().addQdisc(Qdisc.root(4711, limit)));
        refused(
                Errno.ENOENT,
                node(),
                new Batch().addQdisc(new Qdisc(link, 0, Qdisc.TC_H_ROOT, new Qdisc.Other("nosuch"))));
    }

    private Qdisc.Kind root(int link) throws NetlinkException {
        return node().qdiscs(link).stream()
                .filter(qdisc -> qdisc.parent() == Qdisc.TC_H_ROOT)
                .map(Qdisc::kind)
                .findFirst()
                .orElse(new Qdisc.Other("none"));
    }

    @Test
    void whatComesInIsRedirected() throws Exception {
        int link = running("cali0").index();
        int ifb = node().create(LinkSpec.ifb("ifb0", 1450)).index();
        Filter filter = Filter.redirect(link, 1, ifb);
        refused(Errno.EINVAL, node(), new Batch().addFilter(filter));
        node().apply(new Batch().addQdisc(Qdisc.ingress(link)).addFilter(filter));
        refused(Errno.EEXIST, node(), new Batch().addQdisc(Qdisc.ingress(link)));
        assertTrue(node().qdiscs(link).contains(Qdisc.ingress(link)));
        assertTrue(node().ingressFilters(link).contains(filter));
        refused(Errno.ENODEV, node(), new Batch().addFilter(Filter.redirect(link, 2, 4711)));
        node().apply(new Batch().deleteFilters(filter));
        refused(Errno.ENOENT, node(), new Batch().deleteFilters(filter));
        node().apply(new Batch().addFilter(filter).deleteLink(ifb));
        assertTrue(node().ingressFilters(link).stream().allMatch(shown -> shown.redirectTo() == 0));
        node().apply(new Batch().deleteQdisc(Qdisc.ingress(link)));
        refused(Errno.EINVAL, node(), new Batch().deleteQdisc(Qdisc.ingress(link)));
        assertEquals(List.of(), node().ingressFilters(link));
        assertEquals(List.of(), node().ingressFilters(4711));
    }

    @Test
    void listsOfMissingLinks() throws Exception {
        assertTrue(assertThrows(NetlinkException.class, () -> node().addresses(4711))
                .is(Errno.ENODEV));
        assertTrue(
                assertThrows(NetlinkException.class, () -> node().routes(4711)).is(Errno.ENODEV));
        assertEquals(List.of(), node().neighbours(4711));
        assertEquals(List.of(), node().fdb(4711));
        assertNull(node().link(4711));
        assertNull(node().link("nosuch"));
        assertEquals(-1, pod().nsid(podFd()));
    }
}
