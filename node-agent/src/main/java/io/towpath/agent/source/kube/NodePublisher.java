package io.towpath.agent.source.kube;

import io.towpath.agent.source.OwnNode;
import java.time.Clock;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this node's annotations and condition in the API what they should be: writes when the node is told to differ, and again after
 * a failure. Of the connection's thread alone, and holds nobody up.
 */
final class NodePublisher {
    private final KubeSettings settings;
    private final ApiConnection connection;
    private final Clock clock;
    private final Consumer<@Nullable String> problem;

    private @Nullable OwnNode wanted;
    private @Nullable String unavailable;
    private @Nullable KubeNode seen;
    /** Whether an answer is awaited, or the time to ask again. */
    private boolean busy;

    private boolean news;
    private int failures;

    /**
     * A publisher that has nothing to write yet.
     *
     * @param problem told why it cannot write, in one line, and null when it can again
     */
    NodePublisher(KubeSettings settings, ApiConnection connection, Clock clock, Consumer<@Nullable String> problem) {
        this.settings = settings;
        this.connection = connection;
        this.clock = clock;
        this.problem = problem;
    }

    /** What this node should be to the others. */
    void want(OwnNode own) {
        wanted = own;
        news = true;
        write();
    }

    /** Why this node has no network; null while it has, or will soon. */
    void unavailable(@Nullable String why) {
        unavailable = why;
        news = true;
        write();
    }

    /** What the API has of it; null when it has no such node. */
    void saw(@Nullable KubeNode node) {
        seen = node;
        news = true;
        write();
    }

    private void write() {
        ApiCalls calls = connection.calls();
        OwnNode own = wanted;
        String why = unavailable;
        KubeNode node = seen;
        if (busy || calls == null || (own == null && why == null) || node == null) {
            return; // each of them, when it comes, brings us here again
        }
        news = false;
        String patch = why != null
                ? NodePatch.unavailable(why, node, settings, clock.instant())
                : NodePatch.of(Objects.requireNonNull(own), node, settings, clock.instant());
        if (patch == null) {
            succeeded();
            return;
        }
        busy = true;
        var _ = calls.patch("/api/v1/nodes/" + settings.node() + "/status", patch, KubeNode.class)
                .thenApply(answer -> {
                    Belief.requireNamed(answer, settings.node());
                    return answer;
                })
                .whenComplete((answer, failure) -> connection.run(() -> {
                    if (failure == null) {
                        written(answer);
                    } else {
                        failed(failure);
                    }
                }));
    }

    private void written(KubeNode answer) {
        busy = false;
        if (news) {
            write();
        } else {
            seen = answer;
            succeeded();
        }
    }

    /** What is new meanwhile does not hasten the next attempt. */
    private void failed(Throwable failure) {
        failures++;
        problem.accept("node " + settings.node() + " cannot be written: " + Failures.line(failure));
        connection.again(failure, failures, () -> {
            busy = false;
            write();
        });
    }

    private void succeeded() {
        failures = 0;
        problem.accept(null);
    }
}
