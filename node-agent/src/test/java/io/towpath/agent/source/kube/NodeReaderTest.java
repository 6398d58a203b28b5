package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Family;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeReaderTest {
    private final NodeReader reader = reader("\"Network\": \"10.0.0.0/8\"");

    private static NodeReader reader(String networks) {
        try {
            NetConf conf = NetConf.parse("c", "{" + networks + ", \"Backend\": {\"Type\": \"vxlan\"}}");
            return new NodeReader("self", conf, AnnotationNames.of(AnnotationNames.DEFAULT_PREFIX));
        } catch (NetConfException e) {
            throw new AssertionError(e);
        }
    }

    private static Cluster.Node joined(NodeReader reader, ObjectNode node) {
        return assertInstanceOf(KnownNode.Joined.class, reader.read(Nodes.read(node)))
                .node();
    }

    private String reason(ObjectNode node) {
        return assertInstanceOf(KnownNode.Unfit.class, reader.read(Nodes.read(node)))
                .rejected()
                .getFirst()
                .reason();
    }

    @Test
    void aNodeOfFlannel() {
        assertEquals(
                new Cluster.Node(
                        "b",
                        List.of(IpPrefix.parse("10.64.2.0/24")),
                        List.of(IpAddress.parse("192.168.0.2")),
                        MacAddress.parse("02:00:00:00:00:02"),
                        null),
                joined(reader, Nodes.flannel("b", 2)));
    }

    @Test
    void aNodeThatIsReachedByAnotherAddressSendsFromItsOwn() {
        ObjectNode node = Nodes.flannel("b", 2);
        Nodes.annotate(node, "public-ip", "203.0.113.2");
        for (String address : List.of("192.168.0.2", "fd00::2")) {
            node.withObject("/status")
                    .withArray("/addresses")
                    .addObject()
                    .put("type", "InternalIP")
                    .put("address", address);
        }
        Cluster.Node read = joined(reader, node);
        assertEquals(List.of(IpAddress.parse("203.0.113.2")), read.addresses());
        assertEquals(List.of(IpAddress.parse("192.168.0.2")), read.sources());
        Nodes.annotate(node, "public-ip", "192.168.0.2");
        assertEquals(List.of(), joined(reader, node).sources());
    }

    @Test
    void aNodeOfBothFamilies() {
        NodeReader both = reader("\"Network\": \"10.0.0.0/8\", \"EnableIPv6\": true, \"IPv6Network\": \"fd00:1::/48\"");
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/spec").withArray("/podCIDRs").add("fd00:1:0:2::/64");
        Nodes.annotate(node, "public-ipv6", "fd00:9::2");
        Nodes.annotate(node, "backend-v6-data", "{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:66:02\"}");
        Cluster.Node read = joined(both, node);
        assertEquals(2, read.slices().size());
        assertEquals(IpAddress.parse("fd00:9::2"), read.address(true));
        assertEquals(MacAddress.parse("02:00:00:00:66:02"), read.macV6());
        // A family that the network does not have is nothing to stumble over.
        assertEquals(1, joined(reader, node).slices().size());
    }

    @Test
    void aNodeWithoutTheAnnotationIsNotJoined() {
        assertInstanceOf(KnownNode.Absent.class, reader.read(Nodes.read(Nodes.bare("b", 2))));
        ObjectNode left = Nodes.flannel("b", 2);
        Nodes.annotate(left, "kube-subnet-manager", "false");
        assertInstanceOf(KnownNode.Absent.class, reader.read(Nodes.read(left)));
    }

    @Test
    void podCidrStandsForPodCidrs() {
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/spec").remove("podCIDRs");
        assertEquals(1, joined(reader, node).slices().size());
        node.remove("spec");
        assertTrue(joined(reader, node).slices().isEmpty());
    }

    @Test
    void flannelsOfOldWroteNoVni() {
        ObjectNode node = Nodes.flannel("b", 2);
        Nodes.annotate(node, "backend-data", "{\"VtepMAC\":\"02:00:00:00:00:02\"}");
        assertEquals(MacAddress.parse("02:00:00:00:00:02"), joined(reader, node).mac());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "backend-type | host-gw                                           | backend-type is \"host-gw\"",
                "backend-data | {\"VNI\":2,\"VtepMAC\":\"02:00:00:00:00:02\"}     | its VNI is 2, this cluster's 1",
                "backend-data | {\"VNI\":\"1\",\"VtepMAC\":\"02:00:00:00:00:02\"} | its VNI is \"1\"",
                "backend-data | {                                                 | there is no VtepMAC",
                "backend-data | null                                              | there is no VtepMAC",
                "backend-data | []                                                | there is no VtepMAC",
                "backend-data | {\"VNI\":1,\"VtepMAC\":\"02:00\"}                 | there is no VtepMAC",
                "backend-data | {\"VNI\":1,\"VtepMAC\":\"01:00:5e:00:00:01\"}     | there is no VtepMAC",
                "backend-data | {\"VNI\":1,\"VtepMAC\":\"00:00:00:00:00:00\"}     | there is no VtepMAC",
                "public-ip    | nowhere                                           | public-ip is \"nowhere\"",
                "public-ip    | fd00::1                                           | no IPv4 address",
                "public-ip    | ``                                                | no IPv4 address",
            })
    void whatCannotBeReadIsNamed(String annotation, String value, String reason) {
        ObjectNode node = Nodes.flannel("b", 2);
        Nodes.annotate(node, annotation, value);
        assertTrue(reason(node).contains(reason), reason(node));
    }

    @Test
    void aSliceThatIsNoneIsNamed() {
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/spec").putArray("podCIDRs").add("10.1.2.0");
        assertTrue(reason(node).contains("podCIDR \"10.1.2.0\""));
        ObjectNode without = Nodes.flannel("b", 2);
        without.withObject("/metadata").withObject("/annotations").remove(Nodes.PREFIX + "public-ip");
        assertTrue(reason(without).contains("public-ip is missing"));
    }

    @Test
    void theOwnNodeNeedsNoAnnotation() {
        Cluster.Node own = joined(reader, Nodes.bare("self", 1));
        assertEquals(List.of(IpPrefix.parse("10.64.1.0/24")), own.slices());
        assertTrue(own.addresses().isEmpty());
        assertNull(own.mac());
    }

    @Test
    void theOwnNodeKeepsItsMacAddressAndFindsItsAddressItself() {
        Cluster.Node own = joined(reader, Nodes.flannel("self", 1));
        assertEquals(MacAddress.parse("02:00:00:00:00:01"), own.mac());
        assertTrue(own.addresses().isEmpty());
        ObjectNode otherNetwork = Nodes.flannel("self", 1);
        Nodes.annotate(otherNetwork, "backend-data", "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:00:01\"}");
        assertNull(joined(reader, otherNetwork).mac());
    }

    @Test
    void anOperatorsAddressGoesBeforeTheInterfaces() {
        ObjectNode node = Nodes.bare("self", 1);
        Nodes.annotate(node, "node-public-ip", "192.0.2.1");
        assertEquals(List.of(IpAddress.parse("192.0.2.1")), joined(reader, node).addresses());
        Nodes.annotate(node, "public-ip-overwrite", "192.0.2.2");
        assertEquals(List.of(IpAddress.parse("192.0.2.2")), joined(reader, node).addresses());
        Nodes.annotate(node, "public-ip-overwrite", "here");
        assertTrue(reason(node).contains("public-ip-overwrite is \"here\""));
    }

    @Test
    void theNodesAddressesAreTheFirstInternalIpOfEachFamily() {
        ObjectNode node = Nodes.bare("self", 1);
        assertEquals(List.of(), NodeReader.internalAddresses(Nodes.read(node)));
        for (String[] address : new String[][] {
            {"Hostname", "self"},
            {"ExternalIP", "203.0.113.1"},
            {"InternalIP", "self.example"},
            {"InternalIP", "192.168.0.1"},
            {"InternalIP", "192.168.0.99"},
            {"InternalIP", "fd00::1"},
        }) {
            node.withObject("/status")
                    .withArray("/addresses")
                    .addObject()
                    .put("type", address[0])
                    .put("address", address[1]);
        }
        assertEquals(
                List.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1")),
                NodeReader.internalAddresses(Nodes.read(node)));
    }

    private static final String BOTH =
            "\"Network\": \"10.0.0.0/8\", \"EnableIPv6\": true, \"IPv6Network\": \"fd00:1::/48\"";

    @Test
    void whatIsWrongWithOneFamilyIsNoMatterOfTheOther() {
        NodeReader both = reader(BOTH);
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/spec").withArray("/podCIDRs").add("fd00:1:0:2::/64");
        // While a cluster gets its second family node by node, flannel of some has written nothing of it.
        KnownNode.Joined read = assertInstanceOf(KnownNode.Joined.class, both.read(Nodes.read(node)));
        assertEquals(joined(reader, Nodes.flannel("b", 2)), read.node());
        assertEquals(
                List.of(new Rejected(
                        "b",
                        Family.IPV6,
                        "its flannel.alpha.coreos.com/public-ipv6 is missing, which is no IPv6 address")),
                read.rejected());
        Nodes.annotate(node, "public-ipv6", "fd00:9::2");
        Nodes.annotate(node, "backend-v6-data", "{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:66:02\"}");
        Nodes.annotate(node, "public-ip", "nowhere");
        KnownNode.Joined other = assertInstanceOf(KnownNode.Joined.class, both.read(Nodes.read(node)));
        assertEquals(List.of(IpPrefix.parse("fd00:1:0:2::/64")), other.node().slices());
        assertEquals(MacAddress.parse("02:00:00:00:66:02"), other.node().macV6());
        assertEquals(Family.IPV4, other.rejected().getFirst().family());
        Nodes.annotate(node, "public-ipv6", "nowhere");
        assertEquals(
                2,
                assertInstanceOf(KnownNode.Unfit.class, both.read(Nodes.read(node)))
                        .rejected()
                        .size());
        ObjectNode own = Nodes.bare("self", 1);
        own.withObject("/spec").withArray("/podCIDRs").add("fd00:1:0:1::/64");
        Nodes.annotate(own, "public-ipv6-overwrite", "here");
        KnownNode.Joined self = assertInstanceOf(KnownNode.Joined.class, both.read(Nodes.read(own)));
        assertEquals(1, self.node().slices().size());
        assertEquals(Family.IPV6, self.rejected().getFirst().family());
    }

    @ParameterizedTest
    @CsvSource({"True, READY", "False, REPORTING", "Unknown, SILENT", ", REPORTING"})
    void healthIsTheConditionReady(@Nullable String status, Health health) {
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/status")
                .putArray("conditions")
                .addObject()
                .put("type", "MemoryPressure")
                .put("status", "True");
        if (status != null) {
            node.withObject("/status")
                    .withArray("/conditions")
                    .addObject()
                    .put("type", "Ready")
                    .put("status", status);
        }
        assertEquals(
                health,
                assertInstanceOf(KnownNode.Joined.class, reader.read(Nodes.read(node)))
                        .health());
    }
}
