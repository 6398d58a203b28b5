package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class VxlanKernelTest {
    private static final MacAddress MAC = MacAddress.parse("02:aa:bb:cc:dd:01");
    private static final MacAddress PEER_MAC = MacAddress.parse("02:aa:bb:cc:dd:02");
    private static final IpAddress PEER = IpAddress.parse("192.168.0.2");

    private final TestNamespace node = new TestNamespace();
    private final NetNs netNs;
    private final Rtnl rtnl;
    private final Link underlay;

    VxlanKernelTest() throws NetlinkException {
        netNs = node.open();
        rtnl = Rtnl.open(netNs);
        underlay = rtnl.create(LinkSpec.veth("under0", null, 1500, "under1", null, netNs));
        node.ip("address", "add", "192.168.0.1/24", "dev", "under0");
        node.ip("address", "add", "fd00::1/64", "dev", "under0", "nodad");
        node.ip("link", "set", "under1", "up");
        node.ip("link", "set", "under0", "up");
    }

    @AfterEach
    void close() {
        rtnl.close();
        netNs.close();
        node.close();
    }

    private Link createFlannel() throws NetlinkException {
        Vxlan attributes = Vxlan.builder(1)
                .linkIndex(underlay.index())
                .local(IpAddress.parse("192.168.0.1"))
                .port(8472)
                .build();
        return rtnl.create(LinkSpec.vxlan("flannel.1", MAC, 1450, attributes));
    }

    @Test
    void isWhatFlannelMakes() throws Exception {
        Link created = createFlannel();
        rtnl.apply(new Batch()
                .setLink(LinkChange.of(created.index()).withUp(true))
                .addAddress(created.index(), IpPrefix.parse("10.244.1.0/32")));

        List<String> shown = node.execute("ip", "-d", "addr", "show", "flannel.1")
                .lines()
                .map(String::strip)
                .toList();
        assertTrue(
                shown.get(2)
                        .startsWith(
                                "vxlan id 1 local 192.168.0.1 dev under0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum"),
                shown.get(2));
        assertTrue(shown.contains("inet 10.244.1.0/32 scope global flannel.1"), shown.toString());
        JsonNode link = node.show("link", "show", "flannel.1").get(0);
        assertEquals(MAC.toString(), link.get("address").textValue());
        assertEquals(1450, link.get("mtu").intValue());
        assertEquals("3", node.execute("cat", "/sys/class/net/flannel.1/addr_assign_type"), "set by request");
    }

    @Test
    void allAttributesAreReadAsTheyWereSet() throws Exception {
        Vxlan asked = Vxlan.builder(4711)
                .linkIndex(underlay.index())
                .local(IpAddress.parse("fd00::1"))
                .group(IpAddress.parse("fd00::2"))
                .port(4789)
                .learning(true)
                .proxy(true)
                .rsc(true)
                .l2miss(true)
                .l3miss(true)
                .gbp(true)
                .ttl(7)
                .tos(4)
                .ageing(60)
                .limit(1000)
                .sourcePorts(30000, 40000)
                .udpChecksum(false)
                .udpZeroChecksum6(true, true)
                .build();
        Link created = rtnl.create(LinkSpec.vxlan("vx0", null, 0, asked));
        assertEquals(asked, created.vxlan());
        JsonNode data = node.show("link", "show", "vx0").get(0).get("linkinfo").get("info_data");
        assertEquals(4711, data.get("id").intValue());
        assertEquals("fd00::1", data.get("local6").textValue());
        assertEquals("fd00::2", data.get("remote6").textValue());
        assertEquals(4789, data.get("port").intValue());
        assertTrue(data.get("gbp").booleanValue());
        assertTrue(data.get("l2miss").booleanValue());
        assertEquals(30000, data.get("port_range").get("low").intValue());
        assertEquals(60, data.get("ageing").intValue());
    }

    @Test
    void defaultsAreReadAsTheDefaultsOfTheRecord() throws Exception {
        Link created = rtnl.create(LinkSpec.vxlan("vx0", null, 0, Vxlan.of(9)));
        assertEquals(Vxlan.builder(9).port(8472).build(), created.vxlan());
        Link external = rtnl.create(LinkSpec.vxlan(
                "vx1",
                null,
                0,
                Vxlan.builder(0).port(4789).collectMetadata(true).build()));
        assertNotNull(external.vxlan());
        assertTrue(external.vxlan().collectMetadata());
    }

    @Test
    void peerIsNeighbourForwardingEntryAndOnlinkRoute() throws Exception {
        int flannel = createFlannel().index();
        IpAddress gateway = IpAddress.parse("10.244.2.0");
        Neighbour neighbour = Neighbour.permanent(flannel, gateway, PEER_MAC);
        FdbEntry entry = FdbEntry.permanent(flannel, PEER_MAC, PEER);
        Route route =
                Route.via(IpPrefix.parse("10.244.2.0/24"), gateway, flannel).withOnlink();
        Batch batch = new Batch()
                .setLink(LinkChange.of(flannel).withUp(true))
                .addAddress(flannel, IpPrefix.parse("10.244.1.0/32"))
                .replaceNeighbour(neighbour)
                .replaceFdb(entry)
                .replaceRoute(route);
        rtnl.apply(batch);

        assertEquals(
                "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
                node.execute("ip", "route", "show", "dev", "flannel.1")
                        .replace("via 10.244.2.0 ", "via 10.244.2.0 dev flannel.1 "));
        assertTrue(node.execute("ip", "neigh", "show", "dev", "flannel.1")
                .contains("10.244.2.0 lladdr 02:aa:bb:cc:dd:02 PERMANENT"));
        assertTrue(node.execute("bridge", "fdb", "show", "dev", "flannel.1")
                .contains("02:aa:bb:cc:dd:02 dst 192.168.0.2 self permanent"));

        assertEquals(List.of(entry), rtnl.fdb(flannel));
        assertTrue(rtnl.neighbours(flannel).contains(neighbour));
        assertTrue(rtnl.routes(flannel).contains(route));

        rtnl.apply(new Batch().deleteRoute(route).deleteFdb(entry).deleteNeighbour(neighbour));
        assertEquals(List.of(), rtnl.fdb(flannel));
        assertFalse(rtnl.neighbours(flannel).contains(neighbour));
        assertFalse(rtnl.routes(flannel).contains(route));
        List<NetlinkException> again =
                rtnl.submit(new Batch().deleteRoute(route).deleteFdb(entry).deleteNeighbour(neighbour));
        assertEquals(
                List.of(Errno.ESRCH, Errno.ENOENT, Errno.ENOENT),
                again.stream().map(NetlinkException::errno).toList());
    }

    @Test
    void peerOfIpv6LikewiseOverIpv6() throws Exception {
        Vxlan attributes = Vxlan.builder(1)
                .linkIndex(underlay.index())
                .local(IpAddress.parse("fd00::1"))
                .port(8472)
                .build();
        int flannel = rtnl.create(LinkSpec.vxlan("flannel-v6.1", MAC, 1430, attributes))
                .index();
        IpAddress gateway = IpAddress.parse("fd01:0:0:2::");
        FdbEntry entry = FdbEntry.permanent(flannel, PEER_MAC, IpAddress.parse("fd00::2"));
        Route route =
                Route.via(IpPrefix.parse("fd01:0:0:2::/64"), gateway, flannel).withOnlink();
        rtnl.apply(new Batch()
                .setLink(LinkChange.of(flannel).withUp(true))
                .addAddress(
                        Address.of(flannel, IpPrefix.parse("fd01:0:0:1::/128")).noDad())
                .replaceNeighbour(Neighbour.permanent(flannel, gateway, PEER_MAC))
                .replaceFdb(entry)
                .replaceRoute(route));
        assertEquals(List.of(entry), rtnl.fdb(flannel));
        assertTrue(rtnl.neighbours(flannel).contains(Neighbour.permanent(flannel, gateway, PEER_MAC)));
        assertTrue(rtnl.routes(flannel).contains(route.withPriority(1024)));
        assertTrue(node.execute("ip", "-6", "route", "show", "dev", "flannel-v6.1")
                .contains("fd01:0:0:2::/64 via fd01:0:0:2:: metric 1024 onlink"));
    }

    @Test
    void forwardingEntryIsReplacedNotDoubled() throws Exception {
        int flannel = createFlannel().index();
        FdbEntry old = FdbEntry.permanent(flannel, PEER_MAC, PEER);
        FdbEntry moved = FdbEntry.permanent(flannel, PEER_MAC, IpAddress.parse("192.168.0.3"));
        rtnl.apply(new Batch().addFdb(old));
        NetlinkException taken = assertThrows(NetlinkException.class, () -> rtnl.apply(new Batch().addFdb(moved)));
        assertTrue(taken.is(Errno.EEXIST), taken.getMessage());
        rtnl.apply(new Batch().replaceFdb(moved));
        assertEquals(List.of(moved), rtnl.fdb(flannel));
    }

    @Test
    void allZeroAddressHasSeveralRemotes() throws Exception {
        int flannel = createFlannel().index();
        MacAddress flood = new MacAddress(0);
        FdbEntry one = FdbEntry.permanent(flannel, flood, PEER);
        FdbEntry two = FdbEntry.permanent(flannel, flood, IpAddress.parse("192.168.0.3"));
        rtnl.apply(new Batch().appendFdb(one).appendFdb(two));
        assertEquals(List.of(one, two), rtnl.fdb(flannel));
    }

    @Test
    void checksumOffloadIsSwitchedByTheIoctl() throws Exception {
        createFlannel();
        assertTrue(node.execute("ethtool", "-k", "flannel.1").contains("tx-checksum-ip-generic: on"));
        node.inside(() -> {
            assertTrue(Linux.txChecksumOffload("flannel.1"));
            Linux.setTxChecksumOffload("flannel.1", false);
            assertFalse(Linux.txChecksumOffload("flannel.1"));
        });
        assertTrue(node.execute("ethtool", "-k", "flannel.1").contains("tx-checksum-ip-generic: off"));
    }
}
