package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
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

    @TempDir
    private Path disk;

    private TestNode node;
    private final CountDownLatch end = new CountDownLatch(1);
    private @Nullable ServerSocketChannel listener;

    @BeforeEach
    void setUp() {
        node = new TestNode(disk);
    }

    @AfterEach
    void close() throws IOException {
        end.countDown();
        if (listener != null) {
            listener.close();
        }
    }

    private Path socket() {
        return disk.resolve("agent.sock");
    }

    private TestNode.Call add(String ipam, String more) throws IOException {
        return node.call("ADD", ipam)
                .json(
                        "policy",
                        "{\"type\": \"k8s\", \"socket\": \"" + socket() + "\", \"waitSeconds\": 1" + more + "}");
    }

    private TestNode.Call add() throws IOException {
        return add(TestNode.DUAL, "");
    }

    private ServerSocketChannel listen() throws IOException {
        ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        made.bind(UnixDomainSocketAddress.of(socket()));
        listener = made;
        return made;
    }

    /** An agent that answers one request: what it was asked, and what the node was like then. */
    private FutureTask<List<String>> agent(String answer, boolean staysSilent) throws IOException {
        ServerSocketChannel at = listen();
        FutureTask<List<String>> task = new FutureTask<>(() -> {
            try (SocketChannel client = at.accept()) {
                ByteBuffer received = ByteBuffer.allocate(4096);
                String text;
                do {
                    client.read(received);
                    text = new String(received.array(), 0, received.position(), StandardCharsets.UTF_8);
                } while (!text.endsWith("}"));
                List<String> links = node.hostLinks();
                client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                if (staysSilent) {
                    end.await();
                }
                return List.of(text, links.toString());
            }
        });
        Thread serving = new Thread(task);
        serving.setDaemon(true);
        serving.start();
        return task;
    }

    private static String http(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    @Test
    void allIsHandedOverWhenTheLinkStands() throws Exception {
        FutureTask<List<String>> agent = agent("HTTP/1.1 204 No Content\r\n\r\n", false);
        add().with("CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=11-22")
                .run()
                .good();
        List<String> seen = agent.get();
        String request = seen.getFirst();
        int body = request.indexOf("\r\n\r\n") + 4;
        assertTrue(request.startsWith("POST /policy/endpoints HTTP/1.1\r\n"), request);
        assertTrue(request.contains("\r\nContent-Length: " + (request.length() - body) + "\r\n"), request);
        JsonNode expected = TestNode.JSON.readTree("""
                {"namespace": "default", "name": "web-0", "uid": "11-22", "link": "cali0d7763386da",
                 "addresses": ["10.1.2.2", "fd00:1:2::2"], "waitMilliseconds": 1000}
                """);
        assertEquals(expected, TestNode.JSON.readTree(request.substring(body)));
        assertEquals("[cali0d7763386da]", seen.getLast());
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
        var _ = agent(http(status, line + "\n"), false);
        assertEquals(NOT_IN_FORCE + told, add().run().error());
        assertEquals(before, node.everything());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            HTTP/1.1 200 OK | HTTP/1.1 200 OK
            SSH-2.0-x       | SSH-2.0-x
            ''              | ''
            """)
    void whatIsNoAgentIsTold(String answer, String first) throws Exception {
        List<String> before = node.everything();
        var _ = agent(answer, false);
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
        var _ = agent(start, true);
        assertEquals(
                NOT_IN_FORCE + "the agent at " + socket() + " has not answered in 2 s: is it stopped?",
                add().run().error());
        assertEquals(before, node.everything());
    }

    @Test
    void anAnswerWithoutEndIsRefused() throws Exception {
        List<String> before = node.everything();
        var _ = agent("x".repeat(20_000), false);
        String error = add().run().error();
        assertTrue(error.startsWith(NOT_IN_FORCE + "ask " + socket() + ": EFBIG"), error);
        assertEquals(before, node.everything());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "stale", "file"})
    void withoutAnAgentNothingIsLeft(String there) throws Exception {
        if (there.equals("stale")) {
            listen().close();
        } else if (there.equals("file")) {
            Files.writeString(socket(), "");
        }
        List<String> before = node.everything();
        String nobody = "no agent listens at " + socket() + ": is towpath-node running?";
        assertEquals(NOT_IN_FORCE + nobody, add().run().error());
        assertEquals(before, node.everything());
        assertEquals("50 " + nobody, add().with("CNI_COMMAND", "STATUS").run().error());
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
        add(TestNode.DUAL, ", \"onFailure\": \"continue\"").run().good();
        assertEquals(
                "towpath: the policies of pod default/web-0 are not in force: no agent listens at " + socket()
                        + ": is towpath-node running?\n",
                node.warnings.toString(StandardCharsets.UTF_8));
        add(TestNode.DUAL, ", \"onFailure\": \"continue\"")
                .with("CNI_COMMAND", "STATUS")
                .run()
                .good();
    }

    @Test
    void statusAsksNothing() throws Exception {
        listen();
        add().with("CNI_COMMAND", "STATUS").run().good();
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
