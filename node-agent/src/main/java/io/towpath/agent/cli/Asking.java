package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.overlay.OverlayConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Asks the agent of this node over its unix socket. */
final class Asking {
    private static final String SOCKET = "--socket";
    private static final String DEFAULT = OverlayConfig.DEFAULT_STATE_DIRECTORY + "/agent.sock";
    private static final int BUFFER = 64 << 10;
    private static final long PATIENCE_NANOS = 5_000_000_000L;
    private static final JsonMapper MAPPER = new JsonMapper();

    /** The agent's own: wrong, nothing there, not now. */
    private static final List<String> REFUSALS = List.of("HTTP/1.1 400 ", "HTTP/1.1 404 ", "HTTP/1.1 503 ");

    private Asking() {}

    static OptionSpec socketOption() {
        return Cli.text(SOCKET, "FILE", DEFAULT, "The agent's unix socket.");
    }

    static Path socket(ParseResult options) {
        try {
            return Path.of(Cli.value(options, SOCKET));
        } catch (InvalidPathException _) {
            throw Cli.wrong(options, SOCKET, "is no path");
        }
    }

    /**
     * The agent's status.
     *
     * @return null if no agent answers there
     * @throws IOException if one is there and may not be asked, or answers something else
     */
    static @Nullable JsonNode status(Path socket) throws IOException {
        return get(socket, "/status");
    }

    /**
     * What the agent answers.
     *
     * @param target the path, and what is asked in the form of a query
     * @return null if no agent answers there
     * @throws IOException if one is there and may not be asked, refuses, which its line tells, or answers something else
     */
    static @Nullable JsonNode get(Path socket, String target) throws IOException {
        if (!Files.exists(socket)) {
            return null;
        }
        String answer;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                // An agent that ends takes its socket away, maybe just now.
                if (!Files.isWritable(socket) && Files.exists(socket)) {
                    throw new IOException("the agent's socket " + socket + " is for root only: run this as root", e);
                }
                return null; // of an agent that has ended
            }
            ByteBuffer request = ByteBuffer.wrap(
                    ("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            answer = isWritten(channel, request) ? answer(channel, socket) : "";
        }
        if (answer.isEmpty()) {
            return null; // of an agent that has ended meanwhile
        }
        int end = answer.indexOf("\r\n\r\n");
        if (end >= 0 && REFUSALS.stream().anyMatch(answer::startsWith)) {
            throw new IOException(answer.substring(end + 4).strip());
        }
        if (end < 0 || !answer.startsWith("HTTP/1.1 200 ")) {
            throw new IOException("what listens on " + socket + " is no agent: it answers \""
                    + answer.lines().findFirst().orElse("") + "\"");
        }
        return MAPPER.readTree(answer.substring(end + 4));
    }

    /**
     * A list that the agent answers.
     *
     * @param key what the list is called in the answer
     * @param without what there is to say where no agent answers
     * @return the whole answer, of which {@code key} is an array
     * @throws IOException as {@link #get}, and if no agent answers
     */
    static ObjectNode list(Path socket, String target, String key, String without) throws IOException {
        JsonNode answer = get(socket, target);
        if (answer instanceof ObjectNode known && known.path(key).isArray()) {
            return known;
        }
        throw new IOException(
                answer == null
                        ? "no agent answers on " + socket + ": is it running? " + without
                        : "the agent at " + socket + " answers something else than a list of " + key);
    }

    /** False if nobody is there to read it any more. */
    private static boolean isWritten(SocketChannel channel, ByteBuffer request) {
        try {
            while (request.hasRemaining()) {
                channel.write(request);
            }
            return true;
        } catch (IOException _) {
            return false; // EPIPE
        }
    }

    /** All that comes until the other side closes; nothing if it did so without an answer. */
    private static String answer(SocketChannel channel, Path socket) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer some = ByteBuffer.allocate(BUFFER);
        try (Selector selector = Selector.open()) {
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ);
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (true) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0 || (selector.select(left) == 0 && System.nanoTime() - deadline >= 0)) {
                    throw new IOException("the agent at " + socket + " does not answer: is it stopped?");
                }
                selector.selectedKeys().clear();
                if (isAtEnd(channel, some)) {
                    return all.toString(StandardCharsets.UTF_8);
                }
                all.write(some.array(), 0, some.position());
                some.clear();
            }
        }
    }

    private static boolean isAtEnd(SocketChannel channel, ByteBuffer some) {
        try {
            return channel.read(some) < 0;
        } catch (IOException _) {
            return true; // ECONNRESET, of a process that has ended with the question unread
        }
    }
}
