package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent that comes to a node of another release takes over what it finds: {@code docs/compatibility.md} says what. */
@OnLab
class PreviousLayoutTest {
    /** What {@code check} looks at of all that the agent keeps. */
    private static final List<String> KEPT =
            List.of("overlay-entries", "overlay-table", "policy-table", "host-ports", "pod-sources");

    @AutoClose
    private final LayoutScene scene = new LayoutScene().ended();

    private final Node a = scene.a;
    private final Agent agent = scene.lab.agent;

    @ParameterizedTest
    @ValueSource(strings = "0.1.0-e7b2470")
    void tablesAndFilesAreTakenOver(String release) throws IOException {
        NodeLayout.of(release).restore(a, scene.pods());
        Map<String, String> tables = handles();
        Map<String, String> leases = a.leases().all();
        assertFalse(scene.cut().isEmpty());

        // What is known is what the earlier agent kept.
        scene.lab.api.down();
        agent.start();
        agent.awaitLog("policies as they were known before are enforced until the source tells");
        assertWorks();
        assertFalse(agent.log().contains("is not used"), agent::log);

        scene.lab.api.up();
        agent.awaitReady();
        assertWorks();
        assertEquals(tables, handles(), "a table was made anew, and what it counted and cut is lost");
        assertTrue(scene.cut().contains(scene.thief.address()), scene::cut);
        assertEquals(leases, a.leases().all());
        String state = a.stateDir().toString();
        String checks = agent.operator("check", "--output", "json", "--state-dir", state)
                .out();
        Map<String, String> verdicts = new TreeMap<>();
        Json.read(checks)
                .forEach(check -> verdicts.put(
                        check.path("check").asText(), check.path("verdict").asText()));
        for (String kept : KEPT) {
            assertEquals("ok", verdicts.get(kept), checks);
        }
    }

    /** On the way back to the release before. */
    @Test
    void filesOfANewerReleaseCountAsMissing() throws IOException {
        NodeLayout.of("0.1.0-e7b2470").restore(a, scene.pods());
        replace(a.stateDir().resolve("overlay.state"), "towpath-overlay 1", "towpath-overlay 2");
        replace(a.stateDir().resolve("cluster.json"), "{\"network\"", "{\"future\":[{}],\"network\"");
        replace(a.stateDir().resolve("node.json"), "{\"node\"", "{\"future\":[{\"mtu\":1}],\"node\"");
        replace(a.cacheDir().resolve("cluster.json"), "towpath cluster 1", "towpath cluster 2");
        replace(a.cacheDir().resolve("policy-facts.json"), "towpath policy-facts 1", "towpath policy-facts 2");
        Map<String, String> tables = handles();

        scene.lab.api.down();
        agent.start();
        agent.awaitLog("towpath cluster 2");
        agent.awaitLog("towpath policy-facts 2");
        assertWorks();

        scene.lab.api.up();
        agent.awaitReady();
        assertWorks();
        assertEquals(tables, handles());
        Await.until(
                "the files are this release's",
                () -> text(a.stateDir().resolve("overlay.state")).startsWith("towpath-overlay 1\n")
                        && !text(a.stateDir().resolve("cluster.json")).contains("future")
                        && !text(a.stateDir().resolve("node.json")).contains("future")
                        && text(a.cacheDir().resolve("cluster.json")).startsWith("towpath cluster 1 ")
                        && text(a.cacheDir().resolve("policy-facts.json")).startsWith("towpath policy-facts 1 "));
    }

    private static void replace(Path file, String text, String by) throws IOException {
        String before = text(file);
        assertTrue(before.startsWith(text), before);
        Files.writeString(file, by + before.substring(text.length()));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The tables by name, with what the kernel numbers them by: another number is another table. */
    private Map<String, String> handles() {
        Map<String, String> handles = new TreeMap<>();
        for (JsonNode object :
                Json.read(a.namespace().run("nft", "-j", "list tables")).path("nftables")) {
            JsonNode table = object.path("table");
            if (table.path("name").asText().startsWith("towpath-")) {
                handles.put(table.path("name").asText(), table.path("handle").asText());
            }
        }
        return handles;
    }

    private void assertWorks() {
        scene.shop.addresses().forEach(scene.friend::ping);
        assertFalse(Network.tryPing(scene.thief.namespace(), scene.shop.address(), "-W", "1")
                        .exit()
                == 0);
        try (Greeter _ = Greeter.open(scene.shop.namespace(), "shop", scene.shop.addresses(), Stream.PORT)) {
            // By the host port, for a process of the node, whom no policy keeps from its pods.
            Namespace node = a.namespace();
            PolicyLab.assertConnects(node, a.address(), a.address(), LayoutScene.HOST_PORT);
        }
    }
}
