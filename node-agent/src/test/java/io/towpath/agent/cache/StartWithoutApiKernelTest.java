package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.cli.Commands;
import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.linux.LinuxException;
import io.towpath.linux.UnixSocket;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.UnderlayChoice;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent as a process on a node that has booted, where nobody answers at the address of the API. */
@NeedsRoot
class StartWithoutApiKernelTest {
    private static final long PATIENCE_S = 40;
    private static final String NETWORK = "10.64.0.0/10";

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void connect() throws Exception {
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.ip("link", "set", "lo", "up");
        node.execute("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        Files.writeString(
                folder.resolve("net-conf.json"),
                "{\"Network\": \"" + NETWORK + "\", \"Backend\": {\"Type\": \"vxlan\"}}");
        Log log = new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.DEBUG,
                Clock.systemUTC());
        try (Cache cache = new Cache(folder.resolve("cache"), "n1", () -> List.of(IpPrefix.parse(NETWORK)), log)) {
            new CachedCluster(cache).keep(cluster());
            KeptFacts kept = new KeptFacts("an-id", "a boot before", facts());
            cache.file("policy-facts.json", KeptFacts.KIND).keep(out -> FactsWriter.write(out, kept), () -> {});
        }
    }

    private static Cluster cluster() {
        return new Cluster(
                List.of(IpPrefix.parse(NETWORK)),
                "n1",
                UnderlayChoice.AUTOMATIC,
                Cluster.DEFAULT_VNI,
                Cluster.DEFAULT_PORT,
                0,
                false,
                false,
                false,
                List.of(member("n1", 1), member("n2", 2)));
    }

    private static Cluster.Node member(String name, int number) {
        return new Cluster.Node(
                name,
                List.of(IpPrefix.parse("10.64." + number + ".0/24")),
                List.of(IpAddress.parse("192.168.0." + number)),
                null,
                null);
    }

    private static PolicyFacts facts() {
        Peer web = new Peer.Pods(null, Selector.of(Map.of("app", "web")));
        PolicyFact onlyWeb = new PolicyFact(
                "kube-system",
                "only-web",
                Selector.EVERYTHING,
                true,
                false,
                List.of(new RuleFact(List.of(web), List.of())),
                List.of(),
                false);
        NamespaceFact namespace = new NamespaceFact("kube-system", Map.of());
        List<PodFact> pods =
                List.of(pod("dns", "10.64.1.6", "n1"), pod("web", "10.64.1.7", "n1"), pod("web", "10.64.2.8", "n2"));
        return new PolicyFacts(
                new Facts(pods, List.of(namespace), List.of(), List.of(onlyWeb), List.of()),
                Map.of("kube-system/dns-n1", "mirrored", "kube-system/web-n1", "mirrored-too"));
    }

    private static PodFact pod(String app, String address, String member) {
        return new PodFact(
                "kube-system",
                app + "-" + member,
                Map.of("app", app),
                List.of(IpAddress.parse(address)),
                List.of(),
                member);
    }

    @AfterEach
    void remove() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
        node.close();
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private void agent(String name) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        String netNs = String.valueOf(Path.of(node.path()).getFileName());
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", netNs, java.toString()));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("io.towpath.agent.Main", "agent", "--kube-api-url", "http://127.0.0.1:9"));
        command.addAll(List.of("--net-config-path", file("net-conf.json"), "--node-name", name));
        command.addAll(List.of("--cache-dir", file("cache"), "--state-dir", file("run")));
        command.addAll(List.of("--subnet-file", file("subnet.env"), "--socket", file("agent.sock")));
        command.addAll(List.of("--cni-conf", file("none.conflist")));
        started.add(new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start());
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    private void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, what + "\n" + log());
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** As the CNI executable hands a pod over; the first line of the answer, and what follows the head. */
    private String handOver(String pod, String uid, String link, int waitMilliseconds) throws LinuxException {
        String body = """
                {"namespace":"kube-system","name":"%s","uid":"%s","link":"%s","addresses":["10.64.1.2"],"waitMilliseconds":%d}
                """.formatted(pod, uid, link, waitMilliseconds);
        String request =
                "POST /policy/endpoints HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        byte[] answer = UnixSocket.ask(file("agent.sock"), request.getBytes(StandardCharsets.UTF_8), 4096, 60_000);
        String text = new String(answer, StandardCharsets.UTF_8);
        return text.lines().findFirst().orElse("") + text.substring(Math.max(0, text.indexOf("\r\n\r\n")));
    }

    private String command(String... words) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        Commands.cli(stream, stream).run(words);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private String status() {
        return command("status", "--socket", file("agent.sock"));
    }

    @Test
    void itMakesTheOverlayAndLetsAKnownPodInWithItsPolicies() throws Exception {
        String link = EndpointName.hostName("kube-system", "dns-n1", "", "eth0");
        node.ip("link", "add", link, "type", "veth", "peer", "name", "pod0");
        node.ip("link", "set", link, "up");
        String strange = EndpointName.hostName("kube-system", "strange-n1", "", "eth0");
        node.ip("link", "add", strange, "type", "veth", "peer", "name", "pod1");
        agent("n1");
        await("listens", () -> Files.exists(folder.resolve("agent.sock")));
        String answer = handOver("dns-n1", "mirrored", link, 30_000);
        assertTrue(answer.startsWith("HTTP/1.1 204 "), answer + log());
        String table = node.execute("nft", "list", "table", "inet", "towpath-policy");
        assertTrue(table.contains("\"" + link + "\" . 10.64.1.2"), table);
        assertTrue(table.contains("10.64.2.8"), table);
        assertFalse(table.contains("10.64.1.7"), "an address of the boot before may be another pod's: " + table);
        String stranger = handOver("strange-n1", "any", strange, 100);
        assertTrue(
                stranger.startsWith("HTTP/1.1 503 ") && stranger.contains("knew of no pod kube-system/strange-n1"),
                stranger);

        await("overlay", () -> log().contains("overlay changed"));
        assertTrue(node.execute("ip", "route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
        assertTrue(Files.readString(folder.resolve("run/node.json")).contains("\"slices\":[\"10.64.1.0/24\"]"));
        assertTrue(Files.exists(folder.resolve("subnet.env")));

        await("a round", () -> status().startsWith("node n1: "));
        String status = status();
        assertTrue(status.startsWith("node n1: not ready: the cluster is not known yet from kubernetes"), status);
        assertTrue(
                status.contains("policies  in force") && status.contains("as known ") && status.contains(" s ago"),
                status);
        String metrics = node.execute("curl", "-s", "http://127.0.0.1:9098/metrics");
        assertFalse(metrics.contains("towpath_policy_facts_age_seconds NaN"), metrics);
        assertTrue(metrics.contains("towpath_policy_facts_age_seconds "), metrics);
        assertTrue(metrics.contains("towpath_ready 0.0"), metrics);
        assertTrue(metrics.contains("towpath_cache_up 1.0"), metrics);
    }

    @Test
    void whatIsOfAnotherNodeIsNotUsed() throws Exception {
        agent("n9");
        await(
                "both are told",
                () -> log().lines()
                                .filter(line -> line.contains("what was known before is not used")
                                        && line.contains("node n9")
                                        && line.contains("node n1"))
                                .count()
                        == 2);
        assertEquals("", node.execute("nft", "list", "ruleset"));
        assertFalse(node.execute("ip", "link").contains("flannel"));
    }
}
