package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An answer that is taken when all of it is there, if it is neither too long nor too late. Of the client's one thread. */
final class WholeAnswer {
    /** What is kept of an answer that refuses, about. */
    private static final int TOLD = 1 << 16;

    private final int most;
    private final List<byte[]> parts = new ArrayList<>();
    private final CompletableFuture<HttpResponse<?>> whole = new CompletableFuture<>();
    private int length;
    private @Nullable HttpResponse<AsyncBody> response;

    /** @param most how many bytes it may have */
    WholeAnswer(int most) {
        this.most = most;
    }

    /** Completed with the status and the headers when all is there. */
    CompletableFuture<HttpResponse<?>> whole() {
        return whole;
    }

    /** What came. */
    InputStream content() {
        return new SequenceInputStream(Collections.enumeration(
                parts.stream().<InputStream>map(ByteArrayInputStream::new).toList()));
    }

    /** What came, of an answer that refuses. */
    byte[] told() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        return all.toByteArray();
    }

    void answered(@Nullable HttpResponse<AsyncBody> begun, @Nullable Throwable failure) {
        if (begun == null) {
            whole.completeExceptionally(failure == null ? new IOException("no answer") : failure);
            return;
        }
        AsyncBody body = begun.body();
        response = begun;
        if (whole.isDone()) {
            ApiCalls.abandon(body);
            return;
        }
        var _ = body.done().whenComplete((_, broken) -> {
            if (broken == null) {
                whole.complete(begun);
            } else {
                whole.completeExceptionally(broken);
            }
        });
        body.consume();
    }

    void received(List<ByteBuffer> buffers, AsyncBody from) {
        HttpResponse<AsyncBody> begun = response;
        boolean isRefusal = begun != null && !begun.isSuccessful();
        for (ByteBuffer buffer : buffers) {
            if (isRefusal && length >= TOLD) {
                continue;
            }
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            length += bytes.length;
            if (length > most) {
                give(new LongAnswerException(most));
                return;
            }
            parts.add(bytes);
        }
        from.consume();
    }

    /** It is not waited for any longer. */
    void expire(Duration limit) {
        give(new IOException(
                response == null
                        ? "no answer within " + limit.toSeconds() + " s"
                        : "no whole answer within " + limit.toSeconds() + " s, only " + length + " bytes of it"));
    }

    private void give(IOException up) {
        if (whole.completeExceptionally(up)) {
            parts.clear();
            HttpResponse<AsyncBody> begun = response;
            if (begun != null) {
                ApiCalls.abandon(begun.body());
            }
        }
    }
}
