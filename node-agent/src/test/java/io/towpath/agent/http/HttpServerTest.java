package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpServerTest {
    @TempDir
    private Path folder;

    private UnixDomainSocketAddress address() {
        return UnixDomainSocketAddress.of(folder.resolve("agent.sock"));
    }

    private static Log log() {
        return log(OutputStream.nullOutputStream());
    }

    private static Log log(OutputStream to) {
        return new Log(
                new PrintStream(to, true, StandardCharsets.UTF_8), Log.Form.TEXT, Log.Level.INFO, Clock.systemUTC());
    }

    /** One that cannot be made, by a mistake of ours, leaves the others their answers. */
    @Test
    void listenerThatFailsEndsNoOther() throws Exception {
        CountDownLatch tries = new CountDownLatch(3);
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        Renewable broken = new Renewable() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public ServerSocketChannel renewed() {
                tries.countDown();
                throw new UnsupportedAddressTypeException();
            }
        };
        CompletableFuture<Response> answer = CompletableFuture.completedFuture(Response.text(200, "well"));
        try (UnixListener listener = UnixListener.open(address().getPath(), 10);
                HttpServer server = new HttpServer(log(logged))) {
            server.listen(listener.channel(), _ -> answer, 10);
            server.listen(broken, null, _ -> answer, 10);
            server.start();
            assertTrue(tries.await(20, TimeUnit.SECONDS));
            try (SocketChannel client = SocketChannel.open(address())) {
                client.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
                String told = new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(told.startsWith("HTTP/1.1 200 "), told);
            }
        }
        String problems = logged.toString(StandardCharsets.UTF_8);
        assertTrue(problems.contains("subject=broken"), problems);
        assertFalse(problems.contains("thread http"), problems);
    }

    @Test
    void answerThatNobodyWaitsForAnyMoreIsCancelled() throws Exception {
        BlockingQueue<CompletableFuture<Response>> answers = new LinkedBlockingQueue<>();
        try (UnixListener listener = UnixListener.open(address().getPath(), 10);
                HttpServer server = new HttpServer(log())) {
            server.listen(
                    listener.channel(),
                    _ -> {
                        CompletableFuture<Response> answer = new CompletableFuture<>();
                        answers.add(answer);
                        return answer;
                    },
                    10);
            server.start();
            CompletableFuture<Response> answer;
            try (SocketChannel client = SocketChannel.open(address())) {
                client.write(ByteBuffer.wrap("GET /late HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
                answer = Objects.requireNonNull(answers.poll(20, TimeUnit.SECONDS));
            }
            CompletableFuture<Void> ended = new CompletableFuture<>();
            var _ = answer.whenComplete((_, _) -> ended.complete(null));
            ended.get(20, TimeUnit.SECONDS);
            assertTrue(answer.isCancelled());
        }
    }

    @Test
    void aMistakeInAnAnswerEndsThatConnectionAlone() throws Exception {
        try (UnixListener listener = UnixListener.open(address().getPath(), 10);
                HttpServer server = new HttpServer(log())) {
            server.listen(
                    listener.channel(),
                    request -> switch (request.path()) {
                        case "/error" -> throw new NoSuchMethodError("<init>");
                        case "/late" -> CompletableFuture.failedFuture(new IllegalStateException("odd"));
                        default -> CompletableFuture.completedFuture(Response.text(Response.OK, "well"));
                    },
                    10);
            server.start();
            assertEquals("", answer("/error"));
            assertEquals("", answer("/late"));
            assertTrue(answer("/").endsWith("well\n"));
        }
    }

    private String answer(String path) throws IOException {
        try (SocketChannel client = SocketChannel.open(address())) {
            client.write(ByteBuffer.wrap(("GET " + path + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void asManyCanConnectAtOnceAsAreServedAtOnce() throws Exception {
        List<SocketChannel> clients = new ArrayList<>();
        try (UnixListener _ = UnixListener.open(address().getPath(), 200)) {
            for (int i = 0; i < 200; i++) {
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
                clients.add(client);
                client.configureBlocking(false);
                assertTrue(client.connect(address()), "client " + i);
            }
        } finally {
            for (SocketChannel each : clients) {
                each.close();
            }
        }
    }
}
