package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NodePatchTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");
    private static final OwnNode OWN =
            new OwnNode(List.of(IpAddress.parse("192.168.0.1")), 1, MacAddress.parse("02:00:00:00:00:01"), null);

    private static KubeSettings settings(boolean condition) {
        return new KubeSettings(
                new ApiAccess("http://x", null, null, null),
                "self",
                Path.of("/none"),
                AnnotationNames.of("flannel.alpha.coreos.com"),
                condition);
    }

    private static OwnNode both(String address, String addressV6) {
        return new OwnNode(
                List.of(IpAddress.parse(address), IpAddress.parse(addressV6)),
                7,
                MacAddress.parse("02:00:00:00:00:01"),
                MacAddress.parse("02:00:00:00:66:01"));
    }

    @Test
    void theAnnotationsOfBothFamilies() {
        OwnNode both = both("192.168.0.1", "fd00::1");
        assertEquals(
                Map.of(
                        "example.com/pods-kube-subnet-manager", "true",
                        "example.com/pods-backend-type", "vxlan",
                        "example.com/pods-backend-data", "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:00:01\"}",
                        "example.com/pods-public-ip", "192.168.0.1",
                        "example.com/pods-backend-v6-data", "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:66:01\"}",
                        "example.com/pods-public-ipv6", "fd00::1"),
                NodePatch.annotations(both, AnnotationNames.of("example.com/pods")));
    }

    @Test
    void aNodeOfFlannelGetsItsConditionAlone() {
        assertEquals(
                "{\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"False\",\"reason\":\"FlannelIsUp\","
                        + "\"message\":\"Flannel is running on this node\","
                        + "\"lastHeartbeatTime\":\"2026-01-02T03:04:05Z\",\"lastTransitionTime\":\"2026-01-02T03:04:05Z\"}]}}",
                NodePatch.of(OWN, Nodes.read(Nodes.flannel("self", 1)), settings(true), NOW));
        assertNull(NodePatch.of(OWN, Nodes.read(Nodes.flannel("self", 1)), settings(false), NOW));
    }

    @Test
    void whoeverSaidThatTheNetworkIsThereIsBelieved() {
        ObjectNode node = Nodes.flannel("self", 1);
        ObjectNode condition =
                node.withObject("/status").withArray("/conditions").addObject();
        condition.put("type", "NetworkUnavailable").put("status", "False").put("reason", "CalicoIsUp");
        assertNull(NodePatch.of(OWN, Nodes.read(node), settings(true), NOW));
    }

    @Test
    void onlyWhatDiffersIsWritten() {
        ObjectNode node = Nodes.flannel("self", 1);
        Nodes.annotate(node, "public-ip", "192.168.0.2");
        assertEquals(
                "{\"metadata\":{\"annotations\":{\"flannel.alpha.coreos.com/public-ip\":\"192.168.0.1\"}}}",
                NodePatch.of(OWN, Nodes.read(node), settings(false), NOW));
    }

    private static final String DATA = "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:00:01\"}";
    private static final String DATA_V6 = "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:66:01\"}";

    private static ObjectNode ofBoth(String data, String dataV6) {
        ObjectNode node = Nodes.flannel("self", 1);
        Nodes.annotate(node, "backend-data", data);
        Nodes.annotate(node, "public-ip", "192.168.0.1");
        Nodes.annotate(node, "backend-v6-data", dataV6);
        Nodes.annotate(node, "public-ipv6", "fd00::1");
        return node;
    }

    private static Map<String, String> patched(OwnNode own, ObjectNode node) {
        String patch = NodePatch.of(own, Nodes.read(node), settings(false), NOW);
        Map<String, String> values = new HashMap<>();
        try {
            for (var each : FakeApi.MAPPER
                    .readTree(patch == null ? "{}" : patch)
                    .at("/metadata/annotations")
                    .properties()) {
                values.put(
                        each.getKey().substring(Nodes.PREFIX.length()),
                        each.getValue().textValue());
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new AssertionError(e);
        }
        return values;
    }

    @Test
    void ofOneFamilyAloneTheOthersDataIsWrittenOtherwise() {
        OwnNode other = both("192.168.0.2", "fd00::1");
        OwnNode otherV6 = both("192.168.0.1", "fd00::2");
        assertEquals(
                Map.of("public-ip", "192.168.0.2", "backend-v6-data", " " + DATA_V6),
                patched(other, ofBoth(DATA, DATA_V6)));
        assertEquals(
                Map.of("public-ipv6", "fd00::2", "backend-data", "   " + DATA),
                patched(otherV6, ofBoth("  " + DATA, " " + DATA_V6)));
        assertEquals(
                Map.of("public-ipv6", "fd00::2", "backend-data", DATA),
                patched(otherV6, ofBoth("       " + DATA, DATA_V6)));
        ObjectNode withoutV6 = ofBoth(DATA, DATA_V6);
        withoutV6
                .withObject("/metadata/annotations")
                .remove(List.of(Nodes.PREFIX + "backend-v6-data", Nodes.PREFIX + "public-ipv6"));
        assertEquals(
                Map.of("public-ipv6", "fd00::1", "backend-v6-data", DATA_V6, "backend-data", " " + DATA),
                patched(both("192.168.0.1", "fd00::1"), withoutV6));
    }

    @Test
    void spacesMeanNothing() {
        OwnNode same = both("192.168.0.1", "fd00::1");
        assertEquals(Map.of(), patched(same, ofBoth(" " + DATA, "  " + DATA_V6)));
        assertEquals(
                Map.of("public-ip", "192.168.0.2", "public-ipv6", "fd00::2"),
                patched(both("192.168.0.2", "fd00::2"), ofBoth(DATA, " " + DATA_V6)));
        ObjectNode node = ofBoth(DATA, DATA_V6);
        Nodes.annotate(node, "public-ip", " 192.168.0.1");
        Nodes.annotate(node, "public-ipv6", " fd00::1");
        assertEquals(Map.of("public-ip", "192.168.0.1", "public-ipv6", "fd00::1"), patched(same, node));
    }
}
