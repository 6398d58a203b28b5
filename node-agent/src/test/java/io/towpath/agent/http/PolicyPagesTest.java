package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.policy.PolicyLoop;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pods that are handed over, as the CNI executable does it. */
@NeedsRoot
class PolicyPagesTest {
    @TempDir
    private Path folder;

    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
    private final Heartbeat heartbeat = new Heartbeat(Duration.ofMinutes(2));

    private Path socket() {
        return folder.resolve("agent.sock");
    }

    private Endpoints open(@Nullable PolicyLoop policy) throws IOException {
        return Endpoints.open(
                IpAddress.parse("127.0.0.1"), 0, socket(), board, List.of(heartbeat), policy, "1.2.3", log());
    }

    private static Log log() {
        return new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    private String post(String path, String content) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket()));
            String head = "POST " + path + " HTTP/1.1\r\nContent-Length: "
                    + content.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n";
            client.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
            client.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)));
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String handover(String link, int wait) {
        return """
                {"namespace":"default","name":"web","uid":null,"link":"%s","addresses":["10.64.1.2","fd00::2"],\
                "waitMilliseconds":%d}""".formatted(link, wait);
    }

    @Test
    void anAgentWithoutPoliciesTakesNoPods() throws IOException {
        try (Endpoints _ = open(null)) {
            String answer = post("/policy/endpoints", handover("cali0123456789a", 100));
            assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
            assertEquals("this agent enforces no policies\n", body(answer));
        }
    }

    @Test
    void whoeverHandsAPodOverWaitsAndOthersDoNot() throws Exception {
        PolicyLoop loop = new PolicyLoop(log(), Clock.systemUTC(), heartbeat, board::publish);
        try (Endpoints _ = open(loop)) {
            Thread loops = new Thread(() -> assertDoesNotThrow(() -> {
                String late = post("/policy/endpoints", handover("cali0123456789a", 60_000));
                assertTrue(late.startsWith("HTTP/1.1 503 "), late);
                assertEquals("the agent is stopping\n", body(late));
            }));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            loops.setUncaughtExceptionHandler((_, e) -> failure.set(e));
            // Without facts nothing in the kernel is touched.
            loop.start();
            loops.start();
            String early = post("/policy/endpoints", handover("cali0123456789b", 50));
            assertTrue(early.startsWith("HTTP/1.1 503 Service Unavailable\r\n"), early);
            assertEquals("the policies of the cluster are not known yet\n", body(early));
            assertTrue(loops.isAlive());
            assertTrue(post("/policy/nothing", "").startsWith("HTTP/1.1 404 "));
            loop.close();
            loops.join();
            assertNull(failure.get());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            nonsense                                                                        | no JSON: Unrecognized token
            {"name":"a","namespace":"b","link":"cali0123456789a","waitMilliseconds":1}      | addresses is missing
            {"name":"a","namespace":"b","link":"cali0123456789a","waitMilliseconds":1,"addresses":["x"]} | addresses is wrong: "x"
            {"name":"a","namespace":"b","link":"eth0","waitMilliseconds":1,"addresses":["10.0.0.1"]} | link is wrong: "eth0"
            {"name":"a","namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"]} | waitMilliseconds is missing
            {"name":"a","namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":9999999} | waitMilliseconds is wrong: 9999999
            {"namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":1} | name is missing
            {"name":"a","namespace":"","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":1} | namespace is wrong: ""
            """)
    void aHandoverThatIsWrongIsRefused(String content, String reason) throws Exception {
        try (PolicyLoop loop = new PolicyLoop(log(), Clock.systemUTC(), heartbeat, board::publish);
                Endpoints _ = open(loop)) {
            String answer = post("/policy/endpoints", content);
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
            assertTrue(body(answer).startsWith(reason), answer);
            assertEquals(1, body(answer).lines().count());
        }
    }

    @Test
    void contentThatIsTooLongIsRefused() throws IOException {
        try (Endpoints _ = open(null)) {
            String answer = post("/policy/endpoints", "x".repeat(40_000));
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
            assertEquals("the content of a request has at most 32768 bytes\n", body(answer));
        }
    }
}
