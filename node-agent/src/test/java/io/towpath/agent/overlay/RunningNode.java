package io.towpath.agent.overlay;

import io.towpath.agent.NodeThread;
import io.towpath.agent.attachments.LeaseHoldings;
import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.log.Log;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.OverlayConfig;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The controllers of a node at work in a network namespace, with its files in a folder. */
final class RunningNode implements AutoCloseable {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    private final ClusterSource source;
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    private final CompletableFuture<NodeThread> made = new CompletableFuture<>();
    private final Thread thread;
    private volatile @Nullable AgentStatus status;

    RunningNode(TestNamespace node, Path folder, OwnChoices choices, ClusterSource source) {
        this(node, folder, choices, source, null);
    }

    RunningNode(
            TestNamespace node, Path folder, OwnChoices choices, ClusterSource source, @Nullable CachedCluster cached) {
        this(node, folder, choices, source, cached, new GuardPolicy(true, true));
    }

    RunningNode(
            TestNamespace node,
            Path folder,
            OwnChoices choices,
            ClusterSource source,
            @Nullable CachedCluster cached,
            GuardPolicy policy) {
        this.source = source;
        Log log = new Log(
                new PrintStream(lines, true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.DEBUG,
                Clock.systemUTC());
        OverlayConfig files = new OverlayConfig(
                folder.resolve("cluster.json").toString(),
                folder.resolve("run").toString(),
                folder.resolve("flannel/subnet.env").toString());
        StatusBoard board = new StatusBoard(AgentStatus.starting(null, source.name(), Instant.now()));
        board.listen(each -> status = each);
        thread = Thread.ofPlatform().start(() -> {
            try {
                node.inside(() -> {
                    NodeThread agent = NodeThread.of(
                            files,
                            choices,
                            policy,
                            new LeaseHoldings(folder.resolve("cni.conflist").toString(), Clock.systemUTC()),
                            source,
                            cached,
                            log,
                            board);
                    made.complete(agent);
                    agent.thread().run();
                });
            } catch (Exception e) {
                made.completeExceptionally(e);
            }
        });
        source.start(made.join().overlay());
    }

    /**
     * Waits until something holds.
     *
     * @param instead what there is, should it never hold
     * @return how long that took, in ms
     */
    long await(Condition condition, Supplier<String> instead) throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - start > PATIENCE_NS) {
                throw new AssertionError("in vain; there is\n" + instead.get() + "\nand the log is\n" + log());
            }
            LockSupport.parkNanos(2_000_000);
        }
        return (System.nanoTime() - start) / 1_000_000;
    }

    /** Something that may come to hold. */
    interface Condition {
        boolean holds() throws Exception;
    }

    /** Waits until a status is as wanted, and tells it. */
    AgentStatus awaitStatus(Predicate<AgentStatus> wanted) throws Exception {
        await(
                () -> {
                    AgentStatus now = status;
                    return now != null && wanted.test(now);
                },
                () -> String.valueOf(status));
        AgentStatus now = status;
        if (now == null) {
            throw new AssertionError("no status");
        }
        return now;
    }

    /** All that was logged. */
    String log() {
        return lines.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        made.join().thread().stop();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        source.close();
    }
}
