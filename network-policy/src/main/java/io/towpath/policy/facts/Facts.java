package io.towpath.policy.facts;

import java.util.List;

/**
 * What is known of the cluster. No two of a list have the same name (and namespace). The order says nothing, but where one that did
 * not change stays the same object at about the same place, a change is found sooner.
 */
public record Facts(
        List<PodFact> pods,
        List<NamespaceFact> namespaces,
        List<NodeFact> nodes,
        List<PolicyFact> policies,
        List<ClusterPolicyFact> clusterPolicies) {
    public static final Facts NONE = new Facts(List.of(), List.of(), List.of(), List.of(), List.of());

    public Facts {
        pods = List.copyOf(pods);
        namespaces = List.copyOf(namespaces);
        nodes = List.copyOf(nodes);
        policies = List.copyOf(policies);
        clusterPolicies = List.copyOf(clusterPolicies);
    }
}
