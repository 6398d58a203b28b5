package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A namespace in the index: its pods, and their classes by label. */
final class Namespace {
    final String name;

    /** Null as long as it is not known. */
    @Nullable
    Map<String, String> labels;

    final Map<String, Pod> pods = new HashMap<>();

    /** The addresses of the pods of this node, by the pods' names. */
    final Map<String, List<IpAddress>> local = new HashMap<>();

    private final Map<PodClass.Key, PodClass> classes = new HashMap<>();
    private final Map<String, Map<String, Set<PodClass>>> byLabel = new HashMap<>();

    Namespace(String name) {
        this.name = name;
    }

    boolean isUnused() {
        return labels == null && pods.isEmpty() && local.isEmpty();
    }

    Collection<PodClass> classes() {
        return classes.values();
    }

    @Nullable
    PodClass find(PodClass.Key key) {
        return classes.get(key);
    }

    PodClass add(PodClass.Key key) {
        PodClass made = new PodClass(this, key);
        classes.put(key, made);
        key.labels()
                .forEach((label, value) -> byLabel.computeIfAbsent(label, _ -> new HashMap<>(2))
                        .computeIfAbsent(value, _ -> new HashSet<>(2))
                        .add(made));
        return made;
    }

    void remove(PodClass old) {
        classes.remove(old.key);
        old.labels().forEach((label, value) -> {
            Map<String, Set<PodClass>> values = byLabel.getOrDefault(label, Map.of());
            Set<PodClass> having = values.getOrDefault(value, Set.of());
            having.remove(old);
            if (having.isEmpty()) {
                values.remove(value);
            }
            if (values.isEmpty()) {
                byLabel.remove(label);
            }
        });
    }

    /** Adds the classes that a selector matches. */
    void select(Selector selector, Collection<PodClass> selected) {
        for (PodClass each : candidates(selector)) {
            if (selector.matches(each.labels())) {
                selected.add(each);
            }
        }
    }

    /** The smallest collection at hand that holds all that a selector matches. */
    private Collection<PodClass> candidates(Selector selector) {
        Collection<PodClass> best = classes.values();
        for (Map.Entry<String, String> label : selector.matchLabels().entrySet()) {
            Set<PodClass> having = having(label.getKey(), label.getValue());
            best = having.size() < best.size() ? having : best;
        }
        for (Requirement requirement : selector.requirements()) {
            if (requirement.operator() == Operator.IN) {
                List<PodClass> having = new ArrayList<>();
                for (String value : new HashSet<>(requirement.values())) {
                    having.addAll(having(requirement.key(), value));
                }
                best = having.size() < best.size() ? having : best;
            }
        }
        return best;
    }

    private Set<PodClass> having(String label, String value) {
        return byLabel.getOrDefault(label, Map.of()).getOrDefault(value, Set.of());
    }
}
