package io.towpath.agent.http;

import io.towpath.agent.log.Log;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.StatusJson;
import java.io.IOException;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** What there is to see of the agent. */
final class Pages {
    private final StatusBoard board;
    private final Heartbeat heartbeat;
    private final Metrics metrics;
    private final String version;
    private final Log log;

    Pages(StatusBoard board, Heartbeat heartbeat, String version, Log log) {
        this.board = board;
        this.heartbeat = heartbeat;
        this.version = version;
        this.log = log;
        this.metrics = new Metrics(board, version, Clock.systemUTC());
    }

    /** For whoever reaches the port. */
    Response open(String path) {
        return switch (path) {
            case "/metrics" -> metrics();
            case "/healthz" -> verdict(heartbeat.problem());
            case "/readyz" -> verdict(board.current().notReady());
            default -> Response.text(Response.NOT_FOUND, "there are /metrics, /healthz and /readyz");
        };
    }

    /** For whoever may connect to the unix socket. */
    Response privileged(String path) {
        if (!path.equals("/status")) {
            return open(path);
        }
        String json = StatusJson.of(board.current(), version).toString();
        return new Response(Response.OK, "application/json", json);
    }

    private Response metrics() {
        try {
            return new Response(Response.OK, Metrics.TYPE, metrics.scrape());
        } catch (IOException | RuntimeException e) {
            log.problem("metrics", e.toString());
            return Response.text(Response.FAILED, e.toString());
        }
    }

    private static Response verdict(@Nullable String problem) {
        return problem == null ? Response.text(Response.OK, "ok") : Response.text(Response.UNAVAILABLE, problem);
    }
}
