package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class VethKernelTest {
    private static final MacAddress HOST_MAC = MacAddress.parse("ee:ee:ee:ee:ee:ee");
    private static final MacAddress POD_MAC = MacAddress.parse("02:00:0a:f4:01:05");

    private final TestNamespace node = new TestNamespace();
    private final TestNamespace pod = new TestNamespace();
    private final NetNs nodeNs;
    private final NetNs podNs;
    private final Rtnl onNode;
    private final Rtnl inPod;

    VethKernelTest() throws NetlinkException {
        nodeNs = node.open();
        podNs = pod.open();
        onNode = Rtnl.open(nodeNs);
        inPod = Rtnl.open(podNs);
    }

    private Link veth;

    @BeforeEach
    void create() throws NetlinkException {
        veth = onNode.create(LinkSpec.veth("cali0", HOST_MAC, 1450, "eth0", POD_MAC, podNs));
    }

    @AfterEach
    void close() {
        inPod.close();
        onNode.close();
        podNs.close();
        nodeNs.close();
        pod.close();
        node.close();
    }

    @Test
    void bothEndsAreWhereAndWhatTheyShouldBe() throws Exception {
        JsonNode host = node.show("link", "show", "cali0").get(0);
        assertEquals("ee:ee:ee:ee:ee:ee", host.get("address").textValue());
        assertEquals(1450, host.get("mtu").intValue());
        assertEquals(1, host.get("num_tx_queues").intValue());
        assertEquals(1, host.get("num_rx_queues").intValue());
        assertEquals(veth.index(), host.get("ifindex").intValue());

        JsonNode peer = pod.show("link", "show", "eth0").get(0);
        assertEquals("02:00:0a:f4:01:05", peer.get("address").textValue());
        assertEquals(1450, peer.get("mtu").intValue());
        assertEquals(1, peer.get("num_tx_queues").intValue());
        assertEquals(1, peer.get("num_rx_queues").intValue());
        assertEquals(veth.parentIndex(), peer.get("ifindex").intValue());
    }

    @Test
    void isReadAsItWasMade() throws Exception {
        assertEquals("cali0", veth.name());
        assertEquals(HOST_MAC, veth.mac());
        assertEquals(1450, veth.mtu());
        assertFalse(veth.isUp());
        assertInstanceOf(LinkKind.Veth.class, veth.kind());
        assertEquals(1, veth.txQueues());
        assertEquals(1, veth.rxQueues());
        assertTrue(veth.peerNsid() >= 0);
        assertEquals(veth.peerNsid(), onNode.nsid(podNs));

        assertEquals(veth, onNode.link("cali0"));
        assertEquals(veth, onNode.link(veth.index()));
        Link peer = inPod.link("eth0");
        assertNotNull(peer);
        assertEquals(POD_MAC, peer.mac());
        assertEquals(veth.index(), peer.parentIndex());
        assertEquals(
                List.of("lo", "cali0"), onNode.links().stream().map(Link::name).toList());
    }

    @Test
    void missingLinkIsNull() throws Exception {
        assertNull(onNode.link("nosuch"));
        assertNull(onNode.link(4711));
        assertEquals(-1, inPod.nsid(podNs));
    }

    @Test
    void takenNameIsRefusedAndLeftAlone() throws Exception {
        NetlinkException taken = assertThrows(
                NetlinkException.class,
                () -> onNode.create(LinkSpec.veth("cali0", HOST_MAC, 1400, "eth1", POD_MAC, podNs)));
        assertEquals("link add cali0 type veth peer eth1: EEXIST File exists", taken.getMessage());
        assertEquals(veth, onNode.link("cali0"));
        assertNull(inPod.link("eth1"));
    }

    @Test
    void kernelExplainsRefusal() {
        NetlinkException refused = assertThrows(
                NetlinkException.class, () -> onNode.create(new LinkSpec.Plain("plain0", null, 0, "nosuchkind")));
        assertEquals(
                "link add plain0 type nosuchkind: EOPNOTSUPP Operation not supported (Unknown device type)",
                refused.getMessage());
    }

    @Test
    void settingsTakeEffect() throws Exception {
        Map<Ipv4Devconf, Integer> settings = Map.of(
                Ipv4Devconf.FORWARDING, 1,
                Ipv4Devconf.PROXY_ARP, 1,
                Ipv4Devconf.ROUTE_LOCALNET, 1,
                Ipv4Devconf.RP_FILTER, 0,
                Ipv4Devconf.ARP_ANNOUNCE, 2,
                Ipv4Devconf.ACCEPT_REDIRECTS, 0);
        LinkChange change = LinkChange.of(veth.index())
                .withAddrGenMode(LinkChange.IN6_ADDR_GEN_MODE_NONE)
                .withAlias("net/container/eth0")
                .withUp(true);
        for (Map.Entry<Ipv4Devconf, Integer> setting : settings.entrySet()) {
            change = change.with(setting.getKey(), setting.getValue());
        }
        assertEquals("80", nodeNs.readSysctl("net/ipv4/neigh/cali0/proxy_delay"));
        onNode.apply(new Batch().setLink(change).setProxyDelay(veth.index(), 0));

        assertEquals("1", nodeNs.readSysctl("net/ipv4/conf/cali0/forwarding"));
        assertEquals("1", nodeNs.readSysctl("net/ipv4/conf/cali0/proxy_arp"));
        assertEquals("1", nodeNs.readSysctl("net/ipv4/conf/cali0/route_localnet"));
        assertEquals("0", nodeNs.readSysctl("net/ipv4/conf/cali0/rp_filter"));
        assertEquals("2", nodeNs.readSysctl("net/ipv4/conf/cali0/arp_announce"));
        assertEquals("0", nodeNs.readSysctl("net/ipv4/conf/cali0/accept_redirects"));
        assertEquals("1", nodeNs.readSysctl("net/ipv6/conf/cali0/addr_gen_mode"));
        assertEquals("0", nodeNs.readSysctl("net/ipv4/neigh/cali0/proxy_delay"));
        inPod.apply(new Batch().setLink(LinkChange.of("eth0").withUp(true)));

        Link now = onNode.link("cali0");
        assertNotNull(now);
        settings.forEach((setting, value) -> assertEquals(value, now.ipv4(setting), setting.name()));
        assertEquals(LinkChange.IN6_ADDR_GEN_MODE_NONE, now.addrGenMode());
        assertEquals("net/container/eth0", now.alias());
        assertTrue(now.isUp());
        assertEquals(List.of(), onNode.addresses(veth.index()), "no link-local address with addrgenmode none");
        assertEquals(
                "net/container/eth0",
                node.show("link", "show", "cali0").get(0).get("ifalias").textValue());
    }

    @Test
    void linkIsChangedByNameAndRenamedByIndex() throws Exception {
        MacAddress mac = MacAddress.parse("02:11:22:33:44:55");
        onNode.apply(new Batch()
                .setLink(LinkChange.of("cali0").withMtu(1400).withMac(mac).withAlias("note"))
                .setLink(LinkChange.of(veth.index()).withNewName("cali1")));
        Link renamed = onNode.link("cali1");
        assertNotNull(renamed);
        assertEquals(1400, renamed.mtu());
        assertEquals(mac, renamed.mac());
        onNode.apply(new Batch().setLink(LinkChange.of("cali1").withAlias("")));
        Link bare = onNode.link("cali1");
        assertNotNull(bare);
        assertNull(bare.alias());
    }

    @Test
    void deletingOneEndTakesTheOther() throws Exception {
        onNode.apply(new Batch().deleteLink("cali0"));
        assertNull(onNode.link("cali0"));
        assertNull(inPod.link("eth0"));
        NetlinkException gone =
                assertThrows(NetlinkException.class, () -> onNode.apply(new Batch().deleteLink(veth.index())));
        assertTrue(gone.is(Errno.ENODEV), gone.getMessage());
    }

    @Test
    void listsAreWholeWhileLinksComeAndGo() throws Exception {
        FutureTask<@Nullable Void> churn = new FutureTask<>(() -> {
            try (Rtnl rtnl = Rtnl.open(nodeNs)) {
                for (int i = 0; i < 20; i++) {
                    rtnl.create(LinkSpec.veth("churn0", null, 1450, "churn1", null, nodeNs));
                    rtnl.apply(new Batch().deleteLink("churn0"));
                }
            }
            return null;
        });
        Thread.ofPlatform().start(churn);
        while (!churn.isDone()) {
            List<String> names = onNode.links().stream().map(Link::name).toList();
            assertTrue(names.containsAll(List.of("lo", "cali0")), names.toString());
        }
        churn.get();
    }

    @Test
    void podIsWiredAndReachesItsNode() throws Exception {
        IpAddress gateway = IpAddress.parse("169.254.1.1");
        IpPrefix address = IpPrefix.parse("10.244.1.5/32");
        int eth0 = veth.parentIndex();
        onNode.apply(new Batch()
                .setLink(LinkChange.of(veth.index()).withUp(true).with(Ipv4Devconf.PROXY_ARP, 1))
                .addRoute(Route.direct(address, veth.index())));
        inPod.apply(new Batch()
                .setLink(LinkChange.of("lo").withUp(true))
                .setLink(LinkChange.of(eth0).withUp(true))
                .addAddress(eth0, address)
                .addNeighbour(Neighbour.permanent(eth0, gateway, HOST_MAC))
                .addRoute(Route.direct(IpPrefix.host(gateway), eth0))
                .addRoute(Route.via(IpPrefix.parse("0.0.0.0/0"), gateway, eth0)));
        onNode.apply(new Batch()
                .addAddress(Address.of(1, IpPrefix.parse("10.244.1.1/32")))
                .setLink(LinkChange.of(1).withUp(true)));

        assertTrue(pod.execute("ping", "-c1", "-W5", "10.244.1.1").contains(" 0% packet loss"));
        assertEquals(
                List.of("default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"),
                pod.execute("ip", "route").lines().map(String::strip).toList());
        assertEquals("10.244.1.5 dev cali0 scope link", node.execute("ip", "route"));
        assertTrue(inPod.routes(eth0).contains(Route.via(IpPrefix.parse("0.0.0.0/0"), gateway, eth0)));
    }
}
