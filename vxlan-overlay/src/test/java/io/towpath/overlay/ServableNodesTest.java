package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster.Node;
import io.towpath.overlay.ServableNodes.Rejected;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ServableNodesTest {
    private static final Node SELF = node("self", "10.244.1.0/24", "192.168.0.1");
    private static final Node PEER = node("peer", "10.244.2.0/24", "192.168.0.2");

    private static Node node(String name, @Nullable String slice, String... addresses) {
        return new Node(
                name,
                slice == null ? List.of() : List.of(IpPrefix.parse(slice)),
                Stream.of(addresses).map(IpAddress::parse).toList(),
                null,
                null);
    }

    private static Cluster cluster(List<Node> nodes) {
        return new Cluster(
                List.of(IpPrefix.parse("10.244.0.0/16")),
                "self",
                UnderlayChoice.AUTOMATIC,
                1,
                8472,
                0,
                false,
                false,
                false,
                nodes);
    }

    private static ServableNodes choose(Node... nodes) {
        return ServableNodes.of(cluster(List.of(nodes)), Set.of(), Map.of(), List.of());
    }

    private static final String NO_HOST =
            "addresses[0]: \"%s\" is no address of a host; write the one other nodes reach it by";

    static List<Arguments> mistakes() {
        Node sameMac = new Node(
                "bad",
                List.of(IpPrefix.parse("10.244.9.0/24")),
                List.of(IpAddress.parse("192.168.0.9")),
                VtepMac.of("peer", false),
                null);
        return List.of(
                Arguments.of(
                        node("bad", null, "192.168.0.9"),
                        "it has no podCIDR: kube-controller-manager gives one, with --allocate-node-cidrs and"
                                + " --cluster-cidr; or patch the Node's spec.podCIDR"),
                Arguments.of(
                        node("bad", "10.9.0.0/24", "192.168.0.9"),
                        "its podCIDR 10.9.0.0/24 is outside the pods' network 10.244.0.0/16; Network in net-conf.json, the ConfigMap"
                                + " towpath-config, is to be the cluster's --cluster-cidr"),
                Arguments.of(
                        node("bad", "10.244.2.128/25", "192.168.0.9"),
                        "its slice 10.244.2.128/25 overlaps 10.244.2.0/24 of node peer"),
                Arguments.of(
                        node("bad", "10.244.0.0/22", "192.168.0.9"),
                        "its slice 10.244.0.0/22 overlaps 10.244.1.0/24 of node self"),
                Arguments.of(
                        node("bad", "10.244.9.0/24", "192.168.0.100"),
                        "its address 192.168.0.100 is one of this node's own"),
                Arguments.of(node("bad", "10.244.9.0/24", "0.0.0.0"), NO_HOST.formatted("0.0.0.0")),
                Arguments.of(node("bad", "10.244.9.0/24", "127.0.0.1"), NO_HOST.formatted("127.0.0.1")),
                Arguments.of(node("bad", "10.244.9.0/24", "224.0.0.1"), NO_HOST.formatted("224.0.0.1")),
                Arguments.of(node("bad", "10.244.9.0/24", "255.255.255.255"), NO_HOST.formatted("255.255.255.255")),
                Arguments.of(
                        node("bad", "10.244.9.0/24", "10.244.9.1"),
                        "addresses[0]: \"10.244.9.1\" is inside the pods' network 10.244.0.0/16; write the node's own"
                                + " address, which tunnel packets go to"),
                Arguments.of(
                        node("bad", "10.244.9.0/24"),
                        "slices[0]: \"10.244.9.0/24\" is of IPv4, but node bad has no IPv4 address to reach it by; add"
                                + " one to its addresses"),
                Arguments.of(sameMac, "its MAC address " + sameMac.mac() + " is that of node peer"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakeOfOneIsNoOthersOutage(Node bad, String reason) {
        // Accepted by rank, not by name: a node that was served goes before one that was not.
        ServableNodes chosen = ServableNodes.of(
                cluster(List.of(bad, PEER, SELF)), Set.of(IpAddress.parse("192.168.0.100")), Map.of(), List.of(PEER));
        assertEquals(List.of(PEER, SELF), chosen.nodes());
        assertEquals(List.of(new Rejected("bad", reason)), chosen.rejected());
    }

    @Test
    void twoNodesMayHaveOneAddress() throws Exception {
        Node reinstalled = node("reinstalled", "10.244.9.0/24", "192.168.0.2");
        ServableNodes chosen = choose(PEER, SELF, reinstalled);
        assertEquals(List.of(PEER, reinstalled, SELF), chosen.nodes());
        assertEquals(List.of(), chosen.rejected());
        // And after a boot that is what is known; in a file that somebody writes it is a mistake.
        Cluster served = cluster(chosen.nodes());
        byte[] file = ClusterFileWriter.write(served);
        assertEquals(served, ClusterFile.parseLive("test", file));
        assertThrows(ClusterFileException.class, () -> ClusterFile.parse("test", file));
    }

    @ParameterizedTest
    @CsvSource({
        "READY, SILENT, a",
        "REPORTING, SILENT, a",
        "READY, REPORTING, a",
        "SILENT, READY, b",
        "SILENT, SILENT, b"
    })
    void theDeadGoesLastEvenIfItWasServed(Health ofA, Health ofB, String served) {
        Node a = node("a", "10.244.3.0/24", "192.168.0.3");
        Node b = node("b", "10.244.3.0/24", "192.168.0.4");
        for (Node wants :
                List.of(b, node("b", "10.244.3.128/25", "192.168.0.4"), b.withMacs(VtepMac.of("a", false), null))) {
            ServableNodes chosen = ServableNodes.of(
                    cluster(List.of(a, wants, SELF)), Set.of(), Map.of("a", ofA, "b", ofB), List.of(wants));
            assertEquals(List.of(served.equals("a") ? a : wants, SELF), chosen.nodes());
        }
    }

    private static Node dual(String name, int number, String... addresses) {
        return new Node(
                name,
                List.of(IpPrefix.parse("10.244." + number + ".0/24"), IpPrefix.parse("fd00:244:0:" + number + "::/64")),
                Stream.of(addresses).map(IpAddress::parse).toList(),
                null,
                null);
    }

    @Test
    void mistakeInOneFamilyIsNoOutageOfTheOther() {
        Node self = dual("self", 1, "192.168.0.1", "fd00::1");
        Node without = dual("without", 2, "192.168.0.2");
        Node overlapping = new Node(
                "overlapping",
                List.of(IpPrefix.parse("10.244.1.128/25"), IpPrefix.parse("fd00:244:0:3::/64")),
                List.of(IpAddress.parse("192.168.0.3"), IpAddress.parse("fd00::3")),
                null,
                null);
        Cluster both = new Cluster(
                List.of(IpPrefix.parse("10.244.0.0/16"), IpPrefix.parse("fd00:244::/56")),
                "self",
                UnderlayChoice.AUTOMATIC,
                1,
                8472,
                0,
                false,
                false,
                false,
                List.of(self, without, overlapping));
        ServableNodes chosen = ServableNodes.of(both, Set.of(), Map.of(), List.of());
        assertEquals(List.of(overlapping.only(true), self, without.only(false)), chosen.nodes());
        assertEquals(
                List.of(
                        new Rejected(
                                "overlapping",
                                Family.IPV4,
                                "its slice 10.244.1.128/25 overlaps 10.244.1.0/24 of node self"),
                        new Rejected(
                                "without",
                                Family.IPV6,
                                "slices[0]: \"fd00:244:0:2::/64\" is of IPv6, but node without has no IPv6 address to reach it by;"
                                        + " add one to its addresses")),
                chosen.rejected());
        // Served in part, it goes before who comes new.
        Node thief = node("a", "10.244.2.0/24", "192.168.0.9");
        ServableNodes later =
                ServableNodes.of(both.withNodes(List.of(self, thief, without)), Set.of(), Map.of(), chosen.nodes());
        assertEquals(List.of(self, without.only(false)), later.nodes());
    }

    @Test
    void ofTwoThatWereNotServedTheFirstNameIsServed() {
        Node a = node("a", "10.244.3.0/24", "192.168.0.3");
        Node b = node("b", "10.244.3.0/24", "192.168.0.4");
        assertEquals(List.of(a, SELF), choose(b, a, SELF).nodes());
    }

    @Test
    void nodeThatWasServedStaysWhenAnotherWantsTheSame() {
        Node a = node("a", "10.244.3.0/24", "192.168.0.3");
        Node b = node("b", "10.244.3.0/24", "192.168.0.4");
        ServableNodes chosen = ServableNodes.of(cluster(List.of(a, b, SELF)), Set.of(), Map.of(), List.of(b));
        assertEquals(List.of(b, SELF), chosen.nodes());
    }

    @Test
    void ownSliceGoesBeforeEveryOther() {
        Node thief = node("a", "10.244.1.0/24", "192.168.0.3");
        ServableNodes chosen = ServableNodes.of(cluster(List.of(thief, SELF)), Set.of(), Map.of(), List.of(thief));
        assertEquals(List.of(SELF), chosen.nodes());
    }

    @Test
    void ownAddressIsNoObstacleForThisNode() {
        ServableNodes chosen =
                ServableNodes.of(cluster(List.of(SELF)), Set.of(IpAddress.parse("192.168.0.1")), Map.of(), List.of());
        assertEquals(List.of(SELF), chosen.nodes());
    }

    @Test
    void thousandsAreChosenFrom() {
        List<Node> nodes = new ArrayList<>(List.of(SELF));
        for (int i = 2; i < 5000; i++) {
            nodes.add(node("n" + i, "10.244." + i % 256 + ".0/24", "172.16." + i / 256 + "." + i % 256));
        }
        // 256 slices there are, of which one is this node's.
        assertEquals(
                256,
                ServableNodes.of(cluster(nodes), Set.of(), Map.of(), List.of())
                        .nodes()
                        .size());
    }

    /** It is done anew for each node that comes or goes, and what is allocated has to be collected. */
    @Test
    void aNodeThatJoinsThousandsTakesFewMebibytes() {
        List<Node> before = new ArrayList<>(List.of(SELF));
        for (int i = 0; i < 5000; i++) {
            String slice = "10." + i / 250 + "." + i % 250 + ".0/24";
            before.add(node("n" + i, slice, "172.16." + i / 256 + "." + i % 256));
        }
        List<Node> nodes = new ArrayList<>(before);
        nodes.add(node("joins", "10.200.0.0/24", "172.17.0.1"));
        Cluster cluster = new Cluster(
                List.of(IpPrefix.parse("10.0.0.0/8")),
                "self",
                UnderlayChoice.AUTOMATIC,
                1,
                8472,
                0,
                false,
                false,
                false,
                nodes);
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ServableNodes.of(cluster, Set.of(), Map.of(), before);
        long start = thread.getCurrentThreadAllocatedBytes();
        ServableNodes chosen = ServableNodes.of(cluster, Set.of(), Map.of(), before);
        long bytes = thread.getCurrentThreadAllocatedBytes() - start;
        assertEquals(5002, chosen.nodes().size());
        assertTrue(bytes < (20 << 20), () -> bytes + " bytes");
    }

    @Test
    void whatAllNodesShareIsServableNodesApart() {
        assertNull(ServableNodes.problem(cluster(List.of())));
        Cluster loopback = new Cluster(
                List.of(IpPrefix.parse("127.0.0.0/8")),
                "self",
                UnderlayChoice.AUTOMATIC,
                1,
                8472,
                0,
                false,
                false,
                false,
                List.of());
        assertEquals(
                "network[0]: \"127.0.0.0/8\" overlaps 127.0.0.0/8, which hosts use otherwise; choose another",
                ServableNodes.problem(loopback));
    }

    @Test
    void clusterFileKeepsEverythingThatAClusterSays() throws Exception {
        Node withMac = new Node(
                "m",
                List.of(IpPrefix.parse("10.244.7.0/24")),
                List.of(IpAddress.parse("192.168.0.7")),
                MacAddress.parse("0a:00:00:00:00:07"),
                null,
                List.of(IpAddress.parse("192.168.0.77"), IpAddress.parse("fd00::77")));
        Cluster cluster = new Cluster(
                List.of(IpPrefix.parse("10.244.0.0/16")),
                "self",
                new UnderlayChoice(
                        List.of("eth0", "192.168.0.1"),
                        List.of("eth[0-9]", "^en"),
                        List.of(IpPrefix.parse("fd00::/8"))),
                7,
                4789,
                9000,
                true,
                true,
                true,
                List.of(PEER, SELF, withMac));
        assertEquals(cluster, ClusterFile.parse("test", ClusterFileWriter.write(cluster)));
        Cluster least = cluster(List.of(SELF));
        assertEquals(least, ClusterFile.parse("test", ClusterFileWriter.write(least)));
    }
}
