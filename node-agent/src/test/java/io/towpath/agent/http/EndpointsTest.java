package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import io.towpath.overlay.Family;
import io.towpath.overlay.ServableNodes.Rejected;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
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
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointsTest {
    @TempDir
    private Path folder;

    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
    private final Heartbeat heartbeat = new Heartbeat("reconcile", Duration.ofMinutes(2));

    private Path socket() {
        return folder.resolve("agent.sock");
    }

    private Endpoints open() throws IOException {
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, socket()),
                board,
                List.of(heartbeat),
                null,
                "1.2.3",
                log());
    }

    private static Log log() {
        return new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
    }

    private static String ask(Endpoints endpoints, String request) throws IOException {
        try (Socket client =
                new Socket(endpoints.address().getAddress(), endpoints.address().getPort())) {
            client.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String get(Endpoints endpoints, String path) throws IOException {
        return ask(endpoints, "GET " + path + " HTTP/1.1\r\nHost: node\r\n\r\n");
    }

    private String getPrivately(String path) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket()));
            client.write(ByteBuffer.wrap(("GET " + path + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String refusal(Executable opening) {
        return String.valueOf(assertThrows(IOException.class, opening).getMessage());
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void readyWhenTheStatusSaysSo() throws IOException {
        try (Endpoints endpoints = open()) {
            String early = get(endpoints, "/readyz");
            assertTrue(early.startsWith("HTTP/1.1 503 "), early);
            assertEquals("the cluster is not known yet from kubernetes\n", body(early));
            board.publish(Statuses.ready());
            String ready = get(endpoints, "/readyz?verbose");
            assertTrue(ready.startsWith("HTTP/1.1 200 "), ready);
            assertEquals("ok; left out: c: no route to host; d: it has no slice\n", body(ready));
            board.publish(Statuses.leavingOut(List.of(), Set.of("b", "c")));
            assertEquals("ok\n", body(get(endpoints, "/readyz")));
            board.publish(
                    Statuses.leavingOut(List.of(new Rejected("a", Family.IPV6, "it has no address")), Set.of("b")));
            assertEquals("left out: a (IPv6): it has no address\n", body(get(endpoints, "/readyz")));
            board.publish(Statuses.unguarded("no nftables"));
            String unguarded = get(endpoints, "/readyz");
            assertTrue(unguarded.startsWith("HTTP/1.1 503 "), unguarded);
            assertEquals("no nftables\n", body(unguarded));
            board.publish(Statuses.unguarded(null));
            assertEquals("the overlay's nftables table is not in force yet\n", body(get(endpoints, "/readyz")));
        }
    }

    @Test
    void healthyAsLongAsTheThreadLives() throws Exception {
        try (Endpoints endpoints = open()) {
            assertTrue(get(endpoints, "/healthz").startsWith("HTTP/1.1 200 "));
            Thread thread = new Thread(heartbeat::beat, "reconcile");
            thread.start();
            thread.join();
            String dead = get(endpoints, "/healthz");
            assertTrue(dead.startsWith("HTTP/1.1 503 "), dead);
            assertEquals("the thread reconcile has ended\n", body(dead));
        }
    }

    @Test
    void theStatusIsForTheUnixSocketOnly() throws IOException {
        try (Endpoints endpoints = open()) {
            board.publish(Statuses.ready());
            String answer = getPrivately("/status");
            assertTrue(answer.contains("\r\nContent-Type: application/json\r\n"), answer);
            assertEquals(
                    "a", new ObjectMapper().readTree(body(answer)).path("node").asText());
            assertTrue(getPrivately("/readyz").startsWith("HTTP/1.1 200 "));
            assertTrue(get(endpoints, "/status").startsWith("HTTP/1.1 404 "));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET /metrics              | 400
            hello                     | 400
            GET /metrics SMTP         | 400
            POST /metrics HTTP/1.1    | 405
            GET /nothing HTTP/1.1     | 404
            GET //etc/passwd HTTP/1.0 | 404
            """)
    void whatIsNotThereToGet(String line, String status) throws IOException {
        try (Endpoints endpoints = open()) {
            String answer = ask(endpoints, line + "\r\n\r\n");
            assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        }
    }

    @Test
    void aHeadWithoutEndIsRefused() throws IOException {
        try (Endpoints endpoints = open()) {
            String answer = ask(endpoints, "GET /metrics HTTP/1.1\r\nX: " + "x".repeat(9000));
            assertTrue(answer.startsWith("HTTP/1.1 431 "), answer);
        }
    }

    @Test
    void onlyTheHeadOfAnAnswer() throws IOException {
        try (Endpoints endpoints = open()) {
            String whole = body(get(endpoints, "/healthz"));
            assertEquals("ok; threads: reconcile, http, pages\n", whole);
            String answer = ask(endpoints, "HEAD /healthz HTTP/1.1\n\n");
            assertTrue(answer.contains("\r\nContent-Length: " + whole.length() + "\r\n"), answer);
            assertEquals("", body(answer));
        }
    }

    @Test
    void clientsThatSayNothingHoldUpNobody() throws IOException {
        List<Socket> silent = new ArrayList<>();
        try (Endpoints endpoints = open()) {
            for (int i = 0; i < 100; i++) {
                silent.add(new Socket(
                        endpoints.address().getAddress(), endpoints.address().getPort()));
            }
            assertTrue(get(endpoints, "/healthz").startsWith("HTTP/1.1 200 "));
            // There is room for so many only: the eldest had to go.
            assertEquals(-1, silent.getFirst().getInputStream().read());
        } finally {
            for (Socket each : silent) {
                each.close();
            }
        }
    }

    @Test
    void theSocketIsForRootAloneAndGoesWithTheAgent() throws IOException {
        Endpoints endpoints = open();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
        endpoints.close();
        assertFalse(Files.exists(socket()));
    }

    @Test
    void theSocketOfAnAgentThatWasKilledIsReplaced() throws IOException {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket()));
        }
        assertTrue(Files.exists(socket()));
        try (Endpoints endpoints = open()) {
            assertTrue(getPrivately("/healthz").startsWith("HTTP/1.1 200 "));
            assertTrue(get(endpoints, "/healthz").startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void theSocketOfALivingAgentIsNot() throws IOException {
        try (Endpoints living = open()) {
            String message = refusal(this::open);
            assertTrue(message.startsWith("another agent is running, the socket " + socket()), message);
            assertTrue(getPrivately("/healthz").startsWith("HTTP/1.1 200 "));
            assertTrue(get(living, "/healthz").startsWith("HTTP/1.1 200 "));
        }
    }

    @Test
    void whatIsNoSocketStays() throws IOException {
        Files.writeString(socket(), "precious");
        String message = refusal(this::open);
        assertTrue(message.contains("is there and no socket: remove it, or name another"), message);
        assertEquals("precious", Files.readString(socket()));
    }

    @Test
    void aTakenPortIsAnErrorThatSaysWhatToDo() throws IOException {
        try (Endpoints first = open()) {
            Path other = folder.resolve("other.sock");
            int port = first.address().getPort();
            Log log = new Log(System.err, Log.Form.TEXT, Log.Level.ERROR, Clock.systemUTC());
            String message = refusal(() -> Endpoints.open(
                    new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), port), null, other),
                    board,
                    List.of(heartbeat),
                    null,
                    "1",
                    log));
            assertTrue(message.contains("port " + port), message);
            assertTrue(message.endsWith("; choose others with --healthz-ip and --healthz-port"), message);
            assertFalse(Files.exists(other));
        }
    }

    /** Others than the node see numbers, and nothing else; while the port is another's, the agent does without. */
    @Test
    @Timeout(60)
    void metricsForOthersComeWhenTheirPortIsFree() throws Exception {
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        Log log = new Log(
                new PrintStream(logged, true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
        IpAddress loopback = IpAddress.parse("127.0.0.1");
        ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        int port = taken.getLocalPort();
        Serving serving = new Serving(new Serving.Port(loopback, 0), new Serving.Port(loopback, port), socket());
        try (taken;
                Endpoints endpoints = Endpoints.open(serving, board, List.of(heartbeat), null, "1.2.3", log)) {
            assertTrue(get(endpoints, "/metrics").startsWith("HTTP/1.1 200 "));
            while (!logged.toString(StandardCharsets.UTF_8).contains("choose others with --metrics-ip")) {
                Thread.sleep(10);
            }
            taken.close();
            String metrics = null;
            while (metrics == null) {
                try {
                    metrics = ask(port, "/metrics");
                } catch (ConnectException _) {
                    Thread.sleep(10);
                }
            }
            assertTrue(metrics.startsWith("HTTP/1.1 200 "), metrics);
            assertTrue(metrics.contains("towpath_ready 0"), metrics);
            for (String path : List.of("/healthz", "/readyz", "/status", "/policy/pods")) {
                assertTrue(ask(port, path).startsWith("HTTP/1.1 404 "), path);
            }
        }
    }

    private static String ask(int port, String path) throws IOException {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: node\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
