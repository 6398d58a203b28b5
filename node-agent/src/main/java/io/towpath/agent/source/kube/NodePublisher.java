package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.towpath.agent.source.OwnNode;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this node's annotations and condition in the API what they should be: writes when the node is told to differ, waits
 * longer after each failure, and holds nobody up. One thread of its own does all of it.
 */
final class NodePublisher implements AutoCloseable {
    private final KubeSettings settings;
    private final Timing timing;
    private final Clock clock;
    private final Supplier<@Nullable KubernetesClient> client;
    private final Consumer<@Nullable String> problem;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kubernetes-publisher").factory());

    // Of the thread alone.
    private @Nullable OwnNode wanted;
    private @Nullable KubeNode seen;
    private @Nullable ScheduledFuture<?> next;
    private int failures;

    /**
     * A publisher that has nothing to write yet.
     *
     * @param client the API, null while there is none
     * @param problem told why it cannot write, in one line, and null when it can again
     */
    NodePublisher(
            KubeSettings settings,
            Timing timing,
            Clock clock,
            Supplier<@Nullable KubernetesClient> client,
            Consumer<@Nullable String> problem) {
        this.settings = settings;
        this.timing = timing;
        this.clock = clock;
        this.client = client;
        this.problem = problem;
    }

    /** What this node should be to the others. */
    void want(OwnNode own) {
        run(() -> {
            wanted = own;
            soon();
        });
    }

    /** What the API has of it; null when it has no such node. */
    void saw(@Nullable KubeNode node) {
        run(() -> {
            seen = node;
            soon();
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            // What is under way ends with the client, which is closed after this.
            thread.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** After a failure, what is new does not hasten the next attempt. */
    private void soon() {
        if (next == null || next.isDone()) {
            schedule(Duration.ZERO);
        }
    }

    private void schedule(Duration wait) {
        try {
            next = thread.schedule(() -> ApiConnection.alone(this::write), wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    private void write() {
        KubernetesClient api = client.get();
        OwnNode own = wanted;
        KubeNode node = seen;
        if (api == null || own == null || node == null) {
            return; // each of them, when it comes, brings us here again
        }
        String patch = NodePatch.of(own, node, settings, clock.instant());
        if (patch == null) {
            succeeded();
            return;
        }
        try {
            seen = api.resources(KubeNode.class, KubeNodes.class)
                    .withName(settings.node())
                    .subresource("status")
                    .patch(PatchContext.of(PatchType.STRATEGIC_MERGE), patch);
            succeeded();
        } catch (RuntimeException e) {
            // Also what a client says that is closed meanwhile; the next attempt is by the one in its place.
            failures++;
            Duration wait = timing.retry(failures);
            problem.accept("node " + settings.node() + " cannot be written: " + Failures.line(e));
            schedule(wait);
        }
    }

    private void succeeded() {
        failures = 0;
        problem.accept(null);
    }

    private void run(Runnable task) {
        try {
            thread.execute(() -> ApiConnection.alone(task));
        } catch (RejectedExecutionException _) {
            // closed
        }
    }
}
