package io.towpath.policy.compile;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All policies; each has a bit. */
final class Policies {
    private final Map<String, Map<String, PolicyUnit>> ofNamespace = new HashMap<>();
    private final Map<String, PolicyUnit> clusterWide = new HashMap<>();
    private final List<@Nullable PolicyUnit> byOrdinal = new ArrayList<>();
    private final BitSet taken = new BitSet();
    private final Set<PolicyUnit> gone = new HashSet<>();
    private final Set<PolicyUnit> changed = new HashSet<>();
    private final BitSet ingress = new BitSet();
    private final BitSet egress = new BitSet();
    private final BitSet dryRun = new BitSet();

    /** Takes what differs between two states of the cluster. */
    void update(Facts before, Facts after) {
        Diff<PolicyFact> policies =
                Diff.of(before.policies(), after.policies(), fact -> fact.namespace() + '/' + fact.name());
        Diff<ClusterPolicyFact> wide =
                Diff.of(before.clusterPolicies(), after.clusterPolicies(), ClusterPolicyFact::name);
        Set<PolicyUnit> dropped = new HashSet<>();
        for (PolicyFact fact : policies.gone()) {
            dropped.add(ofNamespace.getOrDefault(fact.namespace(), Map.of()).remove(fact.name()));
        }
        for (ClusterPolicyFact fact : wide.gone()) {
            dropped.add(clusterWide.remove(fact.name()));
        }
        Map<String, PolicyUnit> known = new HashMap<>();
        dropped.forEach(unit -> known.put(unit.id, unit));
        for (PolicyFact fact : policies.come()) {
            PolicyUnit unit = known.remove(fact.title());
            unit = unit == null ? PolicyUnit.of(fact, ordinal()) : unit;
            unit.changeTo(new PolicyUnit.Namespaced(fact));
            ofNamespace.computeIfAbsent(fact.namespace(), _ -> new HashMap<>()).put(fact.name(), unit);
            place(unit);
        }
        for (ClusterPolicyFact fact : wide.come()) {
            PolicyUnit unit = known.remove(fact.title());
            unit = unit == null ? PolicyUnit.of(fact, ordinal()) : unit;
            unit.changeTo(new PolicyUnit.ClusterWide(fact));
            clusterWide.put(fact.name(), unit);
            place(unit);
        }
        known.values().forEach(this::drop);
        policies.gone()
                .forEach(fact ->
                        ofNamespace.computeIfPresent(fact.namespace(), (_, left) -> left.isEmpty() ? null : left));
    }

    private int ordinal() {
        int ordinal = taken.nextClearBit(0);
        taken.set(ordinal);
        if (ordinal == byOrdinal.size()) {
            byOrdinal.add(null);
        }
        return ordinal;
    }

    private void place(PolicyUnit unit) {
        byOrdinal.set(unit.ordinal, unit);
        ingress.set(unit.ordinal, unit.appliesTo(Direction.INGRESS));
        egress.set(unit.ordinal, unit.appliesTo(Direction.EGRESS));
        dryRun.set(unit.ordinal, unit.isDryRun());
        changed.add(unit);
    }

    private void drop(PolicyUnit unit) {
        gone.add(unit);
        ingress.clear(unit.ordinal);
        egress.clear(unit.ordinal);
        dryRun.clear(unit.ordinal);
    }

    /** Those that are new or say something else. */
    Set<PolicyUnit> changed() {
        return changed;
    }

    /** Those that are there no more. */
    Set<PolicyUnit> gone() {
        return gone;
    }

    /** Ends a compilation: from here on the bits of policies that are gone are others'. */
    void settle() {
        for (PolicyUnit unit : gone) {
            byOrdinal.set(unit.ordinal, null);
            taken.clear(unit.ordinal);
        }
        gone.clear();
        changed.clear();
    }

    /** All that may be about the pods of a namespace. */
    void candidates(String namespace, Collection<PolicyUnit> candidates) {
        candidates.addAll(ofNamespace.getOrDefault(namespace, Map.of()).values());
        candidates.addAll(clusterWide.values());
    }

    /** Of some policies, those that have a say in a direction. */
    BitSet applying(BitSet units, Direction direction, boolean withDryRun) {
        BitSet applying = (BitSet) units.clone();
        applying.and(direction == Direction.INGRESS ? ingress : egress);
        if (!withDryRun) {
            applying.andNot(dryRun);
        }
        return applying;
    }

    boolean hasDryRun(BitSet units) {
        return units.intersects(dryRun);
    }

    PolicyUnit at(int ordinal) {
        PolicyUnit unit = byOrdinal.get(ordinal);
        if (unit == null) {
            throw new NoSuchElementException("policy " + ordinal);
        }
        return unit;
    }

    /** Some policies, in the order of their bits. */
    Iterable<PolicyUnit> of(BitSet units) {
        return () -> new Iterator<>() {
            private int next = units.nextSetBit(0);

            @Override
            public boolean hasNext() {
                return next >= 0;
            }

            @Override
            public PolicyUnit next() {
                PolicyUnit unit = at(next);
                next = units.nextSetBit(next + 1);
                return unit;
            }
        };
    }
}
