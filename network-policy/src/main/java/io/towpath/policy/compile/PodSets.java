package io.towpath.policy.compile;

import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All sets that rules use, with what is in them. */
final class PodSets {
    private final Map<String, Namespace> namespaces;
    private final Map<PodSet.Key, PodSet> sets = new HashMap<>();
    private final Map<String, Set<PodSet>> ofNamespace = new HashMap<>();
    private final Set<PodSet> wide = new HashSet<>();

    /** What selectors matched since a namespace last changed: many rules have the same. */
    private final Map<Selector, List<Namespace>> matched = new HashMap<>();

    /** @param namespaces all, by their names; kept up to date by the owner */
    PodSets(Map<String, Namespace> namespaces) {
        this.namespaces = namespaces;
    }

    void namespacesChanged() {
        matched.clear();
    }

    void added(PodClass podClass) {
        addTo(ofNamespace.getOrDefault(podClass.namespace.name, Set.of()), podClass);
        addTo(wide, podClass);
    }

    private static void addTo(Set<PodSet> candidates, PodClass podClass) {
        for (PodSet set : candidates) {
            if (set.key.matches(podClass)) {
                set.classes.add(podClass);
                podClass.sets.add(set);
            }
        }
    }

    void removed(PodClass podClass) {
        for (PodSet set : podClass.sets) {
            set.classes.remove(podClass);
        }
        podClass.sets.clear();
    }

    PodSet use(PodSet.Key key, PolicyUnit user) {
        PodSet set = sets.computeIfAbsent(key, this::make);
        set.users.add(user);
        return set;
    }

    private PodSet make(PodSet.Key key) {
        PodSet set = new PodSet(key);
        Selector selector = key.namespaces();
        String name = key.namespace();
        if (selector == null && name != null) {
            Namespace own = namespaces.get(name);
            if (own != null) {
                own.select(key.pods(), set.classes);
            }
            ofNamespace.computeIfAbsent(name, _ -> new HashSet<>()).add(set);
        } else if (selector != null) {
            for (Namespace each : matched.computeIfAbsent(selector, this::matching)) {
                each.select(key.pods(), set.classes);
            }
            wide.add(set);
        }
        for (PodClass each : set.classes) {
            each.sets.add(set);
        }
        return set;
    }

    private List<Namespace> matching(Selector selector) {
        List<Namespace> matching = new ArrayList<>();
        for (Namespace each : namespaces.values()) {
            if (each.labels != null && selector.matches(each.labels)) {
                matching.add(each);
            }
        }
        return matching;
    }

    /** Drops what nobody else uses. */
    void release(Collection<PodSet> used, PolicyUnit user) {
        for (PodSet set : used) {
            set.users.remove(user);
            if (set.users.isEmpty() && sets.remove(set.key, set)) {
                wide.remove(set);
                String name = set.key.namespace();
                Set<PodSet> own = name == null ? null : ofNamespace.get(name);
                if (name != null && own != null) {
                    own.remove(set);
                    if (own.isEmpty()) {
                        ofNamespace.remove(name);
                    }
                }
                for (PodClass each : set.classes) {
                    each.sets.remove(set);
                }
            }
        }
    }
}
