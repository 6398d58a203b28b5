package io.towpath.agent.policy;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.Heartbeat;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Compiles on a thread of its own: ten thousand policies that are new take seconds, in which pods that none of them is about need not wait.
 * Called by one thread.
 */
final class Compilations {
    private final Executor thread;
    private final Runnable ended;
    private final Heartbeat heartbeat;
    private final Compiler compiler = new Compiler(); // of that thread alone

    private @Nullable CompletableFuture<Compilation> underWay;
    private @Nullable Compilation last;
    private long begun;
    private long rested = System.nanoTime();

    /**
     * Nothing yet.
     *
     * @param thread runs one after the other
     * @param heartbeat of that thread
     * @param ended called by any thread when there is something to take
     */
    Compilations(Executor thread, Heartbeat heartbeat, Runnable ended) {
        this.thread = thread;
        this.heartbeat = heartbeat;
        this.ended = ended;
    }

    /**
     * What was compiled, and what of.
     *
     * @param number that of the facts: later ones have higher ones
     * @param bound the endpoints that the rulesets have
     */
    record Compilation(PolicyFacts facts, int number, Set<LocalEndpoint> bound, Compiled compiled) {}

    /** Begins; not while another one is under way. */
    void begin(PolicyFacts facts, int number, List<LocalEndpoint> endpoints) {
        CompletableFuture<Compilation> compiling =
                CompletableFuture.supplyAsync(() -> compile(facts, number, endpoints), thread);
        underWay = compiling;
        begun = System.nanoTime();
        var _ = compiling.whenComplete((_, _) -> ended.run());
    }

    private Compilation compile(PolicyFacts facts, int number, List<LocalEndpoint> endpoints) {
        heartbeat.beat();
        try {
            Compiled compiled = compiler.compile(facts.facts(), endpoints);
            Set<LocalEndpoint> bound = new HashSet<>(endpoints);
            compiled.waiting().forEach(bound::remove);
            return new Compilation(facts, number, bound, compiled);
        } finally {
            heartbeat.rest();
        }
    }

    boolean isUnderWay() {
        return underWay != null;
    }

    /** Whether there is something to take. */
    boolean hasEnded() {
        CompletableFuture<Compilation> compiling = underWay;
        return compiling != null && compiling.isDone();
    }

    /**
     * Takes the one that has ended.
     *
     * @throws CompletionException if it has failed; the last one that did not stays
     */
    void take() {
        CompletableFuture<Compilation> compiling = underWay;
        if (compiling != null) {
            underWay = null;
            long now = System.nanoTime();
            rested = now + (now - begun);
            last = compiling.join();
        }
    }

    /**
     * For how many nanoseconds the next one is better not begun: a storm of changes is to leave half of a processor to others. Not positive if
     * it may begin.
     */
    long restNanos() {
        return rested - System.nanoTime();
    }

    /** The last one that was taken, null before that. */
    @Nullable
    Compilation last() {
        return last;
    }
}
