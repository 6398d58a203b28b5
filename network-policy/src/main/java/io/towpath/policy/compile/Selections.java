package io.towpath.policy.compile;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which policies are about which pods of this node. */
final class Selections {
    private final Policies policies;
    private final Map<PodClass, BitSet> selected = new HashMap<>();

    /** Those that began or ceased to be about any. */
    private final Set<PolicyUnit> concerned = new HashSet<>();

    Selections(Policies policies) {
        this.policies = policies;
    }

    /**
     * Brings it up to date.
     *
     * @param local the classes of all pods of this node
     * @return the policies that are about more or fewer classes now than before
     */
    Set<PolicyUnit> update(Set<PodClass> local) {
        concerned.clear();
        selected.entrySet().removeIf(entry -> {
            boolean left = !local.contains(entry.getKey());
            if (left) {
                entry.getValue().stream().forEach(ordinal -> count(policies.at(ordinal), -1));
            }
            return left;
        });
        selected.forEach((podClass, units) -> {
            policies.gone().forEach(unit -> set(units, unit, false));
            policies.changed().forEach(unit -> set(units, unit, unit.isAbout(podClass)));
        });
        for (PodClass podClass : local) {
            selected.computeIfAbsent(podClass, this::select);
        }
        return concerned;
    }

    private BitSet select(PodClass podClass) {
        List<PolicyUnit> candidates = new ArrayList<>();
        policies.candidates(podClass.namespace.name, candidates);
        BitSet units = new BitSet();
        for (PolicyUnit unit : candidates) {
            set(units, unit, unit.isAbout(podClass));
        }
        return units;
    }

    private void set(BitSet units, PolicyUnit unit, boolean about) {
        if (units.get(unit.ordinal) != about) {
            units.set(unit.ordinal, about);
            count(unit, about ? 1 : -1);
        }
    }

    private void count(PolicyUnit unit, int more) {
        unit.users += more;
        concerned.add(unit);
    }

    BitSet of(PodClass podClass) {
        return selected.getOrDefault(podClass, new BitSet());
    }
}
