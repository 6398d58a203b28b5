package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.policy.Handover;
import io.towpath.agent.policy.PolicyController;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.StatusBoard;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.netlink.NetlinkException;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.facts.PodFact;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What is to ask of policies. */
final class PolicyPages {
    private static final String JSON = "application/json";
    private static final String ENDPOINTS = "/policy/endpoints";

    private final @Nullable PolicyController controller;
    private final StatusBoard board;
    private final PageThread slow;

    /** @param controller null for an agent that enforces none */
    PolicyPages(@Nullable PolicyController controller, StatusBoard board, PageThread slow) {
        this.controller = controller;
        this.board = board;
        this.slow = slow;
    }

    CompletableFuture<Response> answer(Request request) {
        PolicyController enforcing = controller;
        if (enforcing == null && request.isLook() && request.path().equals(ENDPOINTS)) {
            return slow.make(() -> endpoints(null));
        }
        if (enforcing == null) {
            return at(Response.NOT_FOUND, "this agent enforces no policies");
        }
        return switch (request.method() + " " + request.path()) {
            case "POST /policy/endpoints" -> handOver(enforcing, request.body());
            case "GET /policy/endpoints" -> slow.make(() -> endpoints(enforcing));
            case "GET /policy/list" -> slow.make(() -> list(enforcing));
            case "GET /policy/pods" -> podOf(enforcing, request);
            case "GET /policy/explain" -> slow.make(() -> explain(enforcing, request));
            case "GET /policy/log" -> slow.make(() -> log(enforcing, request));
            default ->
                at(
                        Response.NOT_FOUND,
                        "there are POST /policy/endpoints, GET /policy/endpoints, GET /policy/list, GET /policy/pods,"
                                + " GET /policy/explain and GET /policy/log");
        };
    }

    /** Whose a link is; the CNI executable asks, if the pod of it has what another pod wants. */
    private static CompletableFuture<Response> podOf(PolicyController controller, Request request) {
        String link = request.query().getOrDefault("link", "");
        if (!EndpointName.isHostName(link)) {
            throw new IllegalArgumentException("link is wrong: \"" + link + "\"");
        }
        PolicyFacts current = controller.currentFacts();
        if (current == null) {
            return at(Response.UNAVAILABLE, "the Kubernetes API does not tell which pods there are");
        }
        if (controller.isNotKnownYet(link)) {
            return at(
                    Response.UNAVAILABLE,
                    "the Kubernetes API has not told yet of the pod that link " + link + " is of");
        }
        String pod = current.podOf(link);
        return pod == null
                ? at(Response.GONE, "the Kubernetes API has no pod on this node that link " + link + " is of")
                : at(Response.OK, pod);
    }

    private static Response notKnownYet(PolicyController controller) {
        return Response.text(Response.UNAVAILABLE, controller.notKnownYet());
    }

    /** @param controller null if no policies are enforced */
    private static Response endpoints(@Nullable PolicyController controller) {
        try {
            ObjectNode json = controller == null
                    ? EndpointJson.open()
                    : EndpointJson.of(controller.facts(), controller.podsByLink(), controller.notInForce());
            return new Response(Response.OK, JSON, json.toString());
        } catch (NetlinkException e) {
            return Response.text(Response.UNAVAILABLE, "this node's links cannot be read: " + e.getMessage());
        }
    }

    private Response list(PolicyController controller) {
        PolicyFacts known = controller.facts();
        if (known == null) {
            return notKnownYet(controller);
        }
        String notInForce = controller.notInForce();
        String json = PolicyListJson.of(known, notInForce, board.current().policy(), controller.notCounted())
                .toString();
        return new Response(Response.OK, JSON, json);
    }

    private static Response explain(PolicyController controller, Request request) {
        PolicyFacts known = controller.facts();
        if (known == null) {
            return notKnownYet(controller);
        }
        // Before, so that what comes into force meanwhile is not told of what was asked.
        String notInForce = controller.notInForce();
        Nodes nodes;
        try {
            nodes = controller.nodes().withOwn(OwnAddresses.read());
        } catch (NetlinkException e) {
            return Response.text(Response.UNAVAILABLE, "this node's addresses cannot be read: " + e.getMessage());
        }
        String json = Explaining.answer(known.facts(), nodes, request.query(), notInForce);
        return new Response(Response.OK, JSON, json);
    }

    private static Response log(PolicyController controller, Request request) {
        String after = request.query().getOrDefault("after", "0");
        if (after.length() > 18 || !after.chars().allMatch(c -> c >= '0' && c <= '9') || after.isEmpty()) {
            throw new IllegalArgumentException("after is no number: \"" + after + "\"");
        }
        String pod = request.query().getOrDefault("pod", "");
        String problem = pod.isEmpty() ? null : noDenialsOf(pod, controller);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        String json = DenialJson.of(controller.denials(), Long.parseLong(after), controller.notCounted())
                .toString();
        return new Response(Response.OK, JSON, json);
    }

    /** Why there cannot be any of a pod; null if there are or may be. */
    private static @Nullable String noDenialsOf(String pod, PolicyController controller) {
        if (controller.denials().after(0).stream().anyMatch(each -> each.pod().equals(pod))) {
            return null;
        }
        PolicyFacts known = controller.facts();
        if (known == null || known.uids().containsKey(pod)) {
            return null;
        }
        for (PodFact each : known.facts().pods()) {
            if (PolicyFacts.key(each.namespace(), each.name()).equals(pod)) {
                return "pod " + pod + " is on node " + each.node() + ": ask there";
            }
        }
        return pod.indexOf('/') < 0
                ? "\"" + pod + "\" is no pod as namespace/name"
                : "there is no pod " + pod + " that policies can be about: it is not known, has ended, or is in its"
                        + " node's network";
    }

    private static CompletableFuture<Response> handOver(PolicyController controller, String body) {
        CompletableFuture<@Nullable String> answer = controller.handOver(Handover.read(body));
        CompletableFuture<Response> response = answer.thenApply(reason -> reason == null
                ? new Response(Response.NO_CONTENT, "text/plain", "")
                : Response.text(Response.UNAVAILABLE, reason));
        var _ = response.whenComplete((_, _) -> answer.cancel(false)); // if nobody waits any more
        return response;
    }

    private static CompletableFuture<Response> at(int status, String line) {
        return CompletableFuture.completedFuture(Response.text(status, line));
    }
}
