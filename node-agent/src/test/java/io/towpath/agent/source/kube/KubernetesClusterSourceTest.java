package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The source against an API server over HTTP, and all that goes wrong between them. */
class KubernetesClusterSourceTest {
    private static final OwnNode OWN =
            new OwnNode(List.of(IpAddress.parse("192.168.7.7")), 1, MacAddress.parse("02:00:00:00:77:77"), null);

    private final FakeApi api = new FakeApi();
    private final Told told = new Told();
    private final KubernetesClusterSource source = Sources.of(new ApiAccess(api.url(), null, null, null));

    @TempDir
    private Path folder;

    @BeforeEach
    void ownNode() {
        api.put(Nodes.bare("self", 1));
    }

    @AfterEach
    void end() {
        source.close();
        api.close();
    }

    private ClusterFacts.Live started() throws InterruptedException {
        source.start(told);
        ClusterFacts.Live first = told.next();
        api.awaitWatch();
        return first;
    }

    @Test
    void theFirstClusterIsWhole() throws InterruptedException {
        for (int i = 2; i < 1300; i++) {
            api.put(Nodes.flannel("node-" + i, i));
        }
        ClusterFacts.Live facts = started();
        assertEquals(1299, facts.cluster().nodes().size());
        assertEquals("self", facts.cluster().node());
        assertTrue(told.clusters.isEmpty());
    }

    @Test
    void nodesComeChangeAndGo() throws InterruptedException {
        started();
        api.put(Nodes.flannel("b", 2));
        assertEquals(
                MacAddress.parse(Nodes.mac(2)),
                nodeOf(told.withNodes("b", "self"), "b").mac());
        api.put(Nodes.with(Nodes.flannel("b", 2), node -> Nodes.annotate(node, "public-ip", "192.168.9.9")));
        ClusterFacts.Live moved = told.withNodes("b", "self");
        assertEquals(List.of(IpAddress.parse("192.168.9.9")), nodeOf(moved, "b").addresses());
        api.delete("b");
        told.withNodes("self");
    }

    @Test
    void whatChangesNothingIsNotTold() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        started();
        api.emit("MODIFIED", api.node("b")); // a duplicate
        api.put(Nodes.with(api.node("b"), node -> node.withObject("/status").put("phase", "x"))); // a heartbeat
        api.bookmark();
        api.put(Nodes.bare("not-joined", 3));
        api.put(Nodes.flannel("c", 4));
        assertEquals(List.of("b", "c", "self"), Told.names(told.next()));
    }

    @Test
    void aLostWatchIsTakenUpAgain() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        started();
        api.put(Nodes.flannel(
                "x", 9)); // a watch that ends at once and told nothing is taken for one of a place forgotten
        told.withNodes("b", "self", "x");
        api.disconnect();
        api.awaitWatch();
        api.delete("x");
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
        assertEquals(1, lists());
    }

    /** A watch from a version that the API has yet to reach would be told nothing of what is no longer so. */
    @Test
    void anApiThatGoesBackIsNoticed() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        started();
        FakeObjects.Saved before = api.save();
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
        api.restore(before);
        told.withNodes("b", "self");
        assertTrue(Sources.logged()
                .contains("the API has gone back, as after a restore of etcd: the nodes are listed anew"));
        api.put(Nodes.flannel("d", 4));
        told.withNodes("b", "d", "self");
    }

    @Test
    void afterABookmarkTheWatchGoesOnFromThere() throws InterruptedException {
        started();
        api.bookmark();
        api.put(Nodes.flannel("b", 2));
        told.withNodes("b", "self");
        api.asked.clear();
        api.disconnect();
        api.awaitWatch();
        String version = api.node("b").at("/metadata/resourceVersion").textValue();
        assertEquals("list limit=1", asked().what());
        assertTrue(asked().what().contains("fieldSelector=metadata.name%3Db&"), "asks for the event again");
        FakeApi.Asked again = asked();
        assertTrue(again.what().startsWith("watch "), again.what());
        assertTrue(again.what().contains("resourceVersion=" + version), again.what());
        assertTrue(again.what().contains("allowWatchBookmarks=true"), again.what());
    }

    private FakeApi.Asked asked() throws InterruptedException {
        FakeApi.Asked next = api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next);
        return next;
    }

    @Test
    void whenThePlaceIsForgottenTheListIsReadAgain() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        api.put(Nodes.flannel("c", 3));
        started();
        api.deleteUnseen("b");
        api.forget();
        told.withNodes("c", "self");
        api.awaitWatch();
        api.put(Nodes.flannel("d", 4));
        told.withNodes("c", "d", "self");
    }

    @Test
    void anApiThatIsAwayChangesNothing() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        started();
        api.down();
        told.troubled("stays in force");
        assertTrue(told.clusters.isEmpty());
        api.up();
        told.well();
        api.awaitWatch();
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
    }

    @Test
    void anApiThatIsAwayAtTheStartIsWaitedFor() throws InterruptedException {
        api.down();
        source.start(told);
        told.troubled("cannot be watched");
        api.up();
        told.withNodes("self");
        told.well();
    }

    @Test
    void aRefusalIsToldInTheApisWords() throws InterruptedException {
        api.fail(403);
        source.start(told);
        told.troubled("403 made to fail");
        api.fail(0);
        told.withNodes("self");
        told.well();
    }

    @Test
    void aNodeThatCannotBeReadIsLeftOut() throws InterruptedException {
        api.put(Nodes.flannel("b", 2));
        api.put(Nodes.with(Nodes.flannel("wrong", 3), node -> Nodes.annotate(node, "backend-data", "{")));
        ClusterFacts.Live facts = started();
        assertEquals(List.of("b", "self"), Told.names(facts));
        assertEquals("wrong", facts.rejected().getFirst().node());
        api.put(Nodes.flannel("wrong", 3));
        assertTrue(told.withNodes("b", "self", "wrong").rejected().isEmpty());
    }

    @Test
    void aRotatedTokenIsUsed() throws IOException, InterruptedException {
        Path token = Files.writeString(folder.resolve("token"), "first\n");
        KubernetesClusterSource withToken = Sources.of(new ApiAccess(api.url(), null, token, null));
        try (withToken) {
            withToken.start(told);
            told.withNodes("self");
            api.awaitWatch();
            assertTrue(api.asked.stream().allMatch(each -> "Bearer first".equals(each.token())));
            Files.writeString(token, "second");
            api.asked.clear();
            api.disconnect();
            api.awaitWatch();
            assertTrue(api.asked.stream().allMatch(each -> "Bearer second".equals(each.token())));
        }
    }

    @Test
    void aKubeconfigSaysWhereTheApiIs() throws IOException, InterruptedException {
        Path file = folder.resolve("kubeconfig");
        KubernetesClusterSource configured = Sources.of(new ApiAccess(null, file, null, null));
        try (configured) {
            configured.start(told);
            told.troubled("cannot be asked"); // the file is missing
            Files.writeString(file, """
                    apiVersion: v1
                    kind: Config
                    current-context: here
                    contexts: [{name: here, context: {cluster: fake, user: me}}]
                    clusters: [{name: fake, cluster: {server: "%s"}}]
                    users: [{name: me, user: {token: secret}}]
                    """.formatted(api.url()));
            told.withNodes("self");
            assertTrue(api.asked.stream().allMatch(each -> "Bearer secret".equals(each.token())));
        }
    }

    @Test
    void theOwnNodeIsPublishedAndKept() throws InterruptedException {
        started();
        source.publish(OWN);
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        // The others' view of it: the MAC address is now one that is kept.
        assertEquals(OWN.mac(), nodeOf(told.next(), "self").mac());
        ObjectNode stripped = api.node("self");
        stripped.withObject("/metadata").withObject("/annotations").remove(Nodes.PREFIX + "public-ip");
        api.put(stripped);
        assertEquals(
                "{\"metadata\":{\"annotations\":{\"" + Nodes.PREFIX + "public-ip\":\"192.168.7.7\"}}}",
                String.valueOf(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS)));
    }

    @Test
    void aFailedPublicationIsTriedAgain() throws InterruptedException {
        started();
        api.fail(500);
        source.publish(OWN);
        told.troubled("node self cannot be written: 500");
        assertTrue(api.patches.isEmpty());
        api.fail(0);
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        told.well();
    }

    @Test
    void nothingIsToldAfterTheEnd() throws InterruptedException {
        started();
        source.close();
        api.put(Nodes.flannel("b", 2));
        assertTrue(told.clusters.isEmpty());
    }

    private long lists() {
        return api.asked.stream()
                .filter(each -> each.what().startsWith("list ") && !each.what().equals("list limit=1"))
                .count();
    }

    private static Cluster.Node nodeOf(ClusterFacts.Live facts, String name) {
        Cluster.Node node = facts.cluster().node(name);
        assertNotNull(node);
        return node;
    }

    @Test
    void whatIsLeftOutIsAnEventOfTheNode() throws InterruptedException {
        started();
        api.refuse("/api/v1/namespaces/default/events", true);
        source.leftOut("left out: b: wrong");
        told.troubled("events about node self cannot be written");
        api.refuse("/api/v1/namespaces/default/events", false);
        JsonNode event = api.created.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(event);
        told.well();
        assertEquals(
                "Node/self/self",
                event.at("/involvedObject/kind").asText() + "/"
                        + event.at("/involvedObject/name").asText() + "/"
                        + event.at("/involvedObject/uid").asText());
        assertEquals(
                "Warning OverlayIncomplete",
                event.path("type").asText() + " " + event.path("reason").asText());
        assertEquals("left out: b: wrong", event.path("message").asText());
        assertEquals("default", event.at("/metadata/namespace").asText());
        // What is the same is told once, and what passed before its time is not told.
        source.leftOut("left out: b: wrong");
        source.leftOut("left out: c: passing");
        source.leftOut(null);
        source.leftOut("left out: d: wrong");
        JsonNode next = api.created.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next);
        assertEquals("left out: d: wrong", next.path("message").asText());
    }
}
