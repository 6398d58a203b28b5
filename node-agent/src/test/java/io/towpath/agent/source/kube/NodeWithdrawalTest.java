package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NodeWithdrawalTest {
    private static final AnnotationNames NAMES = AnnotationNames.of(AnnotationNames.DEFAULT_PREFIX);

    private final FakeApi api = new FakeApi();

    @AfterEach
    void end() {
        api.close();
    }

    private void write(boolean withCondition) throws IOException, InterruptedException {
        NodeWithdrawal.write(new ApiAccess(api.url(), null, null, null), "b", NAMES, withCondition);
    }

    private ObjectNode node() {
        ObjectNode node = Nodes.flannel("b", 2);
        node.withObject("/metadata")
                .withObject("/annotations")
                .put(NAMES.full(AnnotationNames.PUBLIC_IP_OVERWRITE), "192.168.9.9")
                .put("others", "stay");
        node.withObject("/status")
                .putArray("conditions")
                .addObject()
                .put("type", "Ready")
                .put("status", "True");
        node.withObject("/status")
                .withArray("/conditions")
                .addObject()
                .put("type", "NetworkUnavailable")
                .put("status", "False");
        return node;
    }

    private JsonNode patched() {
        return api.patches.remove();
    }

    @Test
    void ownAnnotationsAndConditionGoAndNoOthers() throws Exception {
        ObjectNode node = node();
        api.put(node);
        write(true);
        JsonNode annotations = node.at("/metadata/annotations");
        assertEquals("stay", annotations.path("others").asText());
        assertEquals(
                "192.168.9.9",
                annotations.path(NAMES.full("public-ip-overwrite")).asText());
        for (String name : List.of("kube-subnet-manager", "backend-type", "backend-data", "public-ip")) {
            assertTrue(annotations.path(NAMES.full(name)).isMissingNode(), name);
        }
        assertEquals(1, node.at("/status/conditions").size());
        assertEquals("Ready", node.at("/status/conditions/0/type").asText());
        // A second time there is nothing to take away, which is no failure.
        write(true);
    }

    /** Of both families, with whatever prefix; what is written for an agent, by hand or by a cloud, is not among it. */
    @Test
    void allThatAnAgentWritesGoesAndNothingElse() {
        AnnotationNames names = AnnotationNames.of("example.com/pods");
        OwnNode both = new OwnNode(
                List.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1")),
                1,
                MacAddress.parse("02:00:00:00:00:01"),
                MacAddress.parse("02:00:00:00:00:02"));
        assertEquals(NodePatch.annotations(both, names).keySet(), new HashSet<>(NodeWithdrawal.annotations(names)));
    }

    @Test
    void theConditionOfACloudsControllerStays() throws Exception {
        ObjectNode node = node();
        api.put(node);
        write(false);
        assertEquals(2, node.at("/status/conditions").size());
        assertTrue(patched().path("status").isMissingNode());
    }

    @Test
    void anApiThatRefusesIsToldInOneLine() {
        api.put(node());
        api.refuse(FakeApi.NODES + "/b/status", 403);
        IOException refused = assertThrows(IOException.class, () -> write(true));
        assertTrue(
                Objects.requireNonNull(refused.getMessage()).startsWith("node b cannot be written: "),
                refused.getMessage());
        assertTrue(api.patches.isEmpty());
    }
}
