package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.cli.Cli;
import io.towpath.agent.cli.Commands;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.policy.denial.Denial;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.nflog.LoggedPacket;
import io.towpath.netlink.nflog.NfLog;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of packets that were denied. */
@NeedsRoot
class DenialKernelTest {
    private static final String WORDS = "denied  ingress of default/b: default/a (10.64.1.2) to default/b (10.64.1.3),"
            + " icmp type 8 code 0: NetworkPolicy default/none-into-b\n";

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    private final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");

    @BeforeEach
    void know() {
        scene.know(a, "uid-a");
        scene.know(b, "uid-b");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    private void start(boolean dryRun) throws Exception {
        scene.start();
        scene.policies(PolicyFact.of(
                        "default",
                        "none-into-b",
                        Selector.of(Map.of("app", "b")),
                        List.of("Ingress"),
                        List.of(),
                        List.of())
                .withDryRun(dryRun));
        scene.tell();
        scene.await("in force", () -> scene.status().endpoints() == 2);
    }

    private Denial first() throws Exception {
        scene.await("told", () -> !scene.controller().denials().after(0).isEmpty());
        return scene.controller().denials().after(0).getFirst();
    }

    private void awaitCounted(DenialCounts.Key key, Map<DenialCounts.Policy, Long> byPolicy) throws Exception {
        scene.await("counted", () -> {
            scene.tell();
            AgentStatus.Denied denied = scene.status().denied();
            return denied.byPod().getOrDefault(key, 0L) == 1 && byPolicy.equals(denied.byPolicy());
        });
    }

    @Test
    void deniedPacketIsToldAndCountedByPodAndPolicy() throws Exception {
        start(false);
        assertFalse(a.reaches(b));
        Denial denial = first();
        assertEquals("default/a (10.64.1.2)", denial.from());
        assertEquals(List.of("NetworkPolicy default/none-into-b"), denial.policies());
        assertTrue(denial.enforced());
        awaitCounted(
                new DenialCounts.Key("default/b", Direction.INGRESS, true),
                Map.of(new DenialCounts.Policy("NetworkPolicy default/none-into-b", true), 1L));
    }

    @Test
    void whatADryRunWouldDenyIsToldAsThat() throws Exception {
        start(true);
        assertTrue(a.reaches(b));
        Denial denial = first();
        assertEquals(List.of("NetworkPolicy default/none-into-b"), denial.policies());
        assertFalse(denial.enforced());
        awaitCounted(
                new DenialCounts.Key("default/b", Direction.INGRESS, false),
                Map.of(new DenialCounts.Policy("NetworkPolicy default/none-into-b", false), 1L));
    }

    @Test
    void packetWithAnothersAddressIsItsSenders() throws Exception {
        start(false);
        a.inside().ip("address", "add", "10.64.1.77/32", "dev", "eth0");
        a.inside().execute("sh", "-c", "ping -c 1 -W 1 -I 10.64.1.77 " + b.address() + " >&2; true");
        Denial denial = first();
        assertEquals("default/a", denial.pod());
        assertEquals(Direction.EGRESS, denial.direction());
        assertEquals("10.64.1.77", denial.from());
        assertEquals("the address is not default/a's", denial.reason());
        awaitCounted(new DenialCounts.Key("default/a", Direction.EGRESS, true), Map.of());
    }

    /** As IPVS sends on what a pod sends to a Service. */
    @Test
    void packetThatTheNodesOutputSendsForAPodIsThePods() throws Exception {
        scene.start();
        scene.policies(PolicyFact.of(
                "default", "none-from-a", Selector.of(Map.of("app", "a")), List.of("Egress"), List.of(), List.of()));
        scene.tell();
        scene.await("in force", () -> scene.status().endpoints() == 2);
        scene.node.execute(
                "nft",
                "add table ip service; add chain ip service out { type filter hook output priority -150; };"
                        + " add rule ip service out ip daddr " + b.address() + " ip saddr set " + a.address());
        scene.node.execute("sh", "-c", "ping -c 1 -W 1 " + b.address() + " >&2; true");
        Denial denial = first();
        assertEquals("default/a", denial.pod());
        assertEquals(Direction.EGRESS, denial.direction());
        assertEquals("default/b (10.64.1.3)", denial.to());
        assertEquals(List.of("NetworkPolicy default/none-from-a"), denial.policies());
        awaitCounted(
                new DenialCounts.Key("default/a", Direction.EGRESS, true),
                Map.of(new DenialCounts.Policy("NetworkPolicy default/none-from-a", true), 1L));
    }

    @Test
    void theCommandPrintsIt(@TempDir Path folder) throws Exception {
        start(false);
        Path socket = folder.resolve("agent.sock");
        try (Endpoints _ = serve(socket, scene.controller())) {
            assertEquals("", printed(socket));
            assertFalse(a.reaches(b));
            Denial denial = first();
            assertEquals(denial.time() + "  " + WORDS, printed(socket));
            assertEquals(denial.time() + "  " + WORDS, printed(socket, "--pod", "default/b"));
            assertEquals("", printed(socket, "--pod", "default/a"));
            assertEquals("""
                    {"id":1,"time":"%s","dryRun":false,"direction":"ingress","pod":"default/b","from":"default/a \
                    (10.64.1.2)","to":"default/b (10.64.1.3)","port":"icmp type 8 code 0","policies":["NetworkPolicy \
                    default/none-into-b"],"policyCount":1,"reason":""}
                    """.formatted(denial.time()), printed(socket, "--output", "json"));
        }
    }

    @Test
    void theCommandFollowsFromOneAgentToTheNext(@TempDir Path folder) throws Exception {
        start(false);
        Path socket = folder.resolve("agent.sock");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        Thread following = new Thread(
                () -> Commands.cli(stream, stream).run("policy", "log", "--follow", "--socket", socket.toString()));
        try (Endpoints _ = serve(socket, scene.controller())) {
            following.start();
            assertFalse(a.reaches(b));
            scene.await("first", () -> count(out) == 1);
            assertFalse(a.reaches(b));
            scene.await("second", () -> count(out) == 2);
        }
        scene.controller().close();
        start(false);
        assertFalse(a.reaches(b));
        try (Endpoints _ = serve(socket, scene.controller())) {
            scene.await("of the next agent", () -> count(out) == 3);
        } finally {
            following.interrupt();
            following.join();
        }
        assertTrue(
                out.toString(StandardCharsets.UTF_8).lines().limit(3).allMatch(line -> (line + "\n").endsWith(WORDS)),
                () -> out.toString(StandardCharsets.UTF_8));
    }

    private static long count(ByteArrayOutputStream out) {
        return out.toString(StandardCharsets.UTF_8).lines().count();
    }

    private static Endpoints serve(Path socket, PolicyController controller) throws IOException {
        Log log = new Log(
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
        StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, socket),
                board,
                List.of(),
                controller,
                "1.2.3",
                log);
    }

    private static String printed(Path socket, String... options) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        String[] all = new String[options.length + 4];
        System.arraycopy(new String[] {"policy", "log", "--socket", socket.toString()}, 0, all, 0, 4);
        System.arraycopy(options, 0, all, 4, options.length);
        assertEquals(Cli.OK, Commands.cli(stream, stream).run(all), out::toString);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void groupThatAnotherReadsIsSaidAndReadWhenItIsFree() throws Exception {
        try (Monitor another = new Monitor()) {
            try (NetNs netNs = scene.node.open()) {
                NfLog.subscribe(another, netNs, PolicyScene.LOG_GROUP, new NfLog.Listener() {
                    @Override
                    public void packet(LoggedPacket packet) {}

                    @Override
                    public void lost() {}
                });
            }
            start(false);
            assertFalse(a.reaches(b));
            scene.await("said", () -> scene.log().contains("another program reads log group 7"));
        }
        scene.await("told", () -> {
            a.reaches(b);
            return !scene.controller().denials().after(0).isEmpty();
        });
    }
}
