package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is understood of an API server's answers. */
class ApiCallsTest {
    private final FakeApi api = new FakeApi();
    private final ApiClient client = new ApiClient(new ApiAccess(api.url(), null, null, null));
    private final ApiCalls calls = client.calls();

    @AfterEach
    void end() {
        client.close();
        api.close();
    }

    private static Throwable failure(CompletableFuture<?> call) {
        return assertThrows(ExecutionException.class, () -> call.get(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
    }

    private static ApiRefusal refusal(Throwable failure) {
        ApiRefusal refusal = Failures.refusal(failure);
        assertNotNull(refusal, failure::toString);
        return refusal;
    }

    /** How a watch at the nodes ends that is refused. */
    private Throwable watched() throws InterruptedException {
        return watched(calls);
    }

    private static Throwable watched(ApiCalls calls) throws InterruptedException {
        BlockingQueue<Throwable> ends = new LinkedBlockingQueue<>();
        var _ = watch(calls, ends);
        return next(ends);
    }

    private static Throwable next(BlockingQueue<Throwable> ends) throws InterruptedException {
        Throwable end = ends.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(end);
        return end;
    }

    private static EventStream watch(ApiCalls calls, BlockingQueue<Throwable> ends) {
        return calls.watch(FakeApi.NODES + "?watch=true&resourceVersion=1", Runnable::run, new EventStream.Listener() {
            @Override
            public void opened() {
                ends.add(new AssertionError("opened"));
            }

            @Override
            public void event(JsonNode event) {
                ends.add(new AssertionError("event"));
            }

            @Override
            public void ended(@Nullable Throwable failure) {
                ends.add(failure == null ? new AssertionError("ended well") : failure);
            }
        });
    }

    /** The connection of an answer that has ended is another's. */
    @Test
    void whoGivesUpAnEndedWatchBreaksNobodysConnection() throws Exception {
        api.fail(422);
        BlockingQueue<Throwable> ends = new LinkedBlockingQueue<>();
        EventStream ended = watch(calls, ends);
        next(ends);
        api.fail(0);
        api.slow(Duration.ofMillis(300));
        CompletableFuture<JsonNode> call = calls.get(FakeApi.VERSION, JsonNode.class);
        while (!FakeApi.VERSION.equals(api.asked.take().path())) {
            // the watch
        }
        ended.cancel();
        assertNotNull(call.get(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void whatTheApiAsksToBeLeftAloneForIsHeardByAll(int status) throws InterruptedException {
        api.fail(status, 7);
        for (Throwable failure : new Throwable[] {
            failure(calls.get(FakeApi.NODES + "?limit=500", KubeNodes.class)),
            failure(calls.patch(FakeApi.NODES + "/self/status", "{}", KubeNode.class)),
            watched()
        }) {
            ApiRefusal refusal = refusal(failure);
            assertEquals(status, refusal.code());
            assertEquals(Duration.ofSeconds(7), refusal.retryAfter());
            assertEquals(status + " made to fail", Failures.line(failure));
        }
    }

    @Test
    void anAnswerThatIsATextIsTold() throws InterruptedException {
        api.absent(FakeApi.NODES, true);
        ApiRefusal refusal = refusal(failure(calls.get(FakeApi.NODES, KubeNodes.class)));
        assertEquals("404 page not found", Failures.line(refusal));
        assertNull(refusal.retryAfter());
        assertTrue(refusal(watched()).isNotFound());
    }

    @Test
    void noAnswerIsNoRefusal() throws InterruptedException {
        api.hangUp(true);
        assertNull(Failures.refusal(failure(calls.get(FakeApi.VERSION, JsonNode.class))));
        assertNull(Failures.refusal(watched()));
        api.down();
        Throwable refused = failure(calls.get(FakeApi.VERSION, JsonNode.class));
        assertNull(Failures.refusal(refused));
        assertTrue(Failures.line(refused).contains("refused"), () -> Failures.line(refused));
        api.up();
    }

    /** How a question, and a watch if nothing comes, end at a server that sends a head, if it does, and then a byte now and then. */
    private static List<Throwable> slowly(String head, Duration limit) throws Exception {
        List<Throwable> ends = new ArrayList<>();
        Thread serving;
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                ApiClient impatient = new ApiClient(
                        new ApiAccess("http://127.0.0.1:" + server.getLocalPort(), null, null, null), limit)) {
            serving = Thread.ofVirtual().start(() -> serve(server, head));
            ends.add(failure(impatient.calls().get(FakeApi.NODES, KubeNodes.class)));
            if (head.isEmpty()) {
                ends.add(watched(impatient.calls()));
            }
        }
        serving.join();
        return ends;
    }

    private static void serve(ServerSocket server, String head) {
        try {
            while (true) {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> trickle(client, head));
            }
        } catch (IOException _) {
            // the end
        }
    }

    private static void trickle(Socket client, String head) {
        try (client) {
            OutputStream out = client.getOutputStream();
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 2_000; i++) {
                if (!head.isEmpty()) {
                    out.write(' ');
                }
                LockSupport.parkNanos(5_000_000);
            }
        } catch (IOException _) {
            // the client has given up
        }
    }

    @Test
    void whatIsAcceptedAndNotAnsweredIsGivenUp() throws Exception {
        for (Throwable end : slowly("", Duration.ofMillis(50))) {
            assertNull(Failures.refusal(end));
        }
    }

    @Test
    void anAnswerThatTricklesIsGivenUp() throws Exception {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n";
        assertTrue(slowly(head, Duration.ofMillis(500)).getFirst().toString().contains("no whole answer within"));
    }

    @Test
    void anAnswerIsNotLongerThanThereIsMemoryFor() {
        ObjectNode node = Nodes.bare("long", 1);
        Nodes.annotate(node, "long", "x".repeat(ApiCalls.MOST_BYTES));
        api.put(node);
        Throwable end = failure(calls.get(FakeApi.NODES, KubeNodes.class));
        assertEquals("an answer is longer than 8 MiB", Failures.line(end));
    }

    @Test
    void anAnswerOfAnotherShapeIsARefusal() {
        api.put(Manifests.json("{kind: 'Node', apiVersion: 'v1', metadata: {name: 'odd'}, spec: []}"));
        ApiRefusal refusal = refusal(failure(calls.get(FakeApi.NODES, KubeNodes.class)));
        assertTrue(Failures.line(refusal).startsWith("200 with an answer that cannot be read: "), refusal::toString);
    }
}
