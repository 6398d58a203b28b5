package io.towpath.agent.policy;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The namespaces whose pods no policy can be about, whatever labels these have. Not for use by several threads. */
final class FreeNamespaces {
    private final Facts facts;
    private final Map<String, Boolean> answers = new HashMap<>();

    private @Nullable Set<String> withPolicies;

    FreeNamespaces(Facts facts) {
        this.facts = facts;
    }

    /** Whether a namespace is one; it is not if it is not known. */
    boolean contains(String namespace) {
        return answers.computeIfAbsent(namespace, this::isFree);
    }

    private boolean isFree(String namespace) {
        return !withPolicies().contains(namespace)
                && facts.namespaces().stream()
                        .filter(each -> each.name().equals(namespace))
                        .anyMatch(each -> facts.clusterPolicies().stream().noneMatch(wide -> canBeAbout(wide, each)));
    }

    private Set<String> withPolicies() {
        Set<String> known = withPolicies;
        if (known == null) {
            known = new HashSet<>();
            for (PolicyFact each : facts.policies()) {
                known.add(each.namespace());
            }
            withPolicies = known;
        }
        return known;
    }

    private static boolean canBeAbout(ClusterPolicyFact policy, NamespaceFact namespace) {
        Selector namespaces = policy.subject().namespaces();
        return namespaces.flaw() != null || namespaces.matches(namespace.labels());
    }
}
