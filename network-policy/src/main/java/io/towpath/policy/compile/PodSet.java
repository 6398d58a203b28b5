package io.towpath.policy.compile;

import io.towpath.policy.facts.Selector;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The pods that a peer of a rule selects; one for all rules that say the same. */
final class PodSet {
    final Key key;
    final Set<PodClass> classes = new HashSet<>();

    /** The policies with a rule that says so. */
    final Set<PolicyUnit> users = new HashSet<>(2);

    PodSet(Key key) {
        this.key = key;
    }

    /**
     * What is selected.
     *
     * @param namespace a namespace's name; null if they are selected
     * @param namespaces those of a namespace with a name if this is null
     */
    record Key(@Nullable String namespace, @Nullable Selector namespaces, Selector pods) {
        boolean matches(PodClass podClass) {
            var labels = podClass.namespace.labels;
            boolean inNamespace = namespaces == null
                    ? podClass.namespace.name.equals(namespace)
                    : labels != null && namespaces.matches(labels);
            return inNamespace && pods.matches(podClass.labels());
        }
    }
}
