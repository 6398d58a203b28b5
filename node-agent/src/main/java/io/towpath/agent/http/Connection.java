package io.towpath.agent.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One request and its answer: the request is read, the answer written when it is there, and then the client hangs up. */
final class Connection {
    private static final int MAX_HEAD = 8 << 10;
    private static final int MAX_BODY = 32 << 10;
    private static final String LENGTH = "content-length:";

    private final SocketChannel channel;
    private final Function<Request, CompletableFuture<Response>> pages;
    private final Runnable answered;
    private final long patienceNanos;
    private ByteBuffer received = ByteBuffer.allocate(MAX_HEAD);
    private long deadline;
    private boolean withContent = true;
    private @Nullable CompletableFuture<Response> response;
    private @Nullable ByteBuffer answer;

    /**
     * @param pages gives the answer to a request; it is cancelled if the client hangs up before
     * @param answered called by any thread when there is an answer that was not there at once
     * @param patienceNanos how long reading may take, and how long writing; an answer may take as long as it takes
     */
    Connection(
            SocketChannel channel,
            Function<Request, CompletableFuture<Response>> pages,
            Runnable answered,
            long patienceNanos) {
        this.channel = channel;
        this.pages = pages;
        this.answered = answered;
        this.patienceNanos = patienceNanos;
        deadline = System.nanoTime() + patienceNanos;
    }

    boolean isOverdue(long now) {
        return !isWaiting() && now - deadline >= 0;
    }

    /** Whether there is a request without an answer yet. */
    boolean isWaiting() {
        return response != null && answer == null;
    }

    void close() throws IOException {
        channel.close();
    }

    /** Goes on as far as it can without waiting; true if it has ended. */
    boolean proceed(SelectionKey key) throws IOException {
        CompletableFuture<Response> coming = response;
        if (coming == null) {
            boolean ended = channel.read(received) < 0;
            coming = response(ended);
            if (coming == null) {
                return ended;
            }
            response = coming;
            if (!coming.isDone()) {
                var _ = coming.whenComplete((_, _) -> answered.run());
                return false;
            }
        }
        if (answer == null) {
            if (!coming.isDone()) {
                return isGone(coming);
            }
            answer = ByteBuffer.wrap(coming.join().bytes(withContent));
            deadline = System.nanoTime() + patienceNanos;
        } else if (!answer.hasRemaining()) {
            // What the client still sends is read, as the kernel would else throw away what it has not yet taken.
            received.clear();
            return channel.read(received) < 0;
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

    /** Whether the client has hung up before it had its answer; then nobody has to find one any more. */
    private boolean isGone(CompletableFuture<Response> coming) throws IOException {
        received.clear();
        boolean gone = channel.read(received) < 0;
        if (gone) {
            coming.cancel(false);
        }
        return gone;
    }

    /** The answer to what has come so far, null if more must come. */
    private @Nullable CompletableFuture<Response> response(boolean ended) {
        String text = new String(received.array(), 0, received.position(), StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        int bodyStart = end + 4;
        if (end < 0) {
            end = text.indexOf("\n\n");
            bodyStart = end + 2;
        }
        if (end < 0) {
            return ended || received.position() < MAX_HEAD
                    ? null
                    : at(Response.HEAD_TOO_LARGE, "the head of a request has at most " + MAX_HEAD + " bytes");
        }
        String[] words = text.substring(0, text.indexOf('\n')).strip().split(" ", -1);
        if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
            return at(Response.BAD_REQUEST, "this is no request of HTTP/1.1");
        }
        withContent = !words[0].equals("HEAD");
        int length = length(text.substring(0, end));
        if (length < 0 || length > MAX_BODY) {
            return at(Response.BAD_REQUEST, "the content of a request has at most " + MAX_BODY + " bytes");
        }
        if (received.position() < bodyStart + length) {
            if (received.capacity() < bodyStart + length) {
                received = ByteBuffer.wrap(Arrays.copyOf(received.array(), bodyStart + length))
                        .position(received.position());
            }
            return null;
        }
        String body = new String(received.array(), bodyStart, length, StandardCharsets.UTF_8);
        try {
            return pages.apply(Request.of(words[0], words[1], body));
        } catch (IllegalArgumentException e) {
            return at(Response.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    /** The length of the content that the head tells of, in bytes; negative if it tells nonsense. */
    private static int length(String head) {
        for (String line : head.split("\n", -1)) {
            if (line.toLowerCase(Locale.ROOT).startsWith(LENGTH)) {
                String digits = line.substring(LENGTH.length()).strip();
                boolean isNumber = !digits.isEmpty()
                        && digits.length() < 10
                        && digits.chars().allMatch(c -> c >= '0' && c <= '9');
                return isNumber ? Integer.parseInt(digits) : -1;
            }
        }
        return 0;
    }

    private static CompletableFuture<Response> at(int status, String line) {
        return CompletableFuture.completedFuture(Response.text(status, line));
    }
}
