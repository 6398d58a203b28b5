package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyCommandTest extends CliScene {
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
}
