package io.towpath.policy.compile;

import io.towpath.policy.facts.PortMatch.Named;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What policies say that are about pods of this node, and what of it cannot be. The others are not read. */
final class Readings {
    private final PodSets sets;
    private final List<PolicyUnit> reread = new ArrayList<>();
    private final Set<PolicyUnit> flawed = new HashSet<>();
    private final Set<PolicyUnit> withProblems = new HashSet<>();

    /** Names of ports that policies with a say in ingress have, and, by a bit, in egress. */
    private final Map<PolicyUnit, Set<Named>> ingressNames = new HashMap<>();

    private final Map<PolicyUnit, Set<Named>> egressNames = new HashMap<>();
    private final BitSet naming = new BitSet();

    Readings(PodSets sets) {
        this.sets = sets;
    }

    /** Reads those that changed or are about pods of this node since now. */
    void update(Policies policies, Set<PolicyUnit> concerned) {
        Set<PolicyUnit> units = new HashSet<>(concerned);
        units.addAll(policies.changed());
        units.addAll(policies.gone());
        for (PolicyUnit unit : units) {
            boolean gone = policies.gone().contains(unit);
            boolean wanted = unit.users > 0 && !gone;
            boolean stands = unit.text != null && !policies.changed().contains(unit);
            if (wanted ? !stands : unit.text != null) {
                unit.before = unit.text;
                unit.text = wanted ? PolicyReader.read(unit, sets) : null;
                reread.add(unit);
                note(unit, unit.text);
            }
            if (!gone && unit.flaw() != null) {
                flawed.add(unit);
            } else {
                flawed.remove(unit);
            }
        }
    }

    private void note(PolicyUnit unit, PolicyUnit.@Nullable Text text) {
        note(withProblems, unit, text != null && !text.problems().isEmpty());
        note(ingressNames, unit, text == null ? Set.of() : text.ingress().names());
        note(egressNames, unit, text == null ? Set.of() : text.egress().names());
        naming.set(unit.ordinal, ingressNames.containsKey(unit));
    }

    private static void note(Set<PolicyUnit> units, PolicyUnit unit, boolean member) {
        if (member) {
            units.add(unit);
        } else {
            units.remove(unit);
        }
    }

    private static void note(Map<PolicyUnit, Set<Named>> names, PolicyUnit unit, Set<Named> own) {
        if (own.isEmpty()) {
            names.remove(unit);
        } else {
            names.put(unit, own);
        }
    }

    /** Those that say something else now than before this compilation. */
    Collection<PolicyUnit> reread() {
        return reread;
    }

    /** What the names of ports stand for that some policies of ingress have. */
    Map<Named, PortSet> names(BitSet units, PodClass podClass, Policies policies) {
        if (!units.intersects(naming)) {
            return Map.of();
        }
        Map<Named, PortSet> names = new HashMap<>();
        BitSet having = (BitSet) units.clone();
        having.and(naming);
        for (PolicyUnit unit : policies.of(having)) {
            for (Named name : ingressNames.getOrDefault(unit, Set.of())) {
                names.computeIfAbsent(name, each -> PortSpec.resolve(each, podClass.ports()));
            }
        }
        return names;
    }

    /** All that cannot be as it is written. */
    List<Problem> problems(Set<PodClass> local, Selections selections, PodIndex index) {
        Set<Problem> problems = new TreeSet<>();
        for (PolicyUnit unit : flawed) {
            problems.add(new Problem(unit.id, unit.flaw() + "; it is about no pods"));
        }
        for (PolicyUnit unit : withProblems) {
            if (unit.text != null) {
                problems.addAll(unit.text.problems());
            }
        }
        ingressNames.forEach((unit, names) -> {
            for (Named name : names) {
                if (local.stream()
                        .filter(podClass -> selections.of(podClass).get(unit.ordinal))
                        .allMatch(podClass ->
                                PortSpec.resolve(name, podClass.ports()).isEmpty())) {
                    problems.add(unknown(unit, Direction.INGRESS, name, "none of its pods on this node"));
                }
            }
        });
        egressNames.forEach((unit, names) -> {
            for (Named name : names) {
                if (!index.knows(name)) {
                    problems.add(unknown(unit, Direction.EGRESS, name, "no pod"));
                }
            }
        });
        return List.copyOf(problems);
    }

    private static Problem unknown(PolicyUnit unit, Direction direction, Named name, String whose) {
        String field = direction == Direction.INGRESS ? "spec.ingress" : "spec.egress";
        String protocol = name.protocol() == null ? "" : name.protocol() + " ";
        return new Problem(unit.id, field + ": " + whose + " names a port " + protocol + name.name());
    }

    /** Ends a compilation: what was said before is forgotten. */
    void settle() {
        for (PolicyUnit unit : reread) {
            PolicyUnit.Text before = unit.before;
            PolicyUnit.Text now = unit.text;
            if (before != null) {
                Set<PodSet> left = new HashSet<>(before.sets());
                left.removeAll(now == null ? Set.of() : now.sets());
                sets.release(left, unit);
            }
            unit.before = null;
        }
        reread.clear();
    }
}
