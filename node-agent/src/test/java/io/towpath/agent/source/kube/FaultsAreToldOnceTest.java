package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.slf4j.LibraryLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is wrong with the API, the log has a line of it in words, and nothing of the libraries that ask. */
class FaultsAreToldOnceTest {
    private static final Pattern CLASS =
            Pattern.compile("\\b(java|javax|io|com|org|jdk|sun)\\.[a-z]+\\.|[a-z]Exception\\b");
    private static final int ATTEMPTS = 8;

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(
            new PrintStream(logged, true, StandardCharsets.UTF_8), Log.Form.TEXT, Log.Level.INFO, Clock.systemUTC());
    private final Told told = new Told();

    @AfterEach
    void end() {
        LibraryLog.to(new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.ERROR,
                Clock.systemUTC()));
    }

    private static String answer(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    static List<Arguments> answers() {
        return List.of(
                Arguments.of("", "nodes"), // it hangs up
                Arguments.of("\25\3\1\0\2\2P", "nodes"), // TLS' alert
                Arguments.of("what?\r\n\r\n", "nodes"),
                Arguments.of(
                        answer("200 OK", "{}").replace("\r\n\r\n", "\r\nX-Long: " + "x".repeat(10_000) + "\r\n\r\n"),
                        "larger"),
                Arguments.of("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf", "nodes"),
                Arguments.of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "nodes"),
                Arguments.of(answer("401 Unauthorized", "Unauthorized"), "401 Unauthorized"),
                Arguments.of(answer("403 Forbidden", "no"), "403 no"),
                Arguments.of(answer("404 Not Found", "404 page not found"), "404 page not found"),
                Arguments.of(answer("429 Too Many Requests", "later"), "429 later"),
                Arguments.of(answer("503 Service Unavailable", "down"), "503 down"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void ofAnAnswer(String answer, String told) throws Exception {
        CountDownLatch attempts = new CountDownLatch(ATTEMPTS);
        try (ServerSocket server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                while (!server.isClosed()) {
                    try (Socket socket = server.accept()) {
                        InputStream in = socket.getInputStream();
                        if (in.read(new byte[1 << 16]) > 0) {
                            socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
                        }
                        attempts.countDown();
                    } catch (IOException _) {
                        // the next one
                    }
                }
            });
            follow("http://127.0.0.1:" + server.getLocalPort(), told, attempts);
        }
    }

    @Test
    void ofAnApiThatIsNotThereAndOneThatIsStartedAnew() throws Exception {
        LibraryLog.to(log);
        try (FakeApi api = new FakeApi();
                KubernetesClusterSource source = Sources.of(new ApiAccess(api.url(), null, null, null))) {
            api.put(Nodes.bare("self", 1));
            source.start(told);
            told.withNodes("self");
            api.awaitWatch();
            for (int i = 0; i < 3; i++) {
                api.down();
                told.troubled("stays in force");
                api.up();
                told.well();
            }
        }
        assertEquals("", logged.toString(StandardCharsets.UTF_8));
    }

    private void follow(String url, String part, CountDownLatch attempts) throws InterruptedException {
        LibraryLog.to(log);
        try (KubernetesClusterSource source = Sources.of(new ApiAccess(url, null, null, null))) {
            source.start(told);
            String line = told.troubled(part);
            attempts.await();
            assertFalse(CLASS.matcher(line).find(), line);
            assertTrue(told.changes() <= 3, () -> told.changes() + " more lines");
        }
        assertEquals("", logged.toString(StandardCharsets.UTF_8));
    }
}
