package io.towpath.agent.policy;

import io.towpath.agent.policy.Compilations.Compilation;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * What is done in a round: what is new begins to be compiled, and what was compiled last is put into force for the pods that there are now.
 * A pod that no policy can be about waits for nothing of that. Not for use by several threads.
 */
final class PolicyRound {
    private static final Bound FREE = new Bound(null, null);

    /** Longer than anything here is waited for. */
    private static final long LONGEST_NANOS = 3_600_000_000_000L;

    private final Rtnl rtnl;
    private final Enforcing table;
    private final LocalPods pods;
    private final Waiting waiting;
    private final Compilations compilations;
    private final PolicyStatus status;

    private PolicyFacts facts = new PolicyFacts(Facts.NONE, Map.of());
    private FreeNamespaces freeNamespaces = new FreeNamespaces(Facts.NONE);
    private List<LocalEndpoint> asked = List.of();
    private boolean isCompilationDue;
    private @Nullable CompletionException mistake;
    private boolean hasFailed;
    private int number;
    private boolean isUnknownDue;
    private long unknownDue;
    private boolean wasThere;
    private long sureFrom;
    private Set<LocalEndpoint> free = Set.of();
    private Set<LocalEndpoint> bound = Set.of();

    PolicyRound(
            Rtnl rtnl,
            Enforcing table,
            LocalPods pods,
            Waiting waiting,
            Compilations compilations,
            PolicyStatus status) {
        this.rtnl = rtnl;
        this.table = table;
        this.pods = pods;
        this.waiting = waiting;
        this.compilations = compilations;
        this.status = status;
    }

    /** Whether these facts are those that were taken last; a flag for news could be lost between two threads. */
    @SuppressWarnings("ReferenceEquality") // whatever is told anew is another object
    boolean has(PolicyFacts now) {
        return now == facts;
    }

    /** Takes facts that are to be compiled. */
    void news(PolicyFacts newest) {
        number++;
        facts = newest;
        freeNamespaces = new FreeNamespaces(newest.facts());
        isCompilationDue = true;
    }

    /** Takes what was handed over, after all {@link #news} that there are. */
    void take(Waiting.Entry entry) {
        pods.add(entry.handover(), System.nanoTime());
        waiting.keep(entry, number);
    }

    /**
     * Does it; not before there are facts.
     *
     * @param isTableDue whether the table has to be looked at in any case
     * @param isCurrent whether the source of the facts is there; a policy that it cannot tell of may be about a pod that it has not told of
     * @return whether what is in force was put there, or found
     * @throws CompletionException if there is a mistake in the compiler: what was compiled last is in force, and what is new is compiled again if
     *     it changes, or with the next look at the table
     */
    boolean run(boolean isTableDue, boolean isCurrent) throws NetlinkException {
        pods.look(rtnl);
        boolean isCompiled = compilations.hasEnded();
        if (isCompiled) {
            take();
        }
        List<LocalEndpoint> known = pods.endpoints(facts);
        isCompilationDue |= !known.equals(asked) || (mistake != null && isTableDue);
        Compilation last = compilations.last();
        boolean isInForce;
        try {
            isInForce = last != null && enforce(last, known, isTableDue || isCompiled, isCurrent);
        } finally {
            // Also if the kernel refuses what was compiled last: what is new may be what mends it.
            if (mayCompile()) {
                compilations.begin(facts, number, known);
                asked = known;
                isCompilationDue = false;
            }
        }
        if (mistake != null) {
            throw mistake;
        }
        return isInForce;
    }

    /**
     * Enforces what was compiled last, for the pods that there are now.
     *
     * @param isDue if not, it can wait for a compilation if that changes more
     * @param isCurrent as {@link #run} has it
     */
    private boolean enforce(Compilation last, List<LocalEndpoint> known, boolean isDue, boolean isCurrent)
            throws NetlinkException {
        Set<LocalEndpoint> toBind = new HashSet<>();
        Set<LocalEndpoint> toFree = new HashSet<>();
        for (LocalEndpoint endpoint : known) {
            if (last.bound().contains(endpoint) && isSame(endpoint, last.facts(), facts)) {
                toBind.add(endpoint);
            } else if (freeNamespaces.contains(endpoint.podNamespace())) {
                toFree.add(endpoint);
            }
        }
        boolean isThere = isCurrent && facts.held() == null;
        long now = System.nanoTime();
        if (isThere && !wasThere) {
            // What it has not told while it was away is on its way.
            sureFrom = now + LocalPods.ORDER_NANOS;
        }
        wasThere = isThere;
        boolean isSure = isThere && now - sureFrom >= 0;
        long untilUnknown = pods.untilUnknown(now, isThere && !isSure ? sureFrom - now : LONGEST_NANOS);
        isUnknownDue = untilUnknown < LONGEST_NANOS;
        unknownDue = now + untilUnknown;
        for (LocalEndpoint endpoint : pods.unknown(now)) {
            // Who was let in is not shut out because the source went away.
            if ((isSure || free.contains(endpoint)) && freeNamespaces.contains(endpoint.podNamespace())) {
                toFree.add(endpoint);
            }
        }
        boolean isMoreFree = hasFailed || !free.containsAll(toFree);
        if ((compilations.isUnderWay() || mayCompile()) && !isDue && !isMoreFree) {
            answer(last, Set.of(), toFree);
            return false; // what comes of it is enforced soon, and all else with it
        }
        hasFailed = true; // should it, nobody knows what is in force
        Ruleset tried = last.compiled().trial();
        ManagedTable.Outcome outcome = table.enforce(
                ruleset(last.compiled().ruleset(), toBind, toFree),
                tried == null ? null : ruleset(tried, toBind, toFree));
        hasFailed = false;
        bound = toBind;
        free = toFree;
        answer(last, toBind, toFree);
        if (mistake == null) {
            status.enforced(last.facts().facts(), last.compiled(), outcome, bound.size() + free.size());
        }
        return true;
    }

    private void answer(Compilation last, Set<LocalEndpoint> isBound, Set<LocalEndpoint> isFree) {
        waiting.inForce(
                last.number(),
                handover -> isBound.contains(handover.endpoint()),
                handover -> isFree.contains(handover.endpoint()));
    }

    private void take() {
        try {
            compilations.take();
            mistake = null;
        } catch (CompletionException e) {
            mistake = e;
        }
    }

    private boolean mayCompile() {
        return isCompilationDue && !compilations.isUnderWay() && (compilations.restNanos() <= 0 || !waiting.isEmpty());
    }

    /** Whether a pod is still the one that was compiled for, and no later one of its name. */
    private static boolean isSame(LocalEndpoint endpoint, PolicyFacts before, PolicyFacts now) {
        String pod = PolicyFacts.key(endpoint.podNamespace(), endpoint.podName());
        return Objects.equals(before.uids().get(pod), now.uids().get(pod));
    }

    private static Ruleset ruleset(Ruleset compiled, Set<LocalEndpoint> bound, Set<LocalEndpoint> free) {
        SortedMap<Endpoint, Bound> endpoints = new TreeMap<>();
        bound.forEach(each -> each.addresses().forEach(address -> {
            Endpoint endpoint = new Endpoint(each.link(), address);
            endpoints.put(endpoint, Objects.requireNonNull(compiled.endpoints().get(endpoint)));
        }));
        free.forEach(each ->
                each.addresses().forEach(address -> endpoints.put(new Endpoint(each.link(), address), FREE)));
        return new Ruleset(endpoints, compiled.pods());
    }

    /** Whether somebody waits for something that this can do at once. */
    boolean isAwaited() {
        return compilations.hasEnded() && !waiting.isEmpty();
    }

    /** For how many nanoseconds there is nothing to do, if nobody tells anything; at most {@code longest}. */
    long restNanos(long longest) {
        long rest = isUnknownDue ? Math.min(longest, unknownDue - System.nanoTime()) : longest;
        return isCompilationDue && !compilations.isUnderWay() ? Math.min(rest, compilations.restNanos()) : rest;
    }

    /** By what denied packets are understood; null before anything is in force. */
    DenialReader.@Nullable Known known() {
        Compilation last = compilations.last();
        return last == null ? null : pods.known(last.facts().facts(), endpoints());
    }

    /** The endpoints that something is in force for. */
    private List<LocalEndpoint> endpoints() {
        List<LocalEndpoint> endpoints = new ArrayList<>(bound);
        endpoints.addAll(free);
        return endpoints;
    }

    /** Reads the counters. */
    void count(DenialReader denials) throws NetlinkException {
        Map<String, String> names = new HashMap<>();
        endpoints().forEach(each -> names.put(each.link(), PolicyFacts.key(each.podNamespace(), each.podName())));
        Map<DenialCounts.Key, Long> byPod = table.denied(names);
        Map<DenialCounts.Policy, Long> byPolicy = denials.counts().counted(byPod, facts.facts());
        AgentStatus.Denied denied = new AgentStatus.Denied(
                byPod,
                denials.notTold() == null ? byPolicy : null,
                denials.denials().lost());
        status.counted(table.dropped(), table.tried(), denied);
    }
}
