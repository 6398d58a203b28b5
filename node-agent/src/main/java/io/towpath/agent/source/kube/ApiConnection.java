package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The way to the API that all share who follow something there: one client, and one thread on which they are called. */
final class ApiConnection implements AutoCloseable {
    /** Who follows something; called on the connection's thread. */
    interface Follower {
        /**
         * Begins to follow by a new client.
         *
         * @throws RuntimeException if that cannot be; it is tried again with another client
         */
        void follow(KubernetesClient client);

        /** Ends what {@link #follow} began, if it did. */
        void unfollow();

        /** There is no client, or there is one again; called before {@link #follow}. */
        void unreachable(@Nullable String trouble);
    }

    private final ApiAccess access;
    private final Timing timing;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kubernetes").factory());

    private volatile @Nullable ApiClient client;

    private final List<Follower> followers = new CopyOnWriteArrayList<>();

    // Of the thread alone.
    private boolean begun;
    private int failedOpenings;

    ApiConnection(ApiAccess access, Timing timing) {
        this.access = access;
        this.timing = timing;
    }

    Timing timing() {
        return timing;
    }

    /** Opens for the first who comes. */
    void add(Follower follower) {
        run(() -> {
            followers.add(follower);
            if (!begun) {
                begun = true;
                open();
                return;
            }
            KubernetesClient opened = api();
            if (opened == null) {
                return; // being opened
            }
            try {
                follower.follow(opened);
            } catch (RuntimeException _) {
                reopen(); // tells why, if it fails again
            }
        });
    }

    void remove(Follower follower) {
        run(() -> {
            followers.remove(follower);
            follower.unfollow();
        });
    }

    @Nullable
    KubernetesClient api() {
        ApiClient opened = client;
        return opened == null ? null : opened.kubernetes();
    }

    /** Opens a client. A kubeconfig or a token that is wrong or missing may be there later. */
    private void open() {
        ApiClient opened = null;
        try {
            opened = new ApiClient(access, timing.firstRetry());
            client = opened;
            for (Follower follower : followers) {
                follower.unreachable(null);
                follower.follow(opened.kubernetes());
            }
            failedOpenings = 0;
        } catch (RuntimeException e) {
            client = null;
            followers.forEach(Follower::unfollow);
            if (opened != null) {
                opened.close();
            }
            failedOpenings++;
            String trouble = "the Kubernetes API cannot be asked: " + Failures.line(e);
            followers.forEach(follower -> follower.unreachable(trouble));
            run(this::open, timing.retry(failedOpenings));
        }
    }

    /**
     * Begins anew, unless that is under way. Connections from an address that this node no longer has would end after a long silence
     * only; certificates and keys are read but once.
     */
    void reopen() {
        ApiClient opened = client;
        if (opened == null) {
            return;
        }
        client = null;
        followers.forEach(Follower::unfollow);
        opened.close();
        open();
    }

    void run(Runnable task) {
        run(task, Duration.ZERO);
    }

    void run(Runnable task, Duration wait) {
        try {
            var _ = thread.schedule(() -> alone(task), wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    /** A mistake ends one task, and is seen: the executor would keep it to itself. */
    static void alone(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Thread current = Thread.currentThread();
            current.getUncaughtExceptionHandler().uncaughtException(current, e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            // Who is being told returns soon.
            thread.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        followers.forEach(Follower::unfollow);
        ApiClient opened = client;
        if (opened != null) {
            opened.close();
        }
    }
}
