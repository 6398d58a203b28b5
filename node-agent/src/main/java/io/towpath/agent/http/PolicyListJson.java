package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.policy.explain.AppliedPolicies;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The cluster's policies as JSON, with the pods of this node that each selects and what it has denied. */
final class PolicyListJson {
    private static final Comparator<ClusterPolicyFact> CLUSTER_ORDER = Comparator.comparing(ClusterPolicyFact::tier)
            .thenComparingInt(ClusterPolicyFact::priority)
            .thenComparing(ClusterPolicyFact::name);

    /** Null if nobody counts. */
    private final @Nullable Map<DenialCounts.Policy, Long> denied;

    private final List<PodFact> pods = new ArrayList<>();
    private final ArrayNode list = JsonNodeFactory.instance.arrayNode();

    private PolicyListJson(PolicyFacts known, @Nullable Map<DenialCounts.Policy, Long> denied) {
        this.denied = denied;
        for (PodFact each : known.facts().pods()) {
            if (known.uids().containsKey(PolicyFacts.key(each.namespace(), each.name()))) {
                pods.add(each);
            }
        }
    }

    /**
     * All policies, those of the cluster in the order in which they are asked, then those of namespaces by their names.
     *
     * @param notInForce why the node does not enforce what is known; null if it does
     * @param status as of the last round; null before one
     * @param notCounted why it is not counted what each denies; null if it is
     */
    static ObjectNode of(
            PolicyFacts known,
            @Nullable String notInForce,
            AgentStatus.@Nullable Policy status,
            @Nullable String notCounted) {
        Map<DenialCounts.Policy, Long> denied =
                status == null ? null : status.denied().byPolicy();
        PolicyListJson made =
                new PolicyListJson(known, notCounted != null ? null : Objects.requireNonNullElse(denied, Map.of()));
        AppliedPolicies applied = new AppliedPolicies(known.facts());
        known.facts().clusterPolicies().stream().sorted(CLUSTER_ORDER).forEach(each -> made.add(each, applied));
        Map<String, List<PodFact>> byNamespace = new HashMap<>();
        made.pods.forEach(each -> byNamespace
                .computeIfAbsent(each.namespace(), _ -> new ArrayList<>())
                .add(each));
        known.facts().policies().stream()
                .sorted(Comparator.comparing(PolicyFact::namespace).thenComparing(PolicyFact::name))
                .forEach(each -> made.add(each, byNamespace.getOrDefault(each.namespace(), List.of())));
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("notInForce", notInForce)
                .put("notCounted", notCounted);
        json.set("policies", made.list);
        return json;
    }

    private void add(ClusterPolicyFact policy, AppliedPolicies applied) {
        ObjectNode json = list.addObject()
                .put("kind", "ClusterNetworkPolicy")
                .putNull("namespace")
                .put("name", policy.name())
                .put("tier", policy.tier().toString())
                .put("priority", policy.priority());
        ArrayNode directions = json.putArray("directions");
        for (Direction each : Direction.values()) {
            if (AppliedPolicies.hasRules(policy, each)) {
                directions.add(each.word());
            }
        }
        finish(json, policy.title(), policy.dryRun(), pods, pod -> applied.isSubject(policy, pod));
    }

    private void add(PolicyFact policy, List<PodFact> ofNamespace) {
        ObjectNode json = list.addObject()
                .put("kind", "NetworkPolicy")
                .put("namespace", policy.namespace())
                .put("name", policy.name())
                .putNull("tier")
                .putNull("priority");
        ArrayNode directions = json.putArray("directions");
        for (Direction each : Direction.values()) {
            if (AppliedPolicies.isolates(policy, each)) {
                directions.add(each.word());
            }
        }
        finish(json, policy.title(), policy.dryRun(), ofNamespace, pod -> AppliedPolicies.selects(policy, pod));
    }

    private void finish(
            ObjectNode json, String title, boolean isDryRun, List<PodFact> candidates, Predicate<PodFact> isSelected) {
        json.put("dryRun", isDryRun);
        ArrayNode selected = json.putArray("pods");
        candidates.stream()
                .filter(isSelected)
                .map(pod -> PolicyFacts.key(pod.namespace(), pod.name()))
                .sorted()
                .forEach(selected::add);
        json.put("denied", denied == null ? null : denied.getOrDefault(new DenialCounts.Policy(title, !isDryRun), 0L));
    }
}
