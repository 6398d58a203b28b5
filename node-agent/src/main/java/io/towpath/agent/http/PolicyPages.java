package io.towpath.agent.http;

import io.towpath.agent.policy.Handover;
import io.towpath.agent.policy.PolicyLoop;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.EndpointName;
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
            case "GET /policy/pods" -> podOf(enforcing, request);
            case "GET /policy/explain" -> explain(enforcing, request);
            case "GET /policy/log" -> log(enforcing, request);
            default ->
                at(
                        Response.NOT_FOUND,
                        "there are POST /policy/endpoints, GET /policy/pods, GET /policy/explain and GET /policy/log");
        };
    }

    /** Whose a link is; the CNI executable asks, if the pod of it has what another pod wants. */
    private static CompletableFuture<Response> podOf(PolicyLoop loop, Request request) {
        String link = request.query().getOrDefault("link", "");
        if (!EndpointName.isHostName(link)) {
            throw new IllegalArgumentException("link is wrong: \"" + link + "\"");
        }
        PolicyFacts current = loop.currentFacts();
        if (current == null) {
            return at(Response.UNAVAILABLE, "the Kubernetes API does not tell which pods there are");
        }
        String pod = current.podOf(link);
        return pod == null
                ? at(Response.GONE, "the Kubernetes API has no pod on this node that link " + link + " is of")
                : at(Response.OK, pod);
    }

    private static CompletableFuture<Response> explain(PolicyLoop loop, Request request) {
        PolicyFacts known = loop.facts();
        if (known == null) {
            return at(Response.UNAVAILABLE, "the policies of the cluster are not known yet");
        }
        String json = Explaining.answer(known.facts(), loop.nodes(), request.query());
        return CompletableFuture.completedFuture(new Response(Response.OK, "application/json", json));
    }

    private static CompletableFuture<Response> log(PolicyLoop loop, Request request) {
        String after = request.query().getOrDefault("after", "0");
        if (after.length() > 18 || !after.chars().allMatch(c -> c >= '0' && c <= '9') || after.isEmpty()) {
            throw new IllegalArgumentException("after is no number: \"" + after + "\"");
        }
        String json = DenialJson.of(loop.denials(), Long.parseLong(after)).toString();
        return CompletableFuture.completedFuture(new Response(Response.OK, "application/json", json));
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
