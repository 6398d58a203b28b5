package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.StatusJson;
import io.towpath.agent.status.Statuses;
import io.towpath.cni.BuildInfo;
import io.towpath.cni.cli.Cli;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CliTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path disk;

    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));

    private Endpoints agent() throws IOException {
        Log log = new Log(System.err, Log.Form.TEXT, Log.Level.ERROR, Clock.systemUTC());
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, disk.resolve("agent.sock")),
                board,
                List.of(new Heartbeat("reconcile", Duration.ofMinutes(1))),
                null,
                "1.2.3",
                log);
    }

    private Path conflist() throws IOException {
        return Files.writeString(disk.resolve("own.conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
                  {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%s"}}]}
                """.formatted(disk.resolve("leases")));
    }

    private void nodeState() throws IOException {
        Files.writeString(disk.resolve("node.json"), "{\"node\":\"a\",\"slices\":[\"10.1.2.0/24\"],\"mtu\":1450}");
    }

    private Ran run(String words, String... more) {
        List<String> arguments = new ArrayList<>(List.of(words.split(" ", -1)));
        arguments.addAll(List.of("--state-dir", disk.toString()));
        arguments.addAll(List.of(more));
        return Ran.of(arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            HTTP/1.1 200 OK                  | {"allowed":true,"text":"allowed"}  | 0 | allowed |
            HTTP/1.1 200 OK                  | {"allowed":false,"text":"denied"}  | 1 | denied  |
            HTTP/1.1 200 OK                  | {"allowed":"no"}                   | 2 | ''      | answers something else than an explanation
            HTTP/1.1 200 OK                  | {                                  | 2 | ''      | towpath-node: Unexpected end-of-input
            HTTP/1.1 400 Bad Request         | there is no pod a/b                | 2 | ''      | towpath-node: there is no pod a/b
            HTTP/1.1 503 Service Unavailable | the policies are not known yet     | 2 | ''      | towpath-node: the policies are not known yet
            """)
    void whetherItIsAllowedTheExitCodeTells(String status, String body, int code, String out, @Nullable String err)
            throws Exception {
        Path socket = disk.resolve("agent.sock");
        try (ServerSocketChannel agent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            agent.bind(UnixDomainSocketAddress.of(socket));
            Thread answering = Thread.ofPlatform().start(() -> {
                try {
                    answer(agent, status + "\r\n\r\n" + body);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            Ran ran = Ran.of("policy", "explain", "a/b", "c/d", "80", "--socket", socket.toString());
            answering.join();
            assertEquals(code, ran.code(), ran::err);
            assertEquals(out, ran.out());
            assertTrue(ran.err().contains(err == null ? "" : err), ran::err);
        }
        Ran unanswered = Ran.of("policy", "explain", "a/b", "c/d", "80", "--socket", socket + "-none");
        assertEquals(2, unanswered.code());
        assertTrue(unanswered.err().contains("no agent answers on "), unanswered::err);
    }

    /** As an agent does that ends while it is asked. */
    @Test
    void agentThatEndsWithoutAnAnswerIsNone() throws Exception {
        Path socket = disk.resolve("agent.sock");
        try (ServerSocketChannel agent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            agent.bind(UnixDomainSocketAddress.of(socket));
            Thread ending = Thread.ofPlatform().start(() -> {
                try {
                    agent.accept().close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            Ran ran = Ran.of("policy", "log", "--socket", socket.toString());
            ending.join();
            assertEquals(Cli.FAILED, ran.code());
            assertTrue(ran.err().contains("no agent answers on " + socket), ran.err());
        }
    }

    /** With the question read, or thrown away by the kernel. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void followingGoesOnIfAnAgentEndsAmidAQuestion(boolean isRead) throws Exception {
        Path socket = disk.resolve("agent.sock");
        try (ServerSocketChannel agents = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            agents.bind(UnixDomainSocketAddress.of(socket));
            FutureTask<Boolean> asked = new FutureTask<>(() -> {
                answer(agents);
                try (SocketChannel unanswered = agents.accept()) {
                    awaitQuestion(unanswered, isRead);
                }
                answer(agents);
                return true;
            });
            Thread.ofPlatform().daemon().start(asked);
            FutureTask<Ran> following =
                    new FutureTask<>(() -> Ran.of("policy", "log", "--follow", "--socket", socket.toString()));
            Thread thread = Thread.ofPlatform().start(following);
            while (!asked.isDone()) {
                assertFalse(following.isDone(), "it has ended");
                Thread.onSpinWait();
            }
            assertTrue(asked.get());
            thread.interrupt();
            thread.join();
        }
    }

    private static void answer(ServerSocketChannel agents) throws IOException {
        answer(agents, "HTTP/1.1 200 OK\r\n\r\n{\"run\":\"a\",\"denials\":[]}");
    }

    private static void answer(ServerSocketChannel agents, String text) throws IOException {
        try (SocketChannel client = agents.accept()) {
            awaitQuestion(client, true);
            client.write(StandardCharsets.UTF_8.encode(text));
        }
    }

    /** What is asked comes in one piece. */
    private static void awaitQuestion(SocketChannel client, boolean isRead) throws IOException {
        try (Selector selector = Selector.open()) {
            client.configureBlocking(false);
            client.register(selector, SelectionKey.OP_READ);
            selector.select();
            if (isRead) {
                assertTrue(client.read(ByteBuffer.allocate(1024)) > 0);
            }
        }
    }

    @Test
    void version() {
        assertEquals(new Ran(Cli.OK, "towpath-node " + BuildInfo.VERSION + "\n", ""), Ran.of("--version"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "agent -h",
                "install -h",
                "status -h",
                "check -h",
                "overlay -h",
                "overlay show -h",
                "ipam --help",
                "ipam list -h",
                "policy -h",
                "policy explain -h",
                "policy log -h"
            })
    void help(String words) {
        Ran ran = Ran.of(words.split(" ", -1));
        assertEquals(Cli.OK, ran.code());
        assertTrue(ran.out().startsWith("Usage: towpath-node "), ran::out);
        assertEquals("", ran.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            overlay                   | towpath-node overlay: Missing command (see towpath-node overlay --help)
            policy explain a          | towpath-node policy explain: Missing required parameters: 'TO', 'PORT' (see towpath-node policy explain --help)
            bogus                     | towpath-node: Unmatched argument at index 0: 'bogus' (see towpath-node --help)
            status --nope             | towpath-node status: Unknown option: '--nope' (see towpath-node status --help)
            status --output xml       | towpath-node status: Invalid value for option '--output': 'xml' is neither text nor json (see towpath-node status --help)
            agent --cluster-file x --healthz-port 0 | towpath-node agent: Invalid value for option '--healthz-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip 10.0.0.1 --metrics-port 0 | towpath-node agent: Invalid value for option '--metrics-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip nowhere | towpath-node agent: Invalid value for option '--metrics-ip': 'nowhere' is no IP address (see towpath-node agent --help)
            agent --cluster-file x --policy-log-group 65536 | towpath-node agent: Invalid value for option '--policy-log-group': '65536' is neither a group from 0 to 65535 nor none (see towpath-node agent --help)
            agent --cluster-file x --healthz-ip here | towpath-node agent: Invalid value for option '--healthz-ip': 'here' is no IP address (see towpath-node agent --help)
            """)
    void whatCannotBeUnderstoodIsOneLine(String words, String message) {
        assertEquals(new Ran(Cli.USAGE, "", message + "\n"), Ran.of(words.split(" ", -1)));
    }

    @Test
    void theStatusOfAnAgentAsText() throws Exception {
        assertEquals("""
                node a: ready
                agent     1.2.3, started 60 min ago, 7 rounds, 1 failed, the last took 12 ms
                source    kubernetes, in sync, last change 9 s ago
                cache     not kept up to date: /var/lib/towpath/cluster.json: cannot be written: No space left on device
                overlay   stands
                obstacle  ip rule 100: from all lookup 7 leads past the main table
                guard     in force, repaired 2 times, dropped 17 packets (counted 0 s ago)
                policies  in force: the policies cannot be watched, as known 90 s ago, 12 of namespaces, 3 of the cluster, 40 endpoints, repaired 1 times, denied 21 packets to pods and 22 from pods (counted 20 s ago); a dry run would deny 31 and 32
                calico    the agent may not look: its role lacks list of tiers.crd.projectcalico.org
                repairs   link 1, route 3
                pods      compared 30 min ago; cleared away: 1 leases, 2 links, 3 routes

                DEVICE     VNI  PORT  MTU   MAC                LOCAL        INTERFACE  SLICE
                flannel.1  1    8472  1450  0e:00:00:00:00:01  192.168.0.1  eth0       10.244.1.0/24

                NODE  SLICE          ADDRESS      STATE             LAST REPAIR
                c     10.244.3.0/24  192.168.0.3  no route to host  -
                b     10.244.2.0/24  192.168.0.2  ok                route, 60 s ago

                NETWORK          RANGE                    LEASED  OF   FULL
                k8s-pod-network  10.244.1.1-10.244.1.254  7       253  3 %

                left out:
                  d, which is Ready: it has no slice

                problems of policies:
                  NetworkPolicy default/web: ingress rule 1: 10.0.0.0/33 is no CIDR

                not enforced, of Calico's own kinds (2):
                  GlobalNetworkPolicy lock
                  NetworkPolicy default/web

                pods that are not known yet, to which all is denied:
                  default/late
                """, text(Statuses.ready()));
    }

    private static String text(AgentStatus status) throws IOException {
        JsonNode sent = JSON.readTree(StatusJson.of(status, "1.2.3").toString());
        return StatusText.of(sent, Statuses.START.plusSeconds(3600));
    }

    @Test
    void theStatusIsAskedOfTheAgent() throws Exception {
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            board.publish(Statuses.ready());
            Ran ran = run(
                    "status --output json",
                    "--socket",
                    disk.resolve("agent.sock").toString());
            assertEquals(Cli.OK, ran.code(), ran::err);
            assertEquals("a", JSON.readTree(ran.out()).path("node").asText());
            board.publish(AgentStatus.starting("a", "kubernetes", Statuses.START));
            Ran notReady = run("status", "--socket", disk.resolve("agent.sock").toString());
            assertEquals(Cli.FAILED, notReady.code());
            assertTrue(
                    notReady.out().startsWith("node a: not ready: the cluster is not known yet from kubernetes\n"),
                    notReady::out);
        }
    }

    @Test
    void whatTheAgentDoesNotKnowOfRangesYetTheDiskTells() throws Exception {
        nodeState();
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            Ran ran = run(
                    "status",
                    "--socket",
                    disk.resolve("agent.sock").toString(),
                    "--cni-conf",
                    conflist().toString());
            assertTrue(ran.out().contains("net      10.1.2.1-10.1.2.254  0       253  0 %"), ran::out);
        }
    }

    @Test
    void withoutAnAgentTheStatusIsWhatTheKernelAndTheFilesTell() throws Exception {
        nodeState();
        Ran ran = run(
                "status",
                "--socket",
                disk.resolve("none.sock").toString(),
                "--cni-conf",
                conflist().toString(),
                "--cluster-file",
                disk.resolve("none.json").toString());
        assertEquals(Cli.FAILED, ran.code(), ran::err);
        assertTrue(
                ran.out().startsWith("this node: not ready: no agent answers on " + disk.resolve("none.sock")),
                ran::out);
        assertTrue(ran.out().contains("10.1.2.1-10.1.2.254"), ran::out);
    }

    private JsonNode withoutAgent(Path cniConf) throws IOException {
        Ran ran = run(
                "status --output json",
                "--socket",
                disk.resolve("none.sock").toString(),
                "--cni-conf",
                cniConf.toString(),
                "--cluster-file",
                disk.resolve("none.json").toString());
        assertEquals(Cli.FAILED, ran.code(), ran::err);
        return JSON.readTree(ran.out());
    }

    private static List<String> fields(JsonNode json) {
        return json.properties().stream().map(Map.Entry::getKey).sorted().toList();
    }

    @Test
    void withoutAnAgentTheStatusHasTheSameFields() throws Exception {
        nodeState();
        JsonNode with = JSON.readTree(StatusJson.of(Statuses.ready(), "1.2.3").toString());
        JsonNode without = withoutAgent(conflist());
        assertEquals(fields(with), fields(without));
        assertEquals(fields(with.path("overlay")), fields(without.path("overlay")));
        for (String ofAgent : List.of("started", "source", "rounds", "guard", "policy", "attachments", "rejected")) {
            assertTrue(without.path(ofAgent).isNull(), ofAgent);
        }
    }

    /** As in a container that has the conflist and no leases. */
    @Test
    void whereLeasesCannotBeSeenNoneAreCounted() throws Exception {
        nodeState();
        Path elsewhere = Files.writeString(
                disk.resolve("elsewhere.conflist"),
                Files.readString(conflist()).replace(disk.resolve("leases").toString(), disk + "/away/leases"));
        JsonNode status = withoutAgent(elsewhere);
        assertTrue(status.path("ipam").isNull(), status::toString);
        assertEquals(
                "how many addresses are leased cannot be seen here, as there is no " + disk.resolve("away"),
                status.path("ipamProblem").asText());
    }

    @Test
    void leasesAndHowFullTheRangesAre() throws Exception {
        nodeState();
        JsonNode conf = IpamCommand.network(conflist().toString()).conf();
        HostLocal.of(conf)
                .allocate(new IpamConfigReader(disk + "/node.json", "").read(conf, ""), new Attachment("c1", "eth0"));
        Ran text = run("ipam list", "--cni-conf", conflist().toString());
        assertEquals(Cli.OK, text.code(), text::err);
        List<String> lines = text.out().lines().toList();
        assertEquals("NETWORK  RANGE                LEASED  OF   FULL", lines.get(0));
        assertEquals("net      10.1.2.1-10.1.2.254  1       253  0 %", lines.get(1));
        assertTrue(lines.get(4).startsWith("10.1.2.2  c1         eth0       2"), lines.get(4));
        JsonNode json = JSON.readTree(
                run("ipam list --output json", "--cni-conf", conflist().toString())
                        .out());
        assertEquals("10.1.2.2", json.path("leases").path(0).path("address").asText());
        assertEquals(253, json.path("ranges").path(0).path("capacity").asInt());
        assertEquals(1, json.path("ranges").path(0).path("taken").asInt());
    }

    @Test
    void aMissingOrWrongConflistIsOneLine() throws Exception {
        Ran missing = run("ipam list", "--cni-conf", disk + "/none");
        assertEquals(
                new Ran(
                        Cli.FAILED,
                        "",
                        "towpath-node: there is no conflist " + disk + "/none: name another with --cni-conf\n"),
                missing);
        Path other =
                Files.writeString(disk.resolve("other"), "{\"name\": \"n\", \"plugins\": [{\"type\": \"calico\"}]}");
        assertEquals(
                "towpath-node: conflist " + other + " has no plugin of type towpath\n",
                run("ipam list", "--cni-conf", other.toString()).err());
        Path torn = Files.writeString(disk.resolve("torn"), "{\n");
        Ran wrong = run("ipam list", "--cni-conf", torn.toString());
        assertEquals(1, wrong.err().lines().count(), wrong::err);
    }

    private Ran install(Path executable) throws IOException {
        return run(
                "install",
                "--executable",
                executable.toString(),
                "--conflist",
                conflist().toString(),
                "--bin-dir",
                disk + "/bin",
                "--conf-dir",
                disk + "/net.d",
                "--socket",
                disk + "/agent.sock");
    }

    @Test
    void installsOnceTheNodeIsReadyAndThenLeavesAllAlone() throws Exception {
        Path executable = Files.writeString(disk.resolve("new"), "#!new");
        Ran early = install(executable);
        assertEquals(Cli.FAILED, early.code());
        assertTrue(early.err().startsWith("towpath-node: the node is not ready: no agent answers on "), early::err);
        assertTrue(Files.notExists(disk.resolve("bin")));
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            nodeState(); // of before, which does not count beside the agent's word
            assertEquals(Cli.FAILED, install(executable).code());
            assertTrue(Files.notExists(disk.resolve("net.d")));
            board.publish(Statuses.ready());
            Ran ran = install(executable);
            assertEquals(Cli.OK, ran.code(), ran::err);
        }
        Path placed = disk.resolve("bin/towpath");
        assertEquals("#!new", Files.readString(placed));
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(placed)));
        assertEquals(Files.readString(conflist()), Files.readString(disk.resolve("net.d/10-towpath.conflist")));
        Object before = Files.getAttribute(placed, "unix:ino");
        Ran again = install(executable);
        assertTrue(again.out().startsWith(placed + " is in place already\n"), again::out);
        assertEquals(before, Files.getAttribute(placed, "unix:ino"));
    }

    @Test
    void whatOthersHaveStaysAndIsWarnedOf() throws Exception {
        nodeState();
        Files.createDirectories(disk.resolve("net.d"));
        Path canal = Files.writeString(disk.resolve("net.d/10-canal.conflist"), "{}");
        Files.writeString(disk.resolve("net.d/00-note.txt"), "no configuration");
        Files.createDirectories(disk.resolve("bin"));
        Files.writeString(disk.resolve("bin/towpath"), "old");
        Path executable = Files.writeString(disk.resolve("new"), "new");
        Ran ran = install(executable);
        assertEquals(Cli.OK, ran.code(), ran::err);
        assertEquals("new", Files.readString(disk.resolve("bin/towpath")));
        assertTrue(Files.exists(canal));
        assertTrue(
                ran.out()
                        .contains(
                                "warning: " + disk
                                        + "/net.d/10-canal.conflist sorts before 10-towpath.conflist, so the runtime takes that"),
                ran::out);
        assertEquals(
                2, ran.out().lines().filter(line -> line.startsWith("warning")).count(), ran::out);
    }

    @Test
    void whatCannotBeWrittenIsToldWithTheMendAndChangesNothing() throws Exception {
        nodeState();
        Path executable = Files.writeString(disk.resolve("new"), "new");
        Path inTheWay = Files.createDirectories(disk.resolve("bin/towpath"));
        assertEquals(
                "towpath-node: write " + inTheWay + ": EISDIR Is a directory: " + inTheWay
                        + " is a folder: remove it, or name another place with --bin-dir\n",
                install(executable).err());
        Files.delete(inTheWay);
        Files.delete(disk.resolve("bin"));
        Files.writeString(disk.resolve("bin"), "no folder");
        assertEquals(
                "towpath-node: write " + inTheWay + ": ENOTDIR Not a directory: " + disk
                        + "/bin is no folder: remove what is there, or name another with --bin-dir\n",
                install(executable).err());
        assertTrue(Files.notExists(disk.resolve("net.d")));
    }

    @Test
    void whatAnEarlierTryLeftIsRemoved() throws Exception {
        nodeState();
        Path executable = Files.writeString(disk.resolve("new"), "new");
        assertEquals(Cli.OK, install(executable).code());
        for (String folder : List.of("bin", "net.d")) {
            Files.writeString(disk.resolve(folder).resolve(".towpath-new"), "half");
        }
        Ran again = install(executable);
        assertTrue(again.out().startsWith(disk + "/bin/towpath is in place already\n"), again::out);
        assertEquals(1, Objects.requireNonNull(disk.resolve("bin").toFile().list()).length);
        assertEquals(1, Objects.requireNonNull(disk.resolve("net.d").toFile().list()).length);
    }

    @Test
    void anExecutableThatIsNoneIsTold() throws Exception {
        nodeState();
        Path empty = Files.createFile(disk.resolve("empty"));
        assertEquals(
                "towpath-node: there is nothing in executable " + empty + ": name another with --executable\n",
                install(empty).err());
        assertEquals(
                "towpath-node: executable " + disk + " is no file: name another with --executable\n",
                install(disk).err());
    }

    @Test
    void nothingIsInstalledWhenAFileIsMissing() throws Exception {
        nodeState();
        Ran ran = install(disk.resolve("none"));
        assertEquals(
                "towpath-node: there is no executable " + disk + "/none: name another with --executable\n", ran.err());
        assertTrue(Files.notExists(disk.resolve("net.d")));
    }
}
