package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.towpath.agent.log.Uncaught;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a watch: events, a line each, as they come. So much of it is taken ahead that nobody waits for the other at each piece, and no
 * more before what came has been dealt with.
 */
final class EventStream {
    private static final byte NEWLINE = '\n';

    /** What is kept of an answer that refuses, about. */
    private static final int TOLD = 1 << 16;

    /** Bytes that may have come and not been dealt with when more are taken. */
    private static final int AHEAD = 1 << 18;

    private final ObjectMapper mapper;
    private final Executor thread;
    private final Listener listener;

    private volatile boolean cancelled;
    private volatile @Nullable AsyncBody body;
    private final AtomicInteger ahead = new AtomicInteger();

    // Of the thread alone.
    private final ByteArrayOutputStream rest = new ByteArrayOutputStream();
    private boolean refused;
    private boolean ended;

    /** Who watches. */
    interface Listener {
        /** The watch stands. */
        void opened();

        /** An object with {@code type} and {@code object}. */
        void event(JsonNode event);

        /**
         * Nothing more comes; called once, and not after {@link #cancel}.
         *
         * @param failure null if the server has ended it as it should
         */
        void ended(@Nullable Throwable failure);
    }

    EventStream(ObjectMapper mapper, Executor thread, Listener listener) {
        this.mapper = mapper;
        this.thread = thread;
        this.listener = listener;
    }

    /** It is not waited for any longer, if it has not begun. */
    void expire(Duration limit) {
        if (body == null) {
            run(() -> {
                if (body == null) {
                    end(new IOException("no answer to a watch within " + limit.toSeconds() + " s"));
                    cancel();
                }
            });
        }
    }

    /** Nothing is told from now on. */
    void cancel() {
        cancelled = true;
        AsyncBody open = body;
        if (open != null) {
            ApiCalls.abandon(open);
        }
    }

    void answered(@Nullable HttpResponse<AsyncBody> response, @Nullable Throwable failure) {
        if (response == null) {
            Throwable why = failure == null ? new IOException("no answer") : failure;
            run(() -> end(why));
            return;
        }
        AsyncBody open = response.body();
        body = open;
        if (cancelled) {
            ApiCalls.abandon(open);
            return;
        }
        run(() -> {
            refused = !response.isSuccessful();
            if (!refused) {
                listener.opened();
            }
        });
        var _ = open.done()
                .whenComplete((_, broken) -> run(() -> end(
                        refused && broken == null ? ApiCalls.refusal(response, rest.toByteArray(), mapper) : broken)));
        open.consume();
    }

    void received(List<ByteBuffer> buffers, AsyncBody from) {
        int came = buffers.stream().mapToInt(ByteBuffer::remaining).sum();
        boolean isRoom = ahead.addAndGet(came) < AHEAD;
        run(() -> {
            for (ByteBuffer buffer : buffers) {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                take(bytes);
            }
            ahead.addAndGet(-came);
            if (!isRoom && !cancelled) {
                from.consume();
            }
        });
        if (isRoom && !cancelled) {
            from.consume();
        }
    }

    private void take(byte[] bytes) {
        int from = 0;
        for (int at = 0; at < bytes.length && !refused; at++) {
            if (bytes[at] == NEWLINE) {
                rest.write(bytes, from, at - from);
                from = at + 1;
                byte[] line = rest.toByteArray();
                rest.reset();
                tell(line);
            }
        }
        if (!refused || rest.size() < TOLD) {
            rest.write(bytes, from, bytes.length - from);
        }
        if (rest.size() > ApiCalls.MOST_BYTES) {
            rest.reset();
            end(new ApiRefusal(
                    HttpURLConnection.HTTP_OK,
                    "with an event that is longer than " + (ApiCalls.MOST_BYTES >> 20) + " MiB",
                    null));
            cancel();
        }
    }

    private void tell(byte[] line) {
        if (ended || cancelled) {
            return;
        }
        try {
            listener.event(mapper.readTree(line));
        } catch (JsonProcessingException e) {
            fail("an event that is no JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            fail("an event that is no JSON: " + e.getMessage());
        }
    }

    private void fail(String why) {
        end(new ApiRefusal(HttpURLConnection.HTTP_OK, why, null));
        cancel();
    }

    private void end(@Nullable Throwable failure) {
        Uncaught.endIfMust(failure);
        if (!ended && !cancelled && !(failure instanceof CancellationException)) {
            ended = true;
            listener.ended(failure);
        }
    }

    private void run(Runnable task) {
        thread.execute(() -> {
            if (!cancelled) {
                task.run();
            }
        });
    }
}
