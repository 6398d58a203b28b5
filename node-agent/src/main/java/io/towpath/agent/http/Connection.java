package io.towpath.agent.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One request and its answer: the request's head is read, the answer written, and then the client hangs up. */
final class Connection {
    private static final int MAX_HEAD = 8 << 10;

    private final SocketChannel channel;
    private final Function<String, Response> pages;
    private final ByteBuffer head = ByteBuffer.allocate(MAX_HEAD);
    private final long deadline;
    private @Nullable ByteBuffer answer;

    /**
     * @param pages gives the page for a path
     * @param deadline when it must have ended, as {@link System#nanoTime} tells
     */
    Connection(SocketChannel channel, Function<String, Response> pages, long deadline) {
        this.channel = channel;
        this.pages = pages;
        this.deadline = deadline;
    }

    boolean isOverdue(long now) {
        return now - deadline >= 0;
    }

    void close() throws IOException {
        channel.close();
    }

    /** Goes on as far as it can without waiting; true if it has ended. */
    boolean proceed(SelectionKey key) throws IOException {
        if (answer == null) {
            boolean ended = channel.read(head) < 0;
            Response response = response(ended);
            if (response == null) {
                return ended;
            }
            answer = ByteBuffer.wrap(response.bytes(!method().equals("HEAD")));
        } else if (!answer.hasRemaining()) {
            // What the client still sends is read, as the kernel would else throw away what it has not yet taken.
            head.clear();
            return channel.read(head) < 0;
        }
        channel.write(answer);
        if (answer.hasRemaining()) {
            key.interestOps(SelectionKey.OP_WRITE);
        } else {
            channel.shutdownOutput();
            key.interestOps(SelectionKey.OP_READ);
        }
        return false;
    }

    /** The answer to what has come so far, null if more must come. */
    private @Nullable Response response(boolean ended) {
        String text = new String(head.array(), 0, head.position(), StandardCharsets.ISO_8859_1);
        if (!text.contains("\r\n\r\n") && !text.contains("\n\n")) {
            return ended || head.hasRemaining()
                    ? null
                    : Response.text(
                            Response.HEAD_TOO_LARGE, "the head of a request has at most " + MAX_HEAD + " bytes");
        }
        String[] words = text.substring(0, text.indexOf('\n')).strip().split(" ", -1);
        if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
            return Response.text(Response.BAD_REQUEST, "this is no request of HTTP/1.1");
        }
        if (!words[0].equals("GET") && !words[0].equals("HEAD")) {
            return Response.text(Response.METHOD_NOT_ALLOWED, "there is nothing here but to GET");
        }
        int query = words[1].indexOf('?');
        return pages.apply(query < 0 ? words[1] : words[1].substring(0, query));
    }

    private String method() {
        String text = new String(head.array(), 0, head.position(), StandardCharsets.ISO_8859_1);
        int space = text.indexOf(' ');
        return space < 0 ? "" : text.substring(0, space);
    }
}
