package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NeedsRoot
class MigrateCommandKernelTest {
    private final TestNamespace node = new TestNamespace();

    @TempDir
    private Path disk;

    @BeforeEach
    void make() throws Exception {
        Files.createDirectories(disk.resolve("conf"));
        Files.writeString(disk.resolve("conf/10-towpath.conflist"), """
                {"name": "net", "cniVersion": "1.0.0", "plugins": [{"type": "towpath", "ipam": {"type": "host-local"}}]}
                """);
        Files.writeString(disk.resolve("conf/10-canal.conflist"), """
                {"name": "net", "cniVersion": "1.0.0", "plugins": [{"type": "calico", "ipam": {"type": "host-local"}}]}
                """);
        node.execute("nft", "add table inet towpath-policy");
        for (int i = 0; i < 9; i++) {
            node.execute("iptables-nft", "-N", "cali-" + i);
        }
    }

    @AfterEach
    void close() {
        node.close();
    }

    private Ran run(String words) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(words.split(" ", -1)));
        for (String option : List.of("conf", "bin", "cni", "state", "cache")) {
            arguments.addAll(
                    List.of("--" + option + "-dir", disk.resolve(option).toString()));
        }
        arguments.addAll(List.of("--xtables-lock", disk + "/lock", "--socket", disk + "/agent.sock"));
        AtomicReference<Ran> ran = new AtomicReference<>();
        node.inside(() -> ran.set(Ran.of(arguments.toArray(String[]::new))));
        return Objects.requireNonNull(ran.get());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            migrate                              | Give either '--from' or '--back'
            migrate --from canal --back          | Give either '--from' or '--back'
            migrate --back --wait soon           | Invalid value for option '--wait': 'soon' is no number of seconds
            migrate --from cilium                | Invalid value for option '--from': 'cilium' is none of canal, flannel, kube-proxy
            """)
    void whatIsNotUnderstoodChangesNothing(String words, String message) throws Exception {
        Ran ran = run(words);
        assertEquals(2, ran.code());
        assertTrue(ran.err().contains(message), ran.err());
    }

    @Test
    void aDryRunTellsAndChangesNothing() throws Exception {
        Ran ran = run("migrate --from canal --dry-run");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().startsWith("would remove: iptables-nft filter: cali-0; "), ran.out());
        assertTrue(ran.out().contains("; cali-7; cali-8\n"), ran.out());
        assertTrue(
                ran.out()
                        .contains("would put aside: file, to " + disk + "/cache/migrate/canal: " + disk
                                + "/conf/10-canal.conflist\n"),
                ran.out());
        assertTrue(node.execute("iptables-nft-save").contains("cali-8"));
        JsonNode json = new ObjectMapper()
                .readTree(run("migrate --from canal --dry-run --output json").out());
        assertTrue(json.path("dryRun").asBoolean());
        assertEquals(9, json.at("/removed/0/names").size());
        assertEquals(
                disk + "/conf/10-canal.conflist", json.at("/putAside/0/names/0").asText());
    }

    @Test
    void withoutAnAgentThatIsReadyNothingIsTakenFromTheOtherNetwork() throws Exception {
        Ran ran = run("migrate --from canal");
        assertEquals(1, ran.code());
        assertTrue(ran.err().contains("the node is not ready: no agent answers on "), ran.err());
        assertTrue(node.execute("iptables-nft-save").contains("cali-8"));
        assertTrue(Files.exists(disk.resolve("conf/10-canal.conflist")));
    }

    @Test
    void whatIsNotYetThereIsWaitedFor() throws Exception {
        Files.createDirectories(disk.resolve("cache/migrate/canal"));
        Files.move(disk.resolve("conf/10-canal.conflist"), disk.resolve("cache/migrate/canal/10-canal.conflist"));
        Ran early = run("migrate --back");
        assertEquals(1, early.code());
        assertTrue(early.err().contains("the policies of canal are not in force"), early.err());
        assertTrue(node.execute("nft", "list", "tables").contains("towpath-policy"));
        CompletableFuture<Ran> waiting = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                waiting.complete(run("migrate --back --wait 600"));
            } catch (Throwable e) {
                waiting.completeExceptionally(e);
            }
        });
        node.execute("iptables-nft", "-A", "FORWARD", "-j", "cali-1");
        Ran ran = waiting.get();
        assertEquals(0, ran.code(), ran.err());
        assertEquals("table ip filter", node.execute("nft", "list", "tables"));
    }

    @Test
    void anUninstallWithoutTheApiChangesNothingAndSaysHowToGoOn() throws Exception {
        Ran refused = run("uninstall --node-name b --kube-api-url http://127.0.0.1:9");
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains("with --keep-node"), refused.err());
        assertTrue(node.execute("nft", "list", "tables").contains("towpath-policy"));
        Ran done = run("uninstall --keep-node");
        assertEquals(0, done.code(), done.err());
        assertTrue(done.out().contains("removed: nftables: inet towpath-policy\n"), done.out());
        assertEquals("table ip filter", node.execute("nft", "list", "tables"));
        assertTrue(Files.exists(disk.resolve("conf/10-canal.conflist")));
    }

    @Test
    void aDryRunOfAnUninstallAsksNobodyAndTellsWhatWouldGo() throws Exception {
        String words = "uninstall --dry-run --node-name b --kube-api-url http://127.0.0.1:9";
        Ran ran = run(words);
        assertEquals(0, ran.code(), ran.err());
        assertTrue(
                ran.out()
                        .startsWith("would remove: node b: condition NetworkUnavailable;"
                                + " flannel.alpha.coreos.com/kube-subnet-manager; "),
                ran.out());
        assertTrue(ran.out().contains("would remove: nftables: inet towpath-policy\n"), ran.out());
        assertTrue(node.execute("nft", "list", "tables").contains("towpath-policy"));
        Ran others = run(words + " --set-node-network-unavailable false --kube-annotation-prefix example.com/pods");
        assertTrue(
                others.out().startsWith("would remove: node b: example.com/pods-kube-subnet-manager; "), others.out());
    }

    /** Where a cloud's controller has the condition, that is no part of it. */
    @Test
    void anUninstallTakesBackWhatTheNodeSaysOfItself() throws Exception {
        node.ip("link", "set", "lo", "up");
        BlockingQueue<JsonNode> patches = new LinkedBlockingQueue<>();
        AtomicReference<HttpServer> api = new AtomicReference<>();
        node.inside(() -> api.set(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080), 0)));
        HttpServer server = Objects.requireNonNull(api.get());
        server.createContext("/api/v1/nodes/b/status", exchange -> {
            try (exchange) {
                patches.add(new ObjectMapper().readTree(exchange.getRequestBody()));
                byte[] node = "{\"kind\": \"Node\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"b\"}}"
                        .getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, node.length);
                exchange.getResponseBody().write(node);
            }
        });
        server.start();
        try {
            String words = "uninstall --node-name b --kube-api-url http://127.0.0.1:8080";
            Ran ran = run(words + " --kube-annotation-prefix example.com/pods");
            assertEquals(0, ran.code(), ran.err());
            JsonNode patch = patches.remove();
            assertTrue(patch.at("/metadata/annotations").has("example.com/pods-public-ip"), patch::toString);
            assertEquals(
                    "NetworkUnavailable", patch.at("/status/conditions/0/type").asText());
            assertEquals(0, run(words + " --set-node-network-unavailable false").code());
            assertFalse(patches.remove().has("status"));
        } finally {
            server.stop(0);
        }
    }
}
