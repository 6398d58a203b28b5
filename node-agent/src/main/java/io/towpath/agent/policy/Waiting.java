package io.towpath.agent.policy;

import io.towpath.agent.log.Uncaught;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.Heartbeat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The interfaces that were handed over and are not in force yet, and whoever waits for that. One thread puts them into force, which may be
 * late; that nobody waits longer than he will is another's only task.
 */
final class Waiting {
    static final String BUSY =
            "the agent is still at work on the policies: does the node leave it enough of a processor?";
    private static final String STOPPING = "the agent is stopping";
    private static final String TIMER = "policy timer";
    private static final Duration BEAT = Duration.ofSeconds(10);
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name(TIMER).factory(), new ThreadPoolExecutor.DiscardPolicy());
    private final Queue<Entry> added = new ConcurrentLinkedQueue<>();
    private final Heartbeat heartbeat = new Heartbeat(TIMER, LIMIT);
    private volatile boolean ended;

    // Of the one thread alone.
    private final List<Waiter> waiters = new ArrayList<>();

    /**
     * An interface that is waited for.
     *
     * @param answer null when it is in force, else why it is not, in one line; cancelled by who waits no more
     */
    record Entry(Handover handover, CompletableFuture<@Nullable String> answer) {}

    /** Who waits, and the number of the facts that have to be in force for that. */
    private record Waiter(Entry entry, int number) {}

    Waiting() {
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Has the timer beat from now on. */
    void start() {
        var _ = timer.scheduleAtFixedRate(heartbeat::beat, 0, BEAT.toSeconds(), TimeUnit.SECONDS);
    }

    /** Tells whether times are kept. */
    Heartbeat heartbeat() {
        return heartbeat;
    }

    /**
     * Takes an interface; any thread may call it.
     *
     * @param whyNot asked when the time is up, by any thread
     */
    CompletableFuture<@Nullable String> handOver(Handover handover, Function<Entry, String> whyNot) {
        Entry entry = new Entry(handover, new CompletableFuture<>());
        CompletableFuture<@Nullable String> answer = entry.answer;
        added.add(entry);
        if (ended) {
            answer.complete(STOPPING);
        } else {
            Runnable task = Uncaught.telling(() -> answer.complete(reason(entry, whyNot)));
            Future<?> end = timer.schedule(task, handover.waitMilliseconds(), TimeUnit.MILLISECONDS);
            var _ = answer.whenComplete((_, _) -> end.cancel(false));
        }
        return answer;
    }

    private static String reason(Entry entry, Function<Entry, String> whyNot) {
        try {
            return whyNot.apply(entry);
        } catch (RuntimeException | Error e) {
            return Uncaught.line(e); // who waits is not to go without an answer
        }
    }

    /** Whether there are some that nobody has looked at. Any thread may ask. */
    boolean hasAdded() {
        return !added.isEmpty();
    }

    /** Whether nobody has looked at it. Any thread may ask. */
    boolean isAdded(Entry entry) {
        return added.contains(entry);
    }

    /** Those that nobody has looked at; whoever has an answer by now, or waits no more, is forgotten. */
    List<Entry> takeAdded() {
        tidy();
        List<Entry> taken = new ArrayList<>();
        for (Entry entry = added.poll(); entry != null; entry = added.poll()) {
            taken.add(entry);
        }
        return taken;
    }

    /**
     * Waits with one that was taken.
     *
     * @param number of the newest facts: what was told before is in force when it is answered
     */
    void keep(Entry entry, int number) {
        waiters.add(new Waiter(entry, number));
    }

    /** Whether nobody waits whose interface was looked at. */
    boolean isEmpty() {
        return waiters.isEmpty();
    }

    /**
     * Answers those that are in force.
     *
     * @param number of the facts that are
     * @param isBound whether something is in force for an interface by these facts
     * @param isFree whether something is in force for an interface by the newest
     */
    void inForce(int number, Predicate<Handover> isBound, Predicate<Handover> isFree) {
        for (Waiter waiter : waiters) {
            Handover handover = waiter.entry.handover;
            if ((waiter.number <= number && isBound.test(handover)) || isFree.test(handover)) {
                waiter.entry.answer.complete(null);
            }
        }
        tidy();
    }

    /** Has those that were looked at looked at again, by another round than before. */
    void doubt() {
        waiters.forEach(waiter -> added.add(waiter.entry));
        waiters.clear();
    }

    private void tidy() {
        waiters.removeIf(waiter -> waiter.entry.answer.isDone());
    }

    /** Why there is nothing in force for an interface that there is. */
    static String reason(Handover handover, PolicyFacts facts) {
        String pod = "pod " + PolicyFacts.key(handover.podNamespace(), handover.podName());
        String uid = facts.uids().get(PolicyFacts.key(handover.podNamespace(), handover.podName()));
        if (uid == null) {
            return facts.held() == null
                    ? "the Kubernetes API has not told of " + pod + " on this node"
                    : "the Kubernetes API has not told anything yet, and knew of no " + pod + " on this node before";
        }
        if (!LocalPods.isOf(handover, facts)) {
            return "the Kubernetes API has told of another " + pod + " only, with UID " + uid;
        }
        boolean isNamespaceKnown =
                facts.facts().namespaces().stream().anyMatch(each -> each.name().equals(handover.podNamespace()));
        return isNamespaceKnown ? BUSY : "namespace " + handover.podNamespace() + " is not known yet";
    }

    /** Answers all that are left and all that come; the one thread has ended. */
    void end() {
        ended = true;
        added.forEach(entry -> entry.answer.complete(STOPPING));
        waiters.forEach(waiter -> waiter.entry.answer.complete(STOPPING));
        waiters.clear();
        timer.shutdownNow();
        heartbeat.rest();
    }
}
