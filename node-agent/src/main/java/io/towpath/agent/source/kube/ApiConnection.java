package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.Heartbeat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The way to the API that all share who follow something there: one client, and one thread on which they are called. While the API gives
 * no answer, it is asked by one small question at a time, whoever waits for it.
 */
final class ApiConnection implements AutoCloseable {
    /** Who follows something; called on the connection's thread. */
    interface Follower {
        /**
         * Begins to follow by a new client.
         *
         * @throws RuntimeException if that cannot be; it is tried again with another client
         */
        void follow(ApiCalls calls);

        /** Ends what {@link #follow} began, if it did. */
        void unfollow();

        /** There is no client, or there is one again; called before {@link #follow}. */
        void unreachable(@Nullable String trouble);
    }

    /** Any API server answers this at once, and anybody may ask it. */
    private static final String QUESTION = "/version";

    /** What an outage is told to be may change so often; then attempts fail in turns by this and that, and it stays for so long. */
    private static final int OUTAGES = 3;

    private static final Duration OUTAGE = Duration.ofMinutes(1);

    private static final String NAME = "kubernetes";

    /** Where nothing was ever heard. */
    private static final String SERVICE =
            "; if that address is the Service kubernetes, kube-proxy must run on this node, or what does its work";

    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ApiAccess access;
    private final Timing timing;
    private final Waits waits;
    private final Room room = new Room();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(NAME).factory());

    private final Heartbeat heartbeat = new Heartbeat(NAME, LIMIT);
    private volatile @Nullable ApiClient client;

    private final List<Follower> followers = new CopyOnWriteArrayList<>();

    // Of the thread alone.
    private boolean begun;
    private int failedOpenings;
    private int mistakes;
    private long lastMistake = System.nanoTime();
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean hasAnswered;
    private @Nullable String outage;
    private long outageTold;
    private int outages;
    private int unanswered;
    private final History history = new History();

    ApiConnection(ApiAccess access, Timing timing) {
        this.access = access;
        this.timing = timing;
        waits = new Waits(timing, RandomGenerator.getDefault()::nextDouble);
    }

    Timing timing() {
        return timing;
    }

    /** What is left of the heap for what comes by the connection. */
    Room room() {
        return room;
    }

    Waits waits() {
        return waits;
    }

    /** What is told by the connection, of all kinds. */
    History history() {
        return history;
    }

    /** Opens for the first who comes. */
    void add(Follower follower) {
        run(() -> {
            followers.add(follower);
            if (!begun) {
                begun = true;
                open();
                run(this::lookAtCredentials, timing.look());
                return;
            }
            ApiCalls opened = calls();
            if (opened == null) {
                return; // being opened
            }
            try {
                follower.follow(opened);
            } catch (RuntimeException | Error e) {
                Uncaught.endIfMust(e);
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
    ApiCalls calls() {
        ApiClient opened = client;
        return opened == null ? null : opened.calls();
    }

    /** Opens a client. A kubeconfig or a token that is wrong or missing may be there later. */
    private void open() {
        ApiClient opened = null;
        try {
            opened = new ApiClient(access);
            client = opened;
            back();
            for (Follower follower : followers) {
                follower.unreachable(null);
                follower.follow(opened.calls());
            }
            failedOpenings = 0;
        } catch (RuntimeException | Error e) {
            // Whatever it is: who does not ask again never hears again.
            failed(opened, e);
            failedOpenings++;
            run(this::open, failedOpenings == 1 ? waits.lost() : waits.away());
        }
    }

    private void failed(@Nullable ApiClient opened, Throwable failure) {
        Uncaught.endIfMust(failure);
        client = null;
        followers.forEach(Follower::unfollow);
        if (opened != null) {
            opened.close();
        }
        String trouble = "the Kubernetes API cannot be asked: " + Failures.line(failure);
        followers.forEach(follower -> follower.unreachable(trouble));
    }

    /** After a mistake of ours nobody knows who is still asked for what: all begins anew, later each time. */
    private void mistaken(Throwable failure) {
        long now = System.nanoTime();
        mistakes = now - lastMistake < timing.anew().toNanos() ? mistakes + 1 : 1;
        lastMistake = now;
        ApiClient opened = client;
        if (opened == null) {
            Uncaught.endIfMust(failure); // being opened; it is told why that fails
            return;
        }
        failed(opened, failure);
        run(this::open, waits.refused(mistakes));
    }

    /** Certificates and keys are read once, when a client is opened. */
    private void lookAtCredentials() {
        run(this::lookAtCredentials, timing.look());
        ApiClient opened = client;
        if (opened != null && opened.isOutdated()) {
            reopen();
        }
    }

    /** Begins anew, unless that is under way. Connections from an address that this node no longer has would end after a long silence only. */
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

    /**
     * Has something done that asks the API again, when that makes sense after a failure.
     *
     * @param failures how many in a row, this one included
     * @param task ignores what is no longer wanted
     */
    void again(Throwable failure, int failures, Runnable task) {
        ApiRefusal refusal = Failures.refusal(failure);
        if (refusal != null) {
            hasAnswered = true;
            run(task, waits.after(refusal, failures));
        } else {
            run(() -> whenBack(failure, task));
        }
    }

    /** The API has answered: it can be reached. */
    void heard() {
        hasAnswered = true;
    }

    /** Why the API gives no answer; null while it does, as far as is known. */
    @Nullable
    String outage() {
        String told = outage;
        return told == null || hasAnswered || !access.isOfAPod() ? told : told + SERVICE;
    }

    private void whenBack(Throwable failure, Runnable task) {
        waiting.add(task);
        if (waiting.size() == 1) {
            outage = Failures.line(failure);
            outageTold = System.nanoTime();
            outages = 1;
            run(this::ask, waits.lost());
        }
    }

    private void ask() {
        ApiClient asked = client;
        if (asked != null && !waiting.isEmpty()) {
            var _ = asked.calls()
                    .get(QUESTION, JsonNode.class, waits.answer(unanswered))
                    .whenComplete((_, failure) -> run(() -> answered(asked, failure)));
        }
    }

    private void answered(ApiClient asked, @Nullable Throwable failure) {
        if (asked != client) {
            return; // what waited goes by the client in its place
        }
        ApiRefusal refusal = Failures.refusal(failure);
        if (failure == null || (refusal != null && !Waits.isBusy(refusal))) {
            hasAnswered = true;
            back();
            return;
        }
        unanswered = refusal == null ? unanswered + 1 : 0;
        String line = Failures.line(failure);
        if (!line.equals(outage) && (++outages <= OUTAGES || System.nanoTime() - outageTold >= OUTAGE.toNanos())) {
            outageTold = System.nanoTime();
            outage = line;
        }
        run(this::ask, refusal == null ? waits.away() : waits.after(refusal, 2));
    }

    private void back() {
        outage = null;
        unanswered = 0;
        List<Runnable> all = List.copyOf(waiting);
        waiting.clear();
        all.forEach(Runnable::run);
    }

    void run(Runnable task) {
        run(task, Duration.ZERO);
    }

    void run(Runnable task, Duration wait) {
        try {
            var _ = thread.schedule(() -> attempt(task), wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    private void attempt(Runnable task) {
        heartbeat.beat();
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            mistaken(e);
        }
    }

    /** Tells whether the thread works; whoever is open has it do something each second. */
    Heartbeat heartbeat() {
        return heartbeat;
    }

    @Override
    public void close() {
        heartbeat.rest();
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
