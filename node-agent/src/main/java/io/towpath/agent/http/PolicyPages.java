package io.towpath.agent.http;

import io.towpath.agent.policy.Handover;
import io.towpath.agent.policy.PolicyLoop;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What is to ask of policies. */
final class PolicyPages {
    private final @Nullable PolicyLoop loop;

    /** @param loop null for an agent that enforces none */
    PolicyPages(@Nullable PolicyLoop loop) {
        this.loop = loop;
    }

    CompletableFuture<Response> answer(Request request) {
        PolicyLoop enforcing = loop;
        if (enforcing == null) {
            return at(Response.NOT_FOUND, "this agent enforces no policies");
        }
        return switch (request.method() + " " + request.path()) {
            case "POST /policy/endpoints" -> handOver(enforcing, request.body());
            default -> at(Response.NOT_FOUND, "there is POST /policy/endpoints");
        };
    }

    private static CompletableFuture<Response> handOver(PolicyLoop loop, String body) {
        return loop.handOver(Handover.read(body))
                .thenApply(reason -> reason == null
                        ? new Response(Response.NO_CONTENT, "text/plain", "")
                        : Response.text(Response.UNAVAILABLE, reason));
    }

    private static CompletableFuture<Response> at(int status, String line) {
        return CompletableFuture.completedFuture(Response.text(status, line));
    }
}
