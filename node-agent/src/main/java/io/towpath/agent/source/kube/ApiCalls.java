package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
    private static final String RETRY_AFTER = "Retry-After";

    /** So much of an answer that is no object is told. */
    private static final int TOLD = 200;

    private final HttpClient http;
    private final String base;
    private final ObjectMapper mapper;
    private final Duration limit;

    /**
     * Calls of a server.
     *
     * @param base its URL
     * @param limit how long an answer may take to begin
     */
    ApiCalls(HttpClient http, String base, ObjectMapper mapper, Duration limit) {
        this.http = http;
        this.base = base.replaceFirst("/+$", "");
        this.mapper = mapper;
        this.limit = limit;
    }

    /** An object, or a list of them. */
    <T> CompletableFuture<T> get(String path, Class<T> type) {
        return get(path, type, limit);
    }

    /** As {@link #get(String, Class)}, with another limit. */
    <T> CompletableFuture<T> get(String path, Class<T> type, Duration atMost) {
        return send(request(path, atMost), type);
    }

    /** Makes an object. */
    <T> CompletableFuture<T> create(String path, String object, Class<T> type) {
        return send(request(path, limit).post("application/json", object), type);
    }

    /** Changes an object by a strategic merge patch. */
    <T> CompletableFuture<T> patch(String path, String patch, Class<T> type) {
        return send(request(path, limit).patch(STRATEGIC_MERGE, patch), type);
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
            var _ = http.consumeBytes(request(path, limit).forStreaming().build(), stream::received)
                    .whenComplete(stream::answered);
        } catch (RuntimeException e) {
            stream.answered(null, e); // before anything was sent, as where the token cannot be read
        }
        return stream;
    }

    private HttpRequest.Builder request(String path, Duration atMost) {
        return http.newHttpRequestBuilder().uri(base + path).timeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> CompletableFuture<T> send(HttpRequest.Builder request, Class<T> type) {
        try {
            return http.sendAsync(request.build(), byte[].class)
                    .thenApply(response -> read(response, type))
                    .whenComplete((_, failure) -> Uncaught.endIfMust(failure));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> T read(HttpResponse<byte[]> response, Class<T> type) {
        if (!response.isSuccessful()) {
            throw refusal(response, response.body(), mapper);
        }
        try {
            return mapper.readValue(response.body(), type);
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
        String why = said.isEmpty() ? text(body, response.code()) : said;
        return new ApiRefusal(response.code(), why, retryAfter(response.header(RETRY_AFTER), status));
    }

    /** A value, as it stands in the query of a path. */
    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    /** An object that came in an event. */
    <T> T read(JsonNode object, Class<T> type) throws JsonProcessingException {
        return mapper.treeToValue(object, type);
    }

    /** What an event of the type ERROR says. */
    static ApiRefusal refusal(JsonNode status) {
        return new ApiRefusal(
                status.path("code").asInt(), status.path("message").asText(), retryAfter(null, status));
    }

    private static String text(byte[] body, int code) {
        String text = new String(body, 0, Math.min(body.length, TOLD), StandardCharsets.UTF_8).strip();
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
