package io.towpath.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.cli.Cli;
import io.towpath.agent.cli.Commands;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent as a process: how it ends, and what remains. */
@NeedsRoot
class AgentProcessKernelTest {
    private static final long PATIENCE_S = 20;
    // Below the 5 s after which an end that hangs would be forced.
    private static final long END_S = 4;

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void connect() throws IOException {
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.ip("link", "set", "lo", "up");
        Files.writeString(folder.resolve("cluster.json"), """
                {"network": ["10.64.0.0/10"], "node": "n1", "nodes": [
                  {"name": "n1", "slices": ["10.64.1.0/24"], "addresses": ["192.168.0.1"]},
              {"name": "n2", "slices": ["10.64.2.0/24"], "addresses": ["192.168.0.2"]}]}\
            """);
    }

    @AfterEach
    void remove() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
        node.close();
    }

    private Process agent(String... options) throws IOException {
        return agent(List.of(), options);
    }

    private Process agent(List<String> machine, String... options) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        String name = String.valueOf(Path.of(node.path()).getFileName());
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", name, java.toString()));
        command.addAll(machine);
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("io.towpath.agent.Main", "agent", "--cluster-file", file("cluster.json")));
        command.addAll(List.of("--state-dir", file("run"), "--subnet-file", file("subnet.env")));
        command.addAll(List.of("--socket", file("agent.sock"), "--cni-conf", file("none.conflist")));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log" + started.size()).toFile())
                .start();
        started.add(process);
        return process;
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private String log(int number) throws IOException {
        return Files.readString(folder.resolve("log" + number), StandardCharsets.UTF_8);
    }

    private void awaitOverlay() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (!log(started.size() - 1).contains("overlay changed")) {
            assertTrue(System.nanoTime() < deadline, log(started.size() - 1));
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** What an operator sees of a command: the exit code, and all that is printed. */
    private record Ran(int code, String printed) {}

    private static Ran command(String... words) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        int code = Commands.cli(stream, stream).run(words);
        return new Ran(code, bytes.toString(StandardCharsets.UTF_8));
    }

    private Ran install() {
        return command(
                "install",
                "--executable",
                file("executable"),
                "--node-executable",
                file("executable"),
                "--conflist",
                file("conflist"),
                "--bin-dir",
                file("bin"),
                "--conf-dir",
                file("net.d"),
                "--state-dir",
                file("run"),
                "--socket",
                file("agent.sock"));
    }

    private Ran awaitInstall(Predicate<Ran> wanted) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (true) {
            Ran ran = install();
            if (wanted.test(ran)) {
                return ran;
            }
            assertTrue(System.nanoTime() < deadline, ran.printed() + log(0));
            LockSupport.parkNanos(20_000_000);
        }
    }

    private String dataPath() {
        return node.execute("ip", "route") + node.execute("nft", "-s", "list", "ruleset");
    }

    @Test
    void itEndsAtOnceAndLeavesTheNodeAsItIs() throws Exception {
        Process agent = agent();
        awaitOverlay();
        String before = dataPath();
        assertTrue(before.contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1") && before.contains("peers4"), before);

        Process second = agent();
        assertTrue(second.waitFor(PATIENCE_S, TimeUnit.SECONDS), "a second one ends by itself");
        assertEquals(1, second.exitValue(), log(1));
        assertTrue(log(1).contains("another agent is running"), log(1));

        long began = System.nanoTime();
        agent.destroy();
        assertTrue(agent.waitFor(END_S, TimeUnit.SECONDS), "SIGTERM is an end, not a wait");
        System.out.println("SIGTERM to the end: " + (System.nanoTime() - began) / 1_000_000 + " ms");
        assertTrue(log(0).contains("agent stopped"), log(0));
        assertEquals(before, dataPath());
    }

    @Test
    void usedUpMemoryOnAnyThreadIsALineAndTheEnd() throws Exception {
        StringBuilder nodes = new StringBuilder();
        for (int i = 2; i < 60_000; i++) {
            nodes.append(", {\"name\": \"n").append(i).append("\", \"slices\": [\"10.");
            nodes.append(64 + i / 256 / 256)
                    .append('.')
                    .append(i / 256 % 256)
                    .append('.')
                    .append(i % 256);
            nodes.append("/32\"], \"addresses\": [\"192.168.0.2\"]}");
        }
        Files.writeString(
                folder.resolve("cluster.json"),
                Files.readString(folder.resolve("cluster.json")).replace("]}]}", "]}" + nodes + "]}"));
        Process agent = agent(List.of("-Xmx24m"));
        assertTrue(agent.waitFor(PATIENCE_S, TimeUnit.SECONDS), () -> "it goes on");
        assertEquals(Cli.FAILED, agent.exitValue(), log(0));
        List<String> errors =
                log(0).lines().filter(line -> line.contains("emory")).toList();
        assertEquals(1, errors.size(), log(0));
        assertTrue(
                errors.getFirst().contains(" error agent ended  thread=cluster-file problem=\"out of memory: 24 MiB"),
                log(0));
        assertTrue(log(0).lines().noneMatch(line -> line.startsWith("\tat ")), log(0));
    }

    @Test
    void podsAreMasqueradedToNodesUnlessTheirSourcesAreToBeKept() throws Exception {
        String kept = "ip saddr 10.64.1.0/24 ip daddr @peers4 return";
        Process agent = agent();
        awaitOverlay();
        assertFalse(dataPath().contains(kept), dataPath());
        assertTrue(dataPath().contains("ip saddr 10.64.0.0/10 ip daddr != 224.0.0.0/4 masquerade"), dataPath());
        agent.destroy();
        assertTrue(agent.waitFor(END_S, TimeUnit.SECONDS));
        agent("--masquerade-nodes=false");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (!dataPath().contains(kept)) {
            assertTrue(System.nanoTime() < deadline, log(1));
            LockSupport.parkNanos(20_000_000);
        }
    }

    @Test
    void nobodyWhoHandsAPodOverComesAfterOtherWork() throws Exception {
        Process agent = agent();
        awaitOverlay();
        Map<String, Integer> niceValues = niceValues(agent.pid());
        int usual = niceValues.getOrDefault("http", 19);
        assertEquals(Math.min(19, usual + 10), niceValues.get("cluster-file"), niceValues::toString);
    }

    /** By the names of the threads. */
    private static Map<String, Integer> niceValues(long process) throws IOException {
        Map<String, Integer> values = new HashMap<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process), "task"))) {
            for (Path each : threads.toList()) {
                String stat = Files.readString(each.resolve("stat"));
                int end = stat.lastIndexOf(')');
                String[] fields = stat.substring(end + 2).split(" ", -1);
                values.put(stat.substring(stat.indexOf('(') + 1, end), Integer.parseInt(fields[16]));
            }
        }
        return values;
    }

    /** One that nobody looks at could hang for ever. */
    @Test
    void theHealthOfEveryThreadIsLookedAt() throws Exception {
        agent();
        awaitOverlay();
        assertEquals(
                "ok; threads: reconcile, cluster-file, attachments, http, pages",
                node.execute("curl", "-sS", "--unix-socket", file("agent.sock"), "http://agent/healthz")
                        .strip());
    }

    @Test
    void nothingIsInstalledBeforeItIsReady() throws Exception {
        Files.writeString(folder.resolve("executable"), "#!new");
        Files.writeString(folder.resolve("conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
              {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr"}}]}\
            """);
        Path foreign = Files.createDirectories(folder.resolve("net.d")).resolve("10-canal.conflist");
        Files.writeString(foreign, "{}");
        Files.move(folder.resolve("cluster.json"), folder.resolve("later.json"));
        agent();
        Ran early = awaitInstall(ran -> ran.printed().contains("the cluster is not known yet"));
        assertEquals(Cli.FAILED, early.code());
        assertTrue(Files.notExists(folder.resolve("bin")));

        Files.move(folder.resolve("later.json"), folder.resolve("cluster.json"));
        awaitInstall(ran -> ran.code() == Cli.OK);
        assertEquals("#!new", Files.readString(folder.resolve("bin/towpath")));
        assertTrue(Files.exists(folder.resolve("net.d/10-towpath.conflist")));
        assertEquals("{}", Files.readString(foreign), "what is of others stays");
        assertTrue(node.execute("ip", "route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
        Ran status = command("status", "--socket", file("agent.sock"));
        assertEquals(Cli.OK, status.code(), status::printed);
        assertTrue(status.printed().startsWith("node n1: ready\n"), status::printed);
    }
}
