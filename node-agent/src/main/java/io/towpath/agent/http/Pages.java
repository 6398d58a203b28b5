package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.StatusJson;
import io.towpath.netlink.NetlinkException;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What there is to see of the agent. */
final class Pages {
    private final StatusBoard board;
    private final List<Heartbeat> heartbeats;
    private final PolicyPages policy;
    private final PageThread slow;
    private final Metrics metrics;
    private final String version;
    private final Log log;

    private final SourceDrops drops;

    Pages(
            StatusBoard board,
            List<Heartbeat> heartbeats,
            PolicyPages policy,
            SourceDrops drops,
            PageThread slow,
            String version,
            Log log) {
        this.board = board;
        this.heartbeats = heartbeats;
        this.policy = policy;
        this.slow = slow;
        this.version = version;
        this.log = log;
        this.drops = drops;
        this.metrics = new Metrics(board, this::sourceDrops, version, Clock.systemUTC());
    }

    /** For whoever reaches the port. */
    CompletableFuture<Response> open(Request request) {
        if (!request.isLook()) {
            return at(Response.text(Response.METHOD_NOT_ALLOWED, "there is nothing here but to GET"));
        }
        return switch (request.path()) {
            case "/metrics" -> slow.make(this::metrics);
            case "/healthz" -> at(health());
            case "/readyz" -> at(ready(board.current()));
            default -> at(Response.text(Response.NOT_FOUND, "there are /metrics, /healthz and /readyz"));
        };
    }

    /** For whoever reaches the port that is for metrics alone. */
    CompletableFuture<Response> openMetrics(Request request) {
        return !request.isLook() || request.path().equals("/metrics")
                ? open(request)
                : at(Response.text(Response.NOT_FOUND, "there is /metrics"));
    }

    /** For whoever may connect to the unix socket. */
    CompletableFuture<Response> privileged(Request request) {
        if (request.path().startsWith("/policy/")) {
            return policy.answer(request);
        }
        if (request.isLook() && request.path().equals("/status")) {
            return slow.make(this::status);
        }
        if (request.isLook() && request.path().equals("/log")) {
            return slow.make(this::recentLog);
        }
        return open(request);
    }

    private Response status() {
        ObjectNode json = StatusJson.of(board.current(), version);
        ArrayNode dropped = json.putArray("sourceDrops");
        for (SourceDrops.Dropped each : sourceDrops()) {
            dropped.addObject()
                    .put("link", each.link())
                    .put("pod", each.pod().isEmpty() ? null : each.pod())
                    .put("packets", each.packets());
        }
        return new Response(Response.OK, "application/json", json.toString());
    }

    private Response recentLog() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        log.recent().forEach(json.putArray("lines")::add);
        return new Response(Response.OK, "application/json", json.toString());
    }

    /** None where they cannot be read, which the log tells. */
    private List<SourceDrops.Dropped> sourceDrops() {
        try {
            List<SourceDrops.Dropped> dropped = drops.read();
            log.problem("source drops", null);
            return dropped;
        } catch (NetlinkException e) {
            log.problem("source drops", e.getMessage());
            return List.of();
        }
    }

    private static CompletableFuture<Response> at(Response response) {
        return CompletableFuture.completedFuture(response);
    }

    /** With the threads that were looked at, or the first with which something is wrong. */
    private Response health() {
        for (Heartbeat each : heartbeats) {
            String problem = each.problem();
            if (problem != null) {
                return Response.text(Response.UNAVAILABLE, problem);
            }
        }
        String names = heartbeats.stream().map(Heartbeat::name).collect(Collectors.joining(", "));
        return Response.text(Response.OK, "ok; threads: " + names);
    }

    private Response metrics() {
        try {
            return new Response(Response.OK, Metrics.TYPE, metrics.scrape());
        } catch (IOException | RuntimeException e) {
            log.problem("metrics", e.toString());
            return Response.text(Response.FAILED, e.toString());
        }
    }

    /** With what is left out, where that is no reason to be unready. */
    private static Response ready(AgentStatus status) {
        String problem = status.notReady();
        String leftOut = status.leftOut().summary();
        return problem != null || leftOut == null ? verdict(problem) : Response.text(Response.OK, "ok; " + leftOut);
    }

    private static Response verdict(@Nullable String problem) {
        return problem == null ? Response.text(Response.OK, "ok") : Response.text(Response.UNAVAILABLE, problem);
    }
}
