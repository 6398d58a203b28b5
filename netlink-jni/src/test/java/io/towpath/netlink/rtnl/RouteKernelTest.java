package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class RouteKernelTest {
    private final TestNamespace node = new TestNamespace();
    private final Rtnl rtnl;
    private final int eth0;

    RouteKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            rtnl = Rtnl.open(netNs);
            eth0 = rtnl.create(LinkSpec.veth("eth0", null, 0, "peer0", null, netNs))
                    .index();
        }
        rtnl.apply(new Batch()
                .setLink(LinkChange.of("peer0").withUp(true))
                .setLink(LinkChange.of(eth0).withUp(true))
                .addAddress(Address.of(eth0, IpPrefix.parse("10.0.0.1/24")))
                .addAddress(Address.of(eth0, IpPrefix.parse("fd00::1/64")).noDad()));
    }

    @AfterEach
    void close() {
        rtnl.close();
        node.close();
    }

    private void isReadAsAdded(Route route) throws NetlinkException {
        rtnl.apply(new Batch().addRoute(route));
        assertTrue(rtnl.routes(eth0).contains(route), () -> route + " is not in what is there");
        rtnl.apply(new Batch().deleteRoute(route));
        assertFalse(rtnl.routes(eth0).contains(route));
    }

    @Test
    void everyPropertyIsReadAsItWasSet() throws Exception {
        IpAddress gateway = IpAddress.parse("10.0.0.254");
        Route plain = Route.via(IpPrefix.parse("10.9.0.0/16"), gateway, eth0);
        isReadAsAdded(plain);
        isReadAsAdded(plain.withProtocol(80).withPriority(77));
        isReadAsAdded(plain.withTable(100));
        isReadAsAdded(plain.withTable(100_000));
        isReadAsAdded(plain.withMtu(1400).withAdvmss(1360));
        isReadAsAdded(plain.withSource(IpAddress.parse("10.0.0.1")));
        isReadAsAdded(Route.via(IpPrefix.parse("10.9.0.0/16"), IpAddress.parse("172.16.0.1"), eth0)
                .withOnlink());
        isReadAsAdded(Route.direct(IpPrefix.parse("169.254.1.1/32"), eth0));
        isReadAsAdded(Route.via(IpPrefix.parse("0.0.0.0/0"), gateway, eth0));
    }

    @Test
    void everyPropertyOfIpv6IsReadAsItWasSet() throws Exception {
        IpAddress gateway = IpAddress.parse("fd00::fe");
        Route plain = Route.via(IpPrefix.parse("fd09::/32"), gateway, eth0).withPriority(1024);
        isReadAsAdded(plain);
        isReadAsAdded(plain.withPriority(5).withTable(1000).withMtu(1400));
        isReadAsAdded(Route.direct(IpPrefix.parse("fd10::5/128"), eth0).withPriority(1024));
        isReadAsAdded(Route.via(IpPrefix.parse("::/0"), IpAddress.parse("fe80::ecee:eeff:feee:eeee"), eth0)
                .withPriority(1024));
        isReadAsAdded(Route.via(IpPrefix.parse("fd09::/32"), IpAddress.parse("fd77::1"), eth0)
                .withPriority(1024)
                .withOnlink());
    }

    @Test
    void gatewayMayBeOfTheOtherFamily() throws Exception {
        isReadAsAdded(Route.via(IpPrefix.parse("10.9.0.0/16"), IpAddress.parse("fd00::fe"), eth0));
    }

    @Test
    void routeOfMappedAddressesIsNotOneOfIpv4() throws Exception {
        node.ip("-6", "route", "add", "unreachable", "::ffff:0.0.0.0/96", "metric", "7");
        IpPrefix mapped = new IpPrefix(new IpAddress(true, 0, 0xffff_0000_0000L), 96);
        assertTrue(rtnl.routes().stream().anyMatch(route -> route.destination().equals(mapped)));
    }

    @Test
    void refusalsAreExplained() {
        Route far = Route.via(IpPrefix.parse("10.9.0.0/16"), IpAddress.parse("172.16.0.1"), eth0);
        NetlinkException unreachable =
                assertThrows(NetlinkException.class, () -> rtnl.apply(new Batch().addRoute(far)));
        assertEquals(
                "route add 10.9.0.0/16 via 172.16.0.1 dev " + eth0
                        + ": ENETUNREACH Network is unreachable (Nexthop has invalid gateway)",
                unreachable.getMessage());
        Route askew = Route.direct(IpPrefix.parse("10.9.0.1/16"), eth0);
        NetlinkException invalid = assertThrows(NetlinkException.class, () -> rtnl.apply(new Batch().addRoute(askew)));
        assertTrue(invalid.is(Errno.EINVAL), invalid.getMessage());
        assertThrows(NetlinkException.class, () -> rtnl.routes(4711));
    }

    @Test
    void batchTellsEachFailureAndDoesTheRest() throws Exception {
        Route one = Route.direct(IpPrefix.parse("10.1.0.0/16"), eth0);
        Route two = Route.direct(IpPrefix.parse("10.2.0.0/16"), eth0);
        Batch batch = new Batch()
                .addRoute(one)
                .addRoute(one)
                .deleteRoute(Route.direct(IpPrefix.parse("10.3.0.0/16"), eth0))
                .addRoute(two);
        List<NetlinkException> failures = rtnl.submit(batch);
        assertEquals(
                List.of(1, 2), failures.stream().map(NetlinkException::index).toList());
        assertEquals(
                List.of(Errno.EEXIST, Errno.ESRCH),
                failures.stream().map(NetlinkException::errno).toList());
        assertTrue(rtnl.routes(eth0).containsAll(List.of(one, two)));
    }

    @Test
    void thousandsOfRequestsAndOfFailures() throws Exception {
        Batch batch = new Batch();
        for (int i = 0; i < 5000; i++) {
            batch.addRoute(Route.direct(IpPrefix.host(new IpAddress(false, 0, 0x0b000000L + i)), eth0));
        }
        assertEquals(List.of(), rtnl.submit(batch));
        JsonNode routes = node.show("-4", "route", "show", "dev", "eth0");
        assertEquals(5000 + 1, routes.size());
        assertEquals(
                5000,
                rtnl.routes(eth0).stream()
                        .filter(route -> route.protocol() == Route.RTPROT_BOOT)
                        .count());
        List<NetlinkException> failures = rtnl.submit(batch);
        assertEquals(5000, failures.size());
        for (int i = 0; i < 5000; i++) {
            assertEquals(i, failures.get(i).index());
            assertEquals(Errno.EEXIST, failures.get(i).errno());
        }
    }

    @Test
    void addressesAndNeighboursAreReadAsTheyWereSet() throws Exception {
        Address quiet =
                Address.of(eth0, IpPrefix.parse("10.77.0.1/16")).noPrefixRoute().withScope(Route.RT_SCOPE_LINK);
        Address six = Address.of(eth0, IpPrefix.parse("fd77::1/64")).noDad().noPrefixRoute();
        Neighbour four = Neighbour.permanent(eth0, IpAddress.parse("10.0.0.9"), MacAddress.parse("02:00:00:00:00:09"));
        Neighbour other = Neighbour.permanent(eth0, IpAddress.parse("fd00::9"), MacAddress.parse("02:00:00:00:00:09"));
        rtnl.apply(
                new Batch().addAddress(quiet).addAddress(six).addNeighbour(four).addNeighbour(other));
        List<Address> addresses = rtnl.addresses(eth0);
        assertTrue(addresses.contains(quiet.withFlags(Address.IFA_F_PERMANENT)), addresses.toString());
        assertTrue(addresses.contains(six.withFlags(Address.IFA_F_PERMANENT)), addresses.toString());
        assertTrue(rtnl.addresses().containsAll(addresses));
        assertTrue(rtnl.neighbours(eth0).containsAll(List.of(four, other)));
        assertFalse(rtnl.routes(eth0).stream()
                .anyMatch(route -> route.destination().equals(IpPrefix.parse("10.77.0.0/16"))));
        rtnl.apply(new Batch()
                .deleteAddress(quiet)
                .deleteAddress(six)
                .deleteNeighbour(four)
                .deleteNeighbour(other));
        assertFalse(rtnl.addresses(eth0).stream()
                .anyMatch(address -> address.prefix().equals(quiet.prefix())));
        NetlinkException gone =
                assertThrows(NetlinkException.class, () -> rtnl.apply(new Batch().deleteAddress(quiet)));
        assertTrue(gone.is(Errno.EADDRNOTAVAIL), gone.getMessage());
    }

    @Test
    void proxyNeighbourAnswersForAnAddress() throws Exception {
        rtnl.apply(new Batch()
                .addNeighbour(new Neighbour(eth0, IpAddress.parse("fd00::77"), null, 0, Neighbour.NTF_PROXY)));
        assertTrue(node.execute("ip", "-6", "neigh", "show", "proxy").contains("fd00::77 dev eth0"));
    }

    /** A second link, down when its other end is. */
    private int eth1() throws Exception {
        node.ip("link", "add", "eth1", "type", "veth", "peer", "name", "peer1");
        node.ip("link", "set", "peer1", "up");
        node.ip("link", "set", "eth1", "up");
        node.ip("address", "add", "10.1.0.1/24", "dev", "eth1");
        node.ip("address", "add", "fd01::1/64", "dev", "eth1", "nodad");
        Link link = rtnl.link("eth1");
        return link == null ? 0 : link.index();
    }

    @Test
    void bestDefaultRouteOfEachFamilyIsTheFirst() throws Exception {
        int eth1 = eth1();
        node.ip("route", "add", "default", "via", "10.0.0.254", "metric", "200");
        node.ip("route", "add", "default", "via", "10.1.0.254", "metric", "100");
        node.ip("route", "add", "default", "via", "10.1.0.254", "table", "77");
        // The kernel tells routes with a type of service first.
        node.ip("route", "add", "default", "via", "10.0.0.254", "tos", "0x10", "metric", "300");
        node.ip("route", "add", "default", "via", "10.0.0.254", "metric", "4000000001");
        node.ip("route", "add", "unreachable", "default", "metric", "4000000000");
        node.ip("-6", "route", "add", "default", "via", "fd00::fe", "metric", "2000");
        node.ip("-6", "route", "add", "default", "via", "fd01::fe", "metric", "1000");
        assertEquals(
                List.of(
                        DefaultRoute.by(false, 100, eth1),
                        DefaultRoute.by(false, 200, eth0),
                        DefaultRoute.by(false, 300, eth0),
                        DefaultRoute.by(false, (int) 4_000_000_001L, eth0),
                        DefaultRoute.by(true, 1000, eth1),
                        DefaultRoute.by(true, 2000, eth0)),
                rtnl.defaultRoutes());
    }

    @Test
    void defaultRouteMayHaveSeveralNextHops() throws Exception {
        int eth1 = eth1();
        node.execute(
                "sh",
                "-c",
                "ip route add default nexthop via 10.0.0.254 nexthop via 10.1.0.254 &&"
                        + " ip -6 route add default nexthop via fd00::fe nexthop via fd01::fe");
        assertEquals(
                List.of(
                        new DefaultRoute(false, 0, List.of(eth0, eth1)),
                        new DefaultRoute(true, 1024, List.of(eth0, eth1))),
                rtnl.defaultRoutes());
        // A next hop without carrier is marked some time after whoever took the carrier has gone on.
        try (NetNs netNs = node.open();
                Monitor monitor = new Monitor()) {
            RtnlEvent.subscribe(monitor, netNs, _ -> {});
            node.ip("link", "set", "peer0", "down");
            while (!rtnl.defaultRoutes().getFirst().links().equals(List.of(eth1, eth0))) {
                assertTrue(monitor.await(10_000), "the next hop without carrier is still the first");
            }
        }
    }

    @Test
    void defaultRouteMayHaveNextHopObjects() throws Exception {
        int eth1 = eth1();
        node.execute(
                "sh",
                "-c",
                "ip nexthop add id 1 via 10.0.0.254 dev eth0 && ip nexthop add id 2 via 10.1.0.254 dev eth1 &&"
                        + " ip nexthop add id 10 group 1/2 && ip route add default nhid 10 &&"
                        + " ip -6 nexthop add id 3 via fd01::fe dev eth1 && ip -6 route add default nhid 3");
        List<DefaultRoute> wanted =
                List.of(new DefaultRoute(false, 0, List.of(eth0, eth1)), DefaultRoute.by(true, 1024, eth1));
        assertEquals(wanted, rtnl.defaultRoutes());
        // Then the kernel tells of a route no more than the object's number.
        node.execute("sysctl", "-qw", "net.ipv4.nexthop_compat_mode=0");
        assertEquals(wanted, rtnl.defaultRoutes());
    }
}
