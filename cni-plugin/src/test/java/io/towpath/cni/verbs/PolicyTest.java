package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pods that wait for their policies, with an agent of all kinds at the socket. */
class PolicyTest {
    private static final String NOT_IN_FORCE = "11 the policies of pod default/web-0 are not in force: ";

    /** More than any test takes. */
    private static final int LONG_SECONDS = 60;

    private static final String OTHER_POD = "/run/netns/b";

    @TempDir
    private Path disk;

    private TestNode node;
    private @Nullable TestAgent agent;

    @BeforeEach
    void setUp() {
        node = new TestNode(disk);
        node.namespaces.at(OTHER_POD);
    }

    @AfterEach
    void close() throws IOException {
        if (agent != null) {
            agent.close();
        }
    }

    private Path socket() {
        return disk.resolve("agent.sock");
    }

    private TestNode.Call add(String ipam, int waitSeconds, String more) throws IOException {
        return node.call("ADD", ipam)
                .json(
                        "policy",
                        "{\"type\": \"k8s\", \"socket\": \"" + socket() + "\", \"waitSeconds\": " + waitSeconds + more
                                + "}");
    }

    private TestNode.Call add() throws IOException {
        return add(TestNode.DUAL, 1, "");
    }

    private TestNode.Call patientAdd() throws IOException {
        return add(TestNode.DUAL, LONG_SECONDS, "");
    }

    private TestAgent agent(TestAgent.Answers answers) throws IOException {
        TestAgent made = new TestAgent(socket(), answers);
        agent = made;
        return made;
    }

    private ServerSocketChannel listen() throws IOException {
        ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        return made.bind(UnixDomainSocketAddress.of(socket()));
    }

    private static ObjectNode asked(String question) throws IOException {
        return (ObjectNode) TestNode.JSON.readTree(TestAgent.body(question));
    }

    @Test
    void allIsHandedOverWhenTheLinkStands() throws Exception {
        List<String> links = new ArrayList<>();
        TestAgent asked = agent(_ -> {
            links.addAll(node.hostLinks());
            return TestAgent.IN_FORCE;
        });
        add().with("CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=11-22")
                .run()
                .good();
        assertEquals(1, asked.questions.size());
        String request = asked.questions.getFirst();
        int length = TestAgent.body(request).length();
        assertTrue(request.startsWith("POST /policy/endpoints HTTP/1.1\r\n"), request);
        assertTrue(request.contains("\r\nContent-Length: " + length + "\r\n"), request);
        assertEquals(TestNode.JSON.readTree("""
                {"namespace": "default", "name": "web-0", "uid": "11-22", "link": "cali0d7763386da",
                 "addresses": ["10.1.2.2", "fd00:1:2::2"], "waitMilliseconds": 1000}
                """), asked(request));
        assertEquals(List.of("cali0d7763386da"), links);
        node.call("DEL", TestNode.DUAL).run().good();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            503 Service Unavailable | the Kubernetes API has not told of it | the Kubernetes API has not told of it
            404 Not Found           | this agent enforces no policies       | this agent enforces no policies
            400 Bad Request         | link is wrong                         | link is wrong
            """)
    void whatTheAgentSaysIsTold(String status, String line, String told) throws Exception {
        List<String> before = node.everything();
        agent(_ -> TestAgent.http(status, line + "\n"));
        assertEquals(NOT_IN_FORCE + told, add().run().error());
        assertEquals(before, node.everything());
    }

    /** With more patience than the test has: an answer that will not get better is not waited for. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            404 Not Found           | this agent enforces no policies
            400 Bad Request         | link is wrong
            """)
    void whatWillStayIsToldAtOnce(String status, String line) throws Exception {
        TestAgent asked = agent(_ -> TestAgent.http(status, line + "\n"));
        assertEquals(NOT_IN_FORCE + line, patientAdd().run().error());
        assertEquals(1, asked.questions.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK", "HTTP/1.1 500 Internal Server Error", "HTTP/1.1 20x", "SSH-2.0-x", ""})
    void whatIsNoAgentIsTold(String first) throws Exception {
        List<String> before = node.everything();
        agent(_ -> first + (first.startsWith("HTTP") ? "\r\n\r\n" : ""));
        assertEquals(
                NOT_IN_FORCE + "what listens at " + socket() + " is no agent, or has ended: it answers \"" + first
                        + "\"",
                add().run().error());
        assertEquals(before, node.everything());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 204 No Con"})
    void anAgentThatFallsSilentIsNotWaitedForForEver(String start) throws Exception {
        List<String> before = node.everything();
        FutureTask<String> error = new FutureTask<>(() -> add().run().error());
        try (ServerSocketChannel listener = listen()) {
            new Thread(error).start();
            try (var client = listener.accept()) {
                client.write(StandardCharsets.UTF_8.encode(start));
                assertEquals(
                        NOT_IN_FORCE + "the agent at " + socket() + " has not answered in 2 s: is it stopped?",
                        error.get());
            }
        }
        assertEquals(before, node.everything());
    }

    @Test
    void anAnswerWithoutEndIsRefused() throws Exception {
        List<String> before = node.everything();
        agent(_ -> "x".repeat(20_000));
        String error = patientAdd().run().error();
        assertTrue(error.startsWith(NOT_IN_FORCE + "ask " + socket() + ": EFBIG"), error);
        assertEquals(before, node.everything());
    }

    private void putInPlace(String what) throws IOException {
        switch (what) {
            case "nothing" -> {}
            case "stale" -> listen().close();
            case "file" -> Files.writeString(socket(), "");
            default -> throw new IllegalArgumentException(what);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "stale", "file"})
    void withoutAnAgentNothingIsLeft(String there) throws Exception {
        putInPlace(there);
        List<String> before = node.everything();
        String nobody = "no agent listens at " + socket() + ": is towpath-node running?";
        assertEquals(NOT_IN_FORCE + nobody, add().run().error());
        assertEquals(before, node.everything());
    }

    /** As between the old agent and the new one, when a DaemonSet is updated. */
    @ParameterizedTest
    @ValueSource(strings = {"nothing", "stale", "file"})
    void anAgentThatIsAwayIsWaitedFor(String there) throws Exception {
        putInPlace(there);
        FutureTask<TestNode.Answer> added = new FutureTask<>(() -> patientAdd().run());
        Thread adding = new Thread(added);
        adding.start();
        // Only between two attempts it sleeps.
        await(() -> added.isDone() || adding.getState() == Thread.State.TIMED_WAITING);
        Files.deleteIfExists(socket());
        TestAgent asked = agent(_ -> TestAgent.IN_FORCE);
        added.get().good();
        assertEquals(1, asked.questions.size());
        int left = asked(asked.questions.getFirst()).path("waitMilliseconds").asInt();
        assertTrue(left > 0 && left < LONG_SECONDS * 1000, () -> "the time that is left: " + left);
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.holds()) {
            assertTrue(System.nanoTime() < end, "in vain");
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** It closes the connection, is killed amid an answer, or says that it ends. */
    @Test
    void anAgentThatEndsIsNoReasonToFail() throws Exception {
        List<String> answers = new ArrayList<>(List.of(
                "",
                "HTTP/1.1 2",
                "HTTP/1.1 204 No Con",
                TestAgent.http("503 Service Unavailable", "the agent is stopping\n"),
                TestAgent.IN_FORCE));
        TestAgent asked = agent(_ -> answers.removeFirst());
        patientAdd().run().good();
        assertEquals(List.of(), answers);
        assertEquals(5, asked.questions.size());
        ObjectNode first = asked(asked.questions.getFirst());
        int left = LONG_SECONDS * 1000 + 1;
        for (String question : asked.questions) {
            ObjectNode next = asked(question);
            int told = next.path("waitMilliseconds").asInt();
            assertTrue(told > 0 && told < left, asked.questions::toString);
            left = told;
            assertEquals(first.without("waitMilliseconds"), next.without("waitMilliseconds"));
        }
    }

    /** Its listener closes while the question is on its way, which the kernel then throws away. */
    @Test
    void anAgentThatDoesNotTakeTheQuestionIsNoReasonToFail() throws Exception {
        FutureTask<TestNode.Answer> added = new FutureTask<>(() -> patientAdd().run());
        try (ServerSocketChannel listener = listen()) {
            new Thread(added).start();
            listener.accept().close();
        }
        Files.delete(socket());
        agent(_ -> TestAgent.IN_FORCE);
        added.get().good();
    }

    @Test
    void othersComeAndGoMeanwhile() throws Exception {
        TestAgent asked = agent(_ -> {
            other("ADD").run().good();
            other("DEL").run().good();
            return TestAgent.IN_FORCE;
        });
        patientAdd().run().good();
        assertEquals(1, asked.questions.size());
    }

    private TestNode.Call other(String verb) {
        return node.call(verb, TestNode.DUAL).container("c2", "web-1", OTHER_POD);
    }

    /** The runtime has given up and cleans up, or a GC does not know of the attachment yet. */
    @ParameterizedTest
    @ValueSource(strings = {"DEL", "GC"})
    void whoIsDeletedWhileWaitingLeavesNothing(String verb) throws Exception {
        List<String> before = node.everything();
        agent(_ -> {
            node.call(verb, TestNode.DUAL)
                    .json("cni.dev/valid-attachments", "[]")
                    .run()
                    .good();
            return TestAgent.IN_FORCE;
        });
        TestNode.Call call =
                patientAdd().json("runtimeConfig", "{\"portMappings\": [{\"hostPort\": 8080, \"containerPort\": 80}]}");
        assertEquals(
                "999 link cali0d7763386da was removed while ADD was waiting for policies",
                call.run().error());
        assertEquals(before, node.everything());
        assertEquals(List.of(), HostPortTest.owners(node));
    }

    @Test
    void itsLinkIsUndoneWhenThatFailsToo() throws Exception {
        node.namespaces.kernel.failRequests("link delete", io.towpath.linux.Errno.ENOMEM);
        String error = add().run().error();
        assertTrue(error.startsWith("999 the policies of pod default/web-0 are not in force: not undone: "), error);
        node.namespaces.kernel.heal();
        List<String> held = node.leases();
        assertEquals(2, held.size(), held::toString);
        node.call("DEL", TestNode.DUAL).run().good();
        assertEquals(List.of(), node.leases());
        assertEquals(List.of(), node.hostLinks());
    }

    @Test
    void whoSaysContinueHasThePodAndIsWarned() throws Exception {
        add(TestNode.DUAL, 1, ", \"onFailure\": \"continue\"").run().good();
        assertEquals(
                "towpath: the policies of pod default/web-0 are not in force: no agent listens at " + socket()
                        + ": is towpath-node running?\n",
                node.warnings.toString(StandardCharsets.UTF_8));
    }

    /** A node that is not ready loses its pods, and those of a node whose agent is away have all that they need. */
    @ParameterizedTest
    @ValueSource(strings = {"nothing", "stale", "file"})
    void statusNeedsNoAgent(String there) throws Exception {
        putInPlace(there);
        for (String onFailure : List.of("fail", "continue")) {
            add(TestNode.DUAL, 1, ", \"onFailure\": \"" + onFailure + "\"")
                    .with("CNI_COMMAND", "STATUS")
                    .run()
                    .good();
        }
    }

    @Test
    void statusAsksNoAgent() throws Exception {
        try (ServerSocketChannel listener = listen()) {
            add().with("CNI_COMMAND", "STATUS").run().good();
            listener.configureBlocking(false);
            assertNull(listener.accept());
        }
    }

    @Test
    void statusTellsAPolicyThatIsWrong() throws Exception {
        String error = node.call("STATUS", TestNode.DUAL)
                .json("policy", "{\"type\": \"none\"}")
                .run()
                .error();
        assertEquals("7 network config key \"policy.type\" must be \"k8s\"", error);
    }

    @Test
    void whoIsNoPodHasNoPolicies() throws Exception {
        List<String> before = node.everything();
        assertEquals(
                "4 invalid CNI_ARGS: K8S_POD_NAMESPACE and K8S_POD_NAME are missing, without which no policy can be found:"
                        + " set them, or remove \"policy\" from this network",
                add().with("CNI_ARGS", "").run().error());
        assertEquals(before, node.everything());
    }

    @Test
    void whoEndsNeedsNoAgent() throws Exception {
        node.call("ADD", TestNode.DUAL).run().good();
        add().with("CNI_COMMAND", "DEL").run().good();
        assertEquals(List.of(), node.leases());
    }
}
