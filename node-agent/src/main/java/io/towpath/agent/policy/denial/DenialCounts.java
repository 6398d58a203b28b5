package io.towpath.agent.policy.denial;

import io.towpath.policy.facts.Facts;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is denied. The kernel counts every packet, but by pod only; the log names the policies, but of some packets only. So what the
 * kernel counted for a pod belongs to policies in the proportions of what was logged of it meanwhile: exact where all was logged.
 * Any thread may use it.
 */
public final class DenialCounts {
    private final Map<Key, Pending> pending = new HashMap<>();
    private final Map<Policy, Long> byPolicy = new HashMap<>();
    private @Nullable Map<Key, Long> last;
    private @Nullable Facts lastFacts;

    /**
     * What the kernel counts apart.
     *
     * @param enforced false for what only policies of a dry run deny
     */
    public record Key(String pod, Direction direction, boolean enforced) {}

    /** A policy by kind and name, and whether it was enforced when it denied. */
    public record Policy(String name, boolean enforced) {}

    /** Packets that no policy was found for yet, and what was logged since. */
    private static final class Pending {
        long packets;
        long logged;
        final IdentityHashMap<List<String>, Long> byPolicies = new IdentityHashMap<>();
    }

    /**
     * Takes a packet that was logged.
     *
     * @param policies that deny it; told apart by identity, so that many cost little
     */
    synchronized void logged(Key key, List<String> policies) {
        Pending of = pending.computeIfAbsent(key, _ -> new Pending());
        of.logged++;
        of.byPolicies.merge(policies, 1L, Long::sum);
    }

    /**
     * Takes what the kernel has counted. What it had counted when first asked was an earlier agent's to tell.
     *
     * @param totals of all pods that are there; begins at 0 with a pod, and when the table is made anew
     * @param facts what is known now, so that policies that are gone are forgotten
     * @return the packets that each policy denied since the start; of those that are there and denied any
     */
    @SuppressWarnings("ReferenceEquality") // whatever is told anew is another object
    public synchronized Map<Policy, Long> counted(Map<Key, Long> totals, Facts facts) {
        Map<Key, Long> before = last == null ? totals : last;
        totals.forEach((key, total) -> {
            long known = before.getOrDefault(key, 0L);
            long more = total < known ? total : total - known;
            if (more > 0) {
                pending.computeIfAbsent(key, _ -> new Pending()).packets += more;
            }
        });
        last = Map.copyOf(totals);
        pending.keySet().retainAll(totals.keySet());
        List<Key> told = new ArrayList<>();
        pending.forEach((key, of) -> {
            if (of.packets > 0 && of.logged > 0) {
                attribute(key, of);
                told.add(key);
            }
        });
        told.forEach(pending::remove);
        if (facts != lastFacts && !byPolicy.isEmpty()) {
            Set<String> there = new HashSet<>();
            facts.policies().forEach(policy -> there.add(policy.title()));
            facts.clusterPolicies().forEach(policy -> there.add(policy.title()));
            byPolicy.keySet().removeIf(policy -> !there.contains(policy.name));
        }
        lastFacts = facts;
        return Map.copyOf(byPolicy);
    }

    private void attribute(Key key, Pending of) {
        of.byPolicies.forEach((names, logged) -> {
            long packets = Math.round((double) of.packets * logged / of.logged);
            for (String name : names) {
                byPolicy.merge(new Policy(name, key.enforced), packets, Long::sum);
            }
        });
    }
}
