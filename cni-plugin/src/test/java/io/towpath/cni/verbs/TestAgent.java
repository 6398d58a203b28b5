package io.towpath.cni.verbs;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** What listens at the agent's socket: it answers one question after the other as it is told to. */
final class TestAgent implements AutoCloseable {
    static final String IN_FORCE = "HTTP/1.1 204 No Content\r\n\r\n";

    /** All that was asked, in order. */
    final List<String> questions = new CopyOnWriteArrayList<>();

    private final ServerSocketChannel listener;
    private final Answers answers;

    /** What it answers. */
    interface Answers {
        /** The answer to a question, after which the connection is closed; null to say nothing for ever. */
        @Nullable
        String to(String question) throws Exception;
    }

    /** Begins to listen. */
    TestAgent(Path socket, Answers answers) throws IOException {
        this.answers = answers;
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread serving = new Thread(this::serve);
        serving.setDaemon(true);
        serving.start();
    }

    static String http(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private void serve() {
        try {
            while (true) {
                SocketChannel client = listener.accept();
                String question = read(client);
                questions.add(question);
                String answer = answers.to(question);
                if (answer == null) {
                    continue;
                }
                client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                client.close();
            }
        } catch (Exception e) {
            // The end of the test, or one of its answers failed: whoever waits for one is told by the missing answer.
            questions.add(e.toString());
        }
    }

    private static String read(SocketChannel client) throws IOException {
        ByteBuffer received = ByteBuffer.allocate(4096);
        String text;
        do {
            client.read(received);
            text = new String(received.array(), 0, received.position(), StandardCharsets.UTF_8);
        } while (!text.endsWith(text.startsWith("GET ") ? "\r\n\r\n" : "}"));
        return text;
    }

    /** The content of a question. */
    static String body(String question) {
        return question.substring(question.indexOf("\r\n\r\n") + 4);
    }

    /** Ends; the socket is left, as by an agent that was killed. */
    @Override
    public void close() throws IOException {
        listener.close();
    }
}
