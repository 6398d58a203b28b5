package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A net-conf.json that changes as those of ConfigMaps do, under a source that follows an API server over HTTP. */
class LiveNetConfTest {
    private static final OwnNode OWN =
            new OwnNode(List.of(IpAddress.parse("192.168.7.7")), 1, MacAddress.parse("02:00:00:00:77:77"), null);
    private static final IpPrefix WHOLE = IpPrefix.parse("10.0.0.0/8");

    private final FakeApi api = new FakeApi();
    private final Told told = new Told();
    private int swaps;

    @TempDir
    private Path volume;

    @BeforeEach
    void ownNode() {
        api.put(Nodes.bare("self", 1));
    }

    @AfterEach
    void end() {
        api.close();
    }

    /** As the kubelet does: all files in a new folder, and the link to it changed in one step. */
    private void write(String conf) throws IOException {
        Path data = Files.createDirectory(volume.resolve("..data-" + ++swaps));
        Files.writeString(data.resolve("net-conf.json"), conf);
        Path next = Files.createSymbolicLink(volume.resolve("..next"), data.getFileName());
        Files.move(next, volume.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        Path file = volume.resolve("net-conf.json");
        if (!Files.isSymbolicLink(file)) {
            Files.createSymbolicLink(file, Path.of("..data/net-conf.json"));
        }
    }

    private void write(String network, int vni) throws IOException {
        write("{\"Network\": \"" + network + "\", \"Backend\": {\"Type\": \"vxlan\", \"VNI\": " + vni + "}}");
    }

    private KubernetesClusterSource source() {
        return Sources.of(new ApiAccess(api.url(), null, null, null), Sources.FAST, volume.resolve("net-conf.json"));
    }

    private static JsonNode next(BlockingQueue<? extends JsonNode> from) throws InterruptedException {
        JsonNode next = from.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next);
        return next;
    }

    @Test
    void oneThatIsWrongIsWaitedForAndTheNodeSaysSo() throws Exception {
        write("{\"Network\": \"10.0.0.0/33\", \"Backend\": {\"Type\": \"vxlan\"}}");
        try (KubernetesClusterSource source = source()) {
            source.start(told);
            String trouble = told.troubled("Network is \"10.0.0.0/33\", which is no IPv4 network");
            JsonNode condition = next(api.patches).at("/status/conditions/0");
            assertEquals(
                    "NetworkUnavailable True NetworkNotConfigured " + trouble,
                    String.join(
                            " ",
                            condition.path("type").asText(),
                            condition.path("status").asText(),
                            condition.path("reason").asText(),
                            condition.path("message").asText()));
            JsonNode event = next(api.created);
            assertEquals("NetworkNotConfigured", event.path("reason").asText());
            assertEquals(trouble, event.path("message").asText());
            assertTrue(told.clusters.isEmpty());
            write("10.0.0.0/8", 1);
            assertEquals(List.of(WHOLE), told.withNodes("self").cluster().networks());
            told.well();
            source.publish(OWN);
            JsonNode mended = next(api.patches).at("/status/conditions/0");
            assertEquals(
                    "False FlannelIsUp",
                    mended.path("status").asText() + " " + mended.path("reason").asText());
        }
    }

    @Test
    void oneThatBecomesWrongChangesNothing() throws Exception {
        write("10.64.0.0/16", 1);
        api.put(Nodes.flannel("b", 2));
        try (KubernetesClusterSource source = source()) {
            source.start(told);
            told.withNodes("b", "self");
            write("{");
            String broken = told.troubled("is no JSON: see line 1");
            assertTrue(broken.endsWith("; what it said before stays in force"), broken);
            write("10.64.2.0/24", 1);
            told.troubled("Network leaves out the podCIDR 10.64.1.0/24 of node self;"
                    + " write the cluster's --cluster-cidr; what it said before stays in force");
            assertTrue(told.clusters.isEmpty());
            api.put(Nodes.flannel("c", 3));
            assertEquals(
                    List.of(IpPrefix.parse("10.64.0.0/16")),
                    told.withNodes("b", "c", "self").cluster().networks());
            api.asked.clear();
            write("10.0.0.0/8", 1);
            assertEquals(
                    List.of(WHOLE), told.withNodes("b", "c", "self").cluster().networks());
            told.well();
            assertTrue(
                    api.asked.stream().noneMatch(each -> each.what().startsWith("list")),
                    "thousands of nodes do not list thousands of nodes at once for that");
        }
    }

    /** Nodes that have the one number and nodes that have the other do not hear each other. */
    @Test
    void anotherTunnelIsTakenWhereItCutsOffNobody() throws Exception {
        write("10.0.0.0/8", 1);
        api.put(Nodes.flannel("b", 2));
        api.put(Nodes.with(
                Nodes.flannel("c", 3),
                node -> Nodes.annotate(node, "backend-data", "{\"VNI\":7,\"VtepMAC\":\"02:00:00:00:00:03\"}")));
        try (KubernetesClusterSource source = source()) {
            source.start(told);
            told.withNodes("b", "self");
            write("10.0.0.0/8", 7);
            told.troubled("VNI, Port or GBP is another than that by which 1 other nodes are served");
            assertTrue(told.clusters.isEmpty());
            api.delete("b");
            ClusterFacts.Live facts = told.withNodes("c", "self");
            assertEquals(7, facts.cluster().vni());
            told.well();
        }
    }

    /** As calico-node does when it ends, on a node that is no longer its own. */
    @Test
    void thatOthersSayThereIsNoNetworkIsTakenBack() throws Exception {
        write("10.0.0.0/8", 1);
        try (KubernetesClusterSource source = source()) {
            source.start(told);
            source.publish(OWN);
            next(api.patches);
            api.put(Nodes.with(
                    api.node("self"),
                    node -> node.withObject("/status")
                            .putArray("conditions")
                            .addObject()
                            .put("type", "NetworkUnavailable")
                            .put("status", "True")
                            .put("reason", "CalicoIsDown")));
            JsonNode condition = next(api.patches).at("/status/conditions/0");
            assertEquals("False", condition.path("status").asText());
            assertEquals("FlannelIsUp", condition.path("reason").asText());
        }
    }

    @Test
    void aNodeWithoutAPlaceSaysSoUntilItHasOne() throws Exception {
        write("10.0.0.0/8", 1);
        try (KubernetesClusterSource source = source()) {
            source.start(told);
            source.publish(OWN);
            assertEquals(
                    "False", next(api.patches).at("/status/conditions/0/status").asText());
            source.notServed("its podCIDR is elsewhere");
            assertEquals(
                    "its podCIDR is elsewhere",
                    next(api.patches).at("/status/conditions/0/message").asText());
            assertEquals(
                    "its podCIDR is elsewhere",
                    next(api.created).path("message").asText());
            source.notServed(null);
            assertEquals(
                    "False", next(api.patches).at("/status/conditions/0/status").asText());
        }
    }
}
