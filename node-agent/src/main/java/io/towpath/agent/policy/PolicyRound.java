package io.towpath.agent.policy;

import io.towpath.agent.policy.Compilations.Compilation;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.table.KeptTable;
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
    private int number;
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
        pods.add(entry.handover());
        waiting.keep(entry, number);
    }

    /**
     * Does it; not before there are facts.
     *
     * @param isTableDue whether the table has to be looked at in any case
     * @param isCurrent whether the source of the facts is there; a policy that it cannot tell of may be about a pod that it has not told of
     * @return whether what is in force was put there, or found
     * @throws CompletionException if there is a mistake in the compiler
     */
    boolean run(boolean isTableDue, boolean isCurrent) throws NetlinkException {
        pods.look(rtnl);
        boolean isCompiled = compilations.hasEnded();
        if (isCompiled) {
            take();
        }
        List<LocalEndpoint> known = pods.endpoints(facts);
        compile(known);
        Compilation last = compilations.last();
        if (last == null) {
            return false;
        }
        Set<LocalEndpoint> toBind = new HashSet<>();
        Set<LocalEndpoint> toFree = new HashSet<>();
        for (LocalEndpoint endpoint : known) {
            if (last.bound().contains(endpoint) && isSame(endpoint, last.facts(), facts)) {
                toBind.add(endpoint);
            } else if (freeNamespaces.contains(endpoint.podNamespace())) {
                toFree.add(endpoint);
            }
        }
        boolean isSure = isCurrent && facts.held() == null;
        for (LocalEndpoint endpoint : pods.unknown()) {
            // Who was let in is not shut out because the source went away.
            if ((isSure || free.contains(endpoint)) && freeNamespaces.contains(endpoint.podNamespace())) {
                toFree.add(endpoint);
            }
        }
        boolean isMoreFree = !free.containsAll(toFree);
        if (compilations.isUnderWay() && !isCompiled && !isTableDue && !isMoreFree) {
            answer(last, Set.of(), toFree);
            return false; // what comes of it is enforced soon, and all else with it
        }
        Ruleset tried = last.compiled().trial();
        KeptTable.Outcome outcome = table.enforce(
                ruleset(last.compiled().ruleset(), toBind, toFree),
                tried == null ? null : ruleset(tried, toBind, toFree));
        bound = toBind;
        free = toFree;
        answer(last, toBind, toFree);
        status.enforced(last.facts().facts(), last.compiled(), outcome, bound.size() + free.size());
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
        } catch (CompletionException e) {
            isCompilationDue = true;
            throw e;
        }
    }

    private void compile(List<LocalEndpoint> known) {
        isCompilationDue |= !known.equals(asked);
        if (isCompilationDue && !compilations.isUnderWay() && (compilations.restNanos() <= 0 || !waiting.isEmpty())) {
            compilations.begin(facts, number, known);
            asked = known;
            isCompilationDue = false;
        }
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

    /** In how many nanoseconds there is something to compile; at most {@code longest}. */
    long untilCompilation(long longest) {
        return isCompilationDue && !compilations.isUnderWay() ? Math.min(longest, compilations.restNanos()) : longest;
    }

    /** By what denied packets are understood; null before anything is in force. */
    DenialReader.@Nullable Known known() {
        Compilation last = compilations.last();
        return last == null ? null : new DenialReader.Known(last.facts().facts(), pods.names(endpoints()));
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
        AgentStatus.Denied denied = new AgentStatus.Denied(
                byPod,
                denials.counts().counted(byPod, facts.facts()),
                denials.denials().lost());
        status.counted(table.dropped(), table.tried(), denied);
    }
}
