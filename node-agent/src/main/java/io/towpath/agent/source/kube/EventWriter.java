package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells an operator by events of core/v1, about this node, what is wrong with it. That has to last a while, and each node waits for
 * another while, so that what passes makes no events and what all nodes see does not make thousands at once. Of the connection's
 * thread alone.
 */
final class EventWriter {
    /** Where events about objects without a namespace are. */
    static final String PATH = "/api/v1/namespaces/default/events";

    private static final JsonMapper MAPPER = new JsonMapper();

    /** Of an event's note (validation of events.k8s.io/v1). */
    private static final int LONGEST = 1024;

    private final String node;
    private final String reason;
    private final ApiConnection connection;
    private final Clock clock;
    private final Consumer<@Nullable String> problem;

    private @Nullable String wanted;
    private @Nullable String written;
    private boolean waiting;
    private int failures;

    /**
     * A writer that has nothing to tell yet.
     *
     * @param reason in one word
     * @param problem told why it cannot write, in one line, and null when it can again
     */
    EventWriter(String node, String reason, ApiConnection connection, Clock clock, Consumer<@Nullable String> problem) {
        this.node = node;
        this.reason = reason;
        this.connection = connection;
        this.clock = clock;
        this.problem = problem;
    }

    /** What is wrong; null for nothing. */
    void want(@Nullable String message) {
        wanted = message;
        if (message == null) {
            written = null; // should it come back, that is news
        }
        await();
    }

    private void await() {
        if (!waiting && wanted != null && !wanted.equals(written)) {
            waiting = true;
            connection.run(this::write, connection.waits().settled());
        }
    }

    private void write() {
        waiting = false;
        String message = wanted;
        ApiCalls calls = connection.calls();
        if (message == null || message.equals(written)) {
            return;
        }
        if (calls == null) {
            await();
            return;
        }
        waiting = true;
        var _ = calls.create(PATH, event(message), JsonNode.class)
                .thenAccept(answer -> Belief.require(answer, "Event", "apiVersion", "v1"))
                .whenComplete((_, failure) -> connection.run(() -> {
                    if (failure != null) {
                        failures++;
                        problem.accept("events about node " + node + " cannot be written: " + Failures.line(failure));
                        connection.again(failure, failures, this::write);
                    } else {
                        failures = 0;
                        problem.accept(null);
                        written = message;
                        waiting = false;
                        await();
                    }
                }));
    }

    private String event(String message) {
        String time = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        ObjectNode event = MAPPER.createObjectNode().put("kind", "Event").put("apiVersion", "v1");
        event.putObject("metadata").put("generateName", node + ".").put("namespace", "default");
        // As the kubelet's: kubectl describe finds events of a node by this.
        event.putObject("involvedObject")
                .put("kind", "Node")
                .put("apiVersion", "v1")
                .put("name", node)
                .put("uid", node);
        event.putObject("source").put("component", "towpath").put("host", node);
        return event.put("type", "Warning")
                .put("reason", reason)
                .put("message", message.length() <= LONGEST ? message : message.substring(0, LONGEST))
                .put("firstTimestamp", time)
                .put("lastTimestamp", time)
                .put("count", 1)
                .toString();
    }
}
