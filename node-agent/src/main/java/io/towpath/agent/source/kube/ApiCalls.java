package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.towpath.agent.log.Uncaught;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the agent asks an API server. Paths begin with a slash. A future fails with an {@link ApiRefusal} if there is an answer that is
 * none, else with what kept it from coming; it is completed on the client's one thread, which nobody holds up.
 */
final class ApiCalls {
    private static final String STRATEGIC_MERGE = "application/strategic-merge-patch+json";
    private static final String METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    private static final String RETRY_AFTER = "Retry-After";

    /** So much of an answer that is no object is told. */
    private static final int TOLD = 200;

    /** Of one answer, and of one line of a watch: an object has at most some 1.5 MiB (etcd's limit), and few are that long. */
    static final int MOST_BYTES = 8 << 20;

    /** An answer that has begun may take so many times as long as it may take to begin. */
    private static final int WHOLE = 6;

    /** A watch may be held up so many times as long before it stands. */
    private static final int WATCH = 2;

    /** Has something done later, on the client's thread. */
    @FunctionalInterface
    interface Timer {
        /** The answer is called if it need not be done any more. */
        Runnable after(Duration wait, Runnable task);
    }

    private final HttpClient http;
    private final String base;
    private final ObjectMapper mapper;
    private final Duration limit;
    private final Timer timer;

    /**
     * Calls of a server.
     *
     * @param base its URL
     * @param limit how long an answer may take to begin; it has to end within six times that, and a watch to stand within twice
     */
    ApiCalls(HttpClient http, String base, ObjectMapper mapper, Duration limit, Timer timer) {
        this.http = http;
        this.base = base.replaceFirst("/+$", "");
        this.mapper = mapper;
        this.limit = limit;
        this.timer = timer;
    }

    /** An object, or a list of them. */
    <T> CompletableFuture<T> get(String path, Class<T> type) {
        return get(path, type, limit);
    }

    /** As {@link #get(String, Class)}, with another limit. */
    <T> CompletableFuture<T> get(String path, Class<T> type, Duration atMost) {
        return send(request(path, atMost), atMost, type);
    }

    /** A list of objects of which only the metadata are sent, a {@code PartialObjectMetadataList} of meta.k8s.io/v1. */
    CompletableFuture<JsonNode> metadata(String path) {
        return send(request(path, limit).header("Accept", METADATA), limit, JsonNode.class);
    }

    /** Makes an object. */
    <T> CompletableFuture<T> create(String path, String object, Class<T> type) {
        return send(request(path, limit).post("application/json", object), limit, type);
    }

    /** Changes an object by a strategic merge patch. */
    <T> CompletableFuture<T> patch(String path, String patch, Class<T> type) {
        return send(request(path, limit).patch(STRATEGIC_MERGE, patch), limit, type);
    }

    /**
     * Begins a watch.
     *
     * @param path with what asks for one
     * @param thread what the listener is called on, one call after the other
     */
    EventStream watch(String path, Executor thread, EventStream.Listener listener) {
        EventStream stream = new EventStream(mapper, thread, listener);
        try {
            Duration atMost = limit.multipliedBy(WATCH);
            Runnable inTime = timer.after(atMost, () -> stream.expire(atMost));
            var _ = http.consumeBytes(request(path, limit).forStreaming().build(), stream::received)
                    .whenComplete((_, _) -> inTime.run())
                    .whenComplete(stream::answered);
        } catch (RuntimeException e) {
            stream.answered(null, e); // before anything was sent, as where the token cannot be read
        }
        return stream;
    }

    private HttpRequest.Builder request(String path, Duration atMost) {
        return http.newHttpRequestBuilder().uri(base + path).timeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> CompletableFuture<T> send(HttpRequest.Builder request, Duration atMost, Class<T> type) {
        try {
            WholeAnswer answer = new WholeAnswer(MOST_BYTES);
            Duration whole = atMost.multipliedBy(WHOLE);
            Runnable inTime = timer.after(whole, () -> answer.expire(whole));
            var _ = http.consumeBytes(request.build(), answer::received).whenComplete(answer::answered);
            return answer.whole()
                    .whenComplete((_, _) -> inTime.run())
                    .thenApply(response -> read(response, answer, type))
                    .whenComplete((_, failure) -> Uncaught.endIfMust(failure));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> T read(HttpResponse<?> response, WholeAnswer answer, Class<T> type) {
        if (!response.isSuccessful()) {
            throw refusal(response, answer.told(), mapper);
        }
        try {
            return mapper.readValue(answer.content(), type);
        } catch (IOException e) {
            throw new ApiRefusal(
                    HttpURLConnection.HTTP_OK, "with an answer that cannot be read: " + e.getMessage(), null);
        }
    }

    /** What an answer says that is not what was asked for: a {@code Status} of meta/v1, or a text. */
    static ApiRefusal refusal(HttpResponse<?> response, byte[] body, ObjectMapper mapper) {
        JsonNode status = mapper.createObjectNode();
        try {
            status = mapper.readTree(body);
        } catch (IOException _) {
            // a text
        }
        String said = status.path("message").asText();
        String text = said.isEmpty() ? text(body, response.code()) : said;
        String why = text.isEmpty() ? reason(response) : text;
        return new ApiRefusal(response.code(), why, retryAfter(response.header(RETRY_AFTER), status));
    }

    /** A value, as it stands in the query of a path. */
    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    /** Takes no more of an answer. One that has come to its end stays: its connection may be another's by now, who would lose it. */
    static void abandon(AsyncBody answer) {
        if (!answer.done().isDone()) {
            answer.cancel();
        }
    }

    /** An object that came in an event. */
    <T> T read(JsonNode object, Class<T> type) throws JsonProcessingException {
        return mapper.treeToValue(object, type);
    }

    /** What an event of the type ERROR says. */
    static ApiRefusal refusal(JsonNode status) {
        String said = status.path("message").asText();
        String reason = status.path("reason").asText();
        return new ApiRefusal(
                status.path("code").asInt(),
                said.isEmpty() ? (reason.isEmpty() ? "an event that is an error without a word" : reason) : said,
                retryAfter(null, status));
    }

    /** Of an answer that says nothing itself. HTTP/2 has no words for a status. */
    private static String reason(HttpResponse<?> response) {
        String message = response.message();
        return message == null || message.isBlank() ? "without a word" : message.strip();
    }

    /** Of a page for people the title. */
    private static String text(byte[] body, int code) {
        String all = new String(body, StandardCharsets.UTF_8).strip();
        int title = all.indexOf("<title>");
        int end = all.indexOf("</title>", Math.max(0, title));
        String told = title >= 0 && end >= 0
                ? all.substring(title + "<title>".length(), end).strip()
                : all;
        String text = told.substring(0, Math.min(told.length(), TOLD));
        String number = code + " ";
        return text.startsWith(number) ? text.substring(number.length()) : text;
    }

    private static @Nullable Duration retryAfter(@Nullable String header, JsonNode status) {
        long seconds = status.path("details").path("retryAfterSeconds").asLong();
        if (header != null) {
            try {
                seconds = Math.max(seconds, Integer.parseInt(header.strip()));
            } catch (NumberFormatException _) {
                // a date, which no API server writes
            }
        }
        return seconds <= 0 ? null : Duration.ofSeconds(seconds);
    }
}
