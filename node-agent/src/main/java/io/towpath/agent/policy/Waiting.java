package io.towpath.agent.policy;

import io.towpath.agent.source.PolicyFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The interfaces that were handed over and are not in force yet, and whoever waits for that. Not for use by several threads. */
final class Waiting {
    private final List<Entry> entries = new ArrayList<>();

    /**
     * An interface that is waited for.
     *
     * @param deadline until when, as {@link System#nanoTime} tells
     * @param answer null when it is in force, else why it is not, in one line
     */
    record Entry(Handover handover, long deadline, CompletableFuture<@Nullable String> answer) {
        Entry(Handover handover, CompletableFuture<@Nullable String> answer) {
            this(handover, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(handover.waitMilliseconds()), answer);
        }
    }

    void add(Entry entry) {
        entries.add(entry);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Until the first runs out of patience, in nanoseconds; at most {@code longest}. */
    long patience(long longest) {
        long now = System.nanoTime();
        long least = longest;
        for (Entry entry : entries) {
            least = Math.min(least, entry.deadline - now);
        }
        return Math.max(0, least);
    }

    /** Answers those that are in force. */
    void inForce(Predicate<Handover> condition) {
        entries.removeIf(entry -> condition.test(entry.handover) && entry.answer.complete(null));
    }

    /** Answers those whose time is up. */
    void expire(@Nullable PolicyFacts facts, @Nullable String problem, Predicate<String> hasLink) {
        long now = System.nanoTime();
        entries.removeIf(entry -> {
            boolean expired = now - entry.deadline >= 0;
            return expired && entry.answer.complete(reason(entry.handover, facts, problem, hasLink));
        });
    }

    private static String reason(
            Handover handover, @Nullable PolicyFacts facts, @Nullable String problem, Predicate<String> hasLink) {
        String pod = "pod " + PolicyFacts.key(handover.podNamespace(), handover.podName());
        if (problem != null) {
            return problem;
        }
        if (facts == null) {
            return "the policies of the cluster are not known yet";
        }
        if (!hasLink.test(handover.link())) {
            return "there is no link " + handover.link();
        }
        String uid = facts.uids().get(PolicyFacts.key(handover.podNamespace(), handover.podName()));
        if (uid == null) {
            return facts.held() == null
                    ? "the Kubernetes API has not told of " + pod + " on this node"
                    : "the Kubernetes API has not told anything yet, and knew of no " + pod + " on this node before";
        }
        if (!LocalPods.isOf(handover, facts)) {
            return "the Kubernetes API has told of another " + pod + " only, with UID " + uid;
        }
        return "namespace " + handover.podNamespace() + " is not known yet";
    }

    /** Answers all that are left. */
    void end() {
        entries.forEach(entry -> entry.answer.complete("the agent is stopping"));
        entries.clear();
    }
}
