package io.towpath.policy.explain;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which policies apply to pods, dry runs among them. */
public final class AppliedPolicies {
    private final Facts facts;
    private final Map<String, Map<String, String>> namespaceLabels = new HashMap<>();
    private final Map<String, List<PolicyFact>> byNamespace = new HashMap<>();

    /** Those that are among the facts. */
    public AppliedPolicies(Facts facts) {
        this.facts = facts;
        for (NamespaceFact each : facts.namespaces()) {
            namespaceLabels.put(each.name(), each.labels());
        }
        for (PolicyFact each : facts.policies()) {
            byNamespace
                    .computeIfAbsent(each.namespace(), _ -> new ArrayList<>())
                    .add(each);
        }
    }

    /** The NetworkPolicies that isolate a pod in a direction, and the ClusterNetworkPolicies that have rules for it there. */
    public List<Explanation.Policy> of(PodFact pod, Direction direction) {
        List<Explanation.Policy> applied = new ArrayList<>();
        for (ClusterPolicyFact each : facts.clusterPolicies()) {
            if (hasRules(each, direction) && isSubject(each, pod)) {
                applied.add(Explanation.Policy.of(each));
            }
        }
        for (PolicyFact each : byNamespace.getOrDefault(pod.namespace(), List.of())) {
            if (isolates(each, direction) && selects(each, pod)) {
                applied.add(Explanation.Policy.of(each));
            }
        }
        return applied;
    }

    /** Whether a policy is about a pod, whatever the direction. */
    public boolean isSubject(ClusterPolicyFact policy, PodFact pod) {
        return isSubject(policy, pod, namespaceLabels.getOrDefault(pod.namespace(), Map.of()));
    }

    static boolean isSubject(ClusterPolicyFact policy, PodFact pod, Map<String, String> namespaceLabels) {
        return selects(policy.subject().namespaces(), namespaceLabels)
                && selects(policy.subject().pods(), pod.labels());
    }

    /** Whether a policy selects a pod, whatever the direction. */
    public static boolean selects(PolicyFact policy, PodFact pod) {
        return policy.namespace().equals(pod.namespace()) && selects(policy.pods(), pod.labels());
    }

    /** Whether pods that a policy selects receive or send only what a policy allows. */
    public static boolean isolates(PolicyFact policy, Direction direction) {
        return direction == Direction.INGRESS ? policy.isolatesIngress() : policy.isolatesEgress();
    }

    /** Whether a policy says anything of a direction. */
    public static boolean hasRules(ClusterPolicyFact policy, Direction direction) {
        return !(direction == Direction.INGRESS ? policy.ingress() : policy.egress()).isEmpty();
    }

    static boolean selects(Selector selector, Map<String, String> labels) {
        return selector.flaw() == null && selector.matches(labels);
    }
}
