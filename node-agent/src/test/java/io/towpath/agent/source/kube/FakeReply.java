package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** An answer of a {@link FakeApi}. */
record FakeReply(int code, String type, String body) {
    static FakeReply json(int code, JsonNode body) {
        return new FakeReply(code, "application/json", body.toString());
    }

    /** A {@code Status} of meta/v1. */
    static FakeReply status(int code) {
        ObjectNode status =
                FakeApi.MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
        return json(code, status.put("status", "Failure").put("code", code).put("message", "made to fail"));
    }

    /** What an API server says of a path that leads nowhere. */
    static FakeReply notFound() {
        return new FakeReply(404, "text/plain; charset=utf-8", "404 page not found\n");
    }

    void send(HttpExchange exchange) throws IOException {
        byte[] answer = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(code, answer.length);
        exchange.getResponseBody().write(answer);
    }
}
