package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The source on a way to the API that is slow or breaks, with a server that forgets, and with files that come and go. */
class KubernetesFaultsTest {
    private static final OwnNode OWN =
            new OwnNode(List.of(IpAddress.parse("192.168.7.7")), 1, MacAddress.parse("02:00:00:00:77:77"), null);

    private final FakeApi api = new FakeApi();
    private final Relay relay;
    private final Told told = new Told();
    private final KubernetesClusterSource source;

    @TempDir
    private Path folder;

    KubernetesFaultsTest() throws IOException {
        relay = new Relay(api);
        source = Sources.of(new ApiAccess(relay.url(), null, null, null));
    }

    @BeforeEach
    void ownNode() {
        api.put(Nodes.bare("self", 1));
    }

    @AfterEach
    void end() {
        source.close();
        relay.close();
        api.close();
    }

    private void started() throws InterruptedException {
        source.start(told);
        told.next();
        api.awaitWatch();
    }

    @Test
    void aSlowListIsToldWhenItIsWhole() throws InterruptedException {
        relay.hold();
        source.start(told);
        assertNotNull(api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        told.troubled("no answer");
        assertTrue(told.clusters.isEmpty());
        relay.release();
        told.withNodes("self");
        told.well();
    }

    @Test
    void anAnswerMayComeByteByByte() throws InterruptedException {
        relay.inPieces(1);
        started();
        api.put(Nodes.flannel("b", 2));
        told.withNodes("b", "self");
    }

    @Test
    void ofEventsThatComeLateTheLastCounts() throws InterruptedException {
        started();
        relay.hold();
        api.put(Nodes.flannel("b", 2));
        api.put(Nodes.flannel("b", 3));
        api.delete("b");
        api.put(Nodes.flannel("c", 4));
        api.put(Nodes.flannel("b", 5));
        relay.release();
        assertEquals(
                List.of(IpAddress.parse("192.168.0.5")),
                told
                        .next(facts -> Told.names(facts).equals(List.of("b", "c", "self"))
                                && facts.cluster().nodes().stream()
                                        .anyMatch(node ->
                                                String.valueOf(node.mac()).equals(Nodes.mac(5))))
                        .cluster()
                        .nodes()
                        .stream()
                        .filter(node -> node.name().equals("b"))
                        .findAny()
                        .orElseThrow()
                        .addresses());
    }

    @Test
    void aListThatBreaksOffIsReadAgain() throws InterruptedException {
        for (int i = 2; i < 600; i++) {
            api.put(Nodes.flannel("node-" + i, i));
        }
        relay.inPieces(1000);
        relay.breakAfter(100_000);
        source.start(told);
        assertEquals(599, told.next().cluster().nodes().size());
    }

    @Test
    void aPageThatIsTooLongIsReadInShorterOnes() throws InterruptedException {
        for (int i = 2; i < 400; i++) {
            api.put(Nodes.with(
                    Nodes.flannel("node-" + i, i), node -> Nodes.annotate(node, "long", "x".repeat(40_000))));
        }
        source.start(told);
        assertEquals(399, told.next().cluster().nodes().size());
        assertTrue(api.asked.stream().anyMatch(each -> each.what().contains("limit=62&continue=")));
    }

    /** It would come again wherever the watch goes on before it. */
    @Test
    void anEventThatIsTooLongIsPassedByAList() throws InterruptedException {
        started();
        ObjectNode node = Nodes.flannel("long", 2);
        Nodes.annotate(node, "long", "x".repeat(2 * ApiCalls.MOST_BYTES));
        api.tellAt(FakeApi.NODES, "MODIFIED", node);
        told.troubled("the nodes cannot be watched, what was told of them stays in force: "
                + "200 with an event that is longer than 8 MiB");
        told.well();
        api.put(Nodes.flannel("b", 3));
        told.withNodes("b", "self");
    }

    @Test
    void anEventThatIsNotBelievedIsPassedByAList() throws InterruptedException {
        started();
        api.tellAt(FakeApi.NODES, "MODIFIED", Nodes.flannel("without-uid", 2));
        told.troubled("about a Node that has no uid");
        told.well();
        api.put(Nodes.flannel("b", 3));
        told.withNodes("b", "self");
    }

    @Test
    void aWatchThatEndsAsSoonAsItStandsIsOneTrouble() throws InterruptedException {
        started();
        api.endWatchesWith(500);
        api.asked.clear();
        for (int watches = 0; watches < 60; ) {
            FakeApi.Asked next = api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertNotNull(next);
            watches += next.what().startsWith("watch") ? 1 : 0;
        }
        assertTrue(told.changes() <= 12, () -> told.changes() + " lines for 60 attempts");
        api.endWatchesWith(0);
        told.well();
    }

    @Test
    void aPageOrAPlaceMayBeGone() throws InterruptedException {
        for (int i = 2; i < 600; i++) {
            api.put(Nodes.flannel("node-" + i, i));
        }
        api.refusePlaces(2); // the second page, and then the watch
        source.start(told);
        assertEquals(599, told.next().cluster().nodes().size());
        api.awaitWatch();
        api.deleteUnseen("node-2");
        api.refusePlaces(1);
        assertEquals(598, told.next().cluster().nodes().size());
    }

    @Test
    void theOwnNodeMayComeLaterAndAnew() throws InterruptedException {
        api.deleteUnseen("self");
        source.start(told);
        told.withNodes();
        api.awaitWatch();
        source.publish(OWN);
        api.put(Nodes.bare("self", 1));
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        told.withNodes("self");
        api.delete("self");
        told.withNodes();
        api.put(Nodes.bare("self", 1));
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        ObjectNode written = api.node("self");
        assertEquals(
                "192.168.7.7",
                written.at("/metadata/annotations/" + Nodes.PREFIX.replace("/", "~1") + "public-ip")
                        .textValue());
    }

    @Test
    void aTokenMayComeLater() throws IOException, InterruptedException {
        Path token = folder.resolve("token");
        try (KubernetesClusterSource later = Sources.of(new ApiAccess(api.url(), null, token, null))) {
            later.start(told);
            told.troubled("the token cannot be read");
            assertTrue(api.asked.isEmpty());
            Files.writeString(token, "secret");
            told.withNodes("self");
            told.well();
        }
    }

    /** A pod's address of the API is a Service, which nobody leads anywhere without kube-proxy. */
    @Test
    void whoNeverHeardOfTheApiIsToldOfKubeProxy() throws IOException, InterruptedException {
        Path token = Files.writeString(folder.resolve("token"), "secret");
        String hint = "kube-proxy must run on this node";
        api.down();
        try (KubernetesClusterSource never = Sources.of(new ApiAccess(api.url(), null, token, null))) {
            never.start(told);
            told.troubled(hint);
            api.up();
            told.withNodes("self");
            told.well();
            api.down();
            String later = told.troubled("stays in force");
            assertFalse(later.contains(hint), later);
        }
    }

    @Test
    void aTokenThatCannotBeReadForAWhileEndsNothing() throws IOException, InterruptedException {
        Path token = Files.writeString(folder.resolve("token"), "first");
        try (KubernetesClusterSource with = Sources.of(new ApiAccess(api.url(), null, token, null))) {
            with.start(told);
            told.withNodes("self");
            api.awaitWatch();
            Files.delete(token);
            api.forget();
            api.awaitWatch();
            with.publish(OWN);
            assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
            Files.writeString(token, "second");
            api.asked.clear();
            api.forget();
            api.awaitWatch();
            assertTrue(api.asked.stream().allMatch(each -> "Bearer second".equals(each.token())));
        }
    }

    @Test
    void afterLongWithoutAWatchFilesAreReadAnew() throws IOException, InterruptedException {
        Timing impatient = Sources.askingAnewEach(Duration.ofMillis(100));
        Path file = folder.resolve("kubeconfig");
        FakeApi moved = new FakeApi();
        try (moved;
                KubernetesClusterSource configured = Sources.of(new ApiAccess(null, file, null, null), impatient)) {
            api.put(Nodes.flannel("gone", 2));
            kubeconfig(file, api);
            configured.start(told);
            told.withNodes("gone", "self");
            api.down();
            told.troubled("stays in force");
            moved.put(Nodes.bare("self", 1));
            moved.put(Nodes.flannel("new", 3));
            kubeconfig(file, moved);
            told.withNodes("new", "self");
            told.well();
        }
    }

    private static void kubeconfig(Path file, FakeApi to) throws IOException {
        Files.writeString(file, """
                apiVersion: v1
                kind: Config
                current-context: here
                contexts: [{name: here, context: {cluster: fake, user: me}}]
                clusters: [{name: fake, cluster: {server: "%s"}}]
                users: [{name: me, user: {token: secret}}]
                """.formatted(to.url()));
    }
}
