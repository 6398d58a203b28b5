package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.policy.explain.AppliedPolicies;
import io.towpath.policy.explain.Explanation;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The interfaces of this node's pods as the kernel shows them, as JSON, with the policies that apply to each. */
final class EndpointJson {
    private static final PolicyFacts NOTHING = new PolicyFacts(Facts.NONE, Map.of());

    private EndpointJson() {}

    /** A link of a pod. */
    private record Endpoint(String link, @Nullable String pod, boolean isInForce, List<IpAddress> addresses) {}

    /**
     * All endpoints.
     *
     * @param known null before the source has told; nothing is known of pods then
     * @param inForce the pods that something is in force for, by the indexes of their links
     * @param notInForce why the node does not enforce what is known; null if it does
     */
    static ObjectNode of(@Nullable PolicyFacts known, Map<Integer, String> inForce, @Nullable String notInForce)
            throws NetlinkException {
        return of(known == null ? NOTHING : known, inForce, notInForce, true);
    }

    /** All endpoints of a node whose agent enforces no policies: nothing is known of pods, and all is allowed. */
    static ObjectNode open() throws NetlinkException {
        return of(NOTHING, Map.of(), "this agent enforces no policies: all is allowed", false);
    }

    private static ObjectNode of(
            PolicyFacts known, Map<Integer, String> inForce, @Nullable String notInForce, boolean isEnforced)
            throws NetlinkException {
        AppliedPolicies applied = new AppliedPolicies(known.facts());
        Map<String, PodFact> pods = new HashMap<>();
        known.facts().pods().forEach(each -> pods.put(PolicyFacts.key(each.namespace(), each.name()), each));
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("enforced", isEnforced)
                .put("notInForce", notInForce);
        ArrayNode list = json.putArray("endpoints");
        for (Endpoint endpoint : read(known, inForce)) {
            int slash = endpoint.pod == null ? -1 : endpoint.pod.indexOf('/');
            ObjectNode each = list.addObject()
                    .put("namespace", endpoint.pod == null ? null : endpoint.pod.substring(0, slash))
                    .put("pod", endpoint.pod == null ? null : endpoint.pod.substring(slash + 1));
            ArrayNode addresses = each.putArray("addresses");
            endpoint.addresses.forEach(address -> addresses.add(address.toString()));
            each.put("link", endpoint.link).put("inForce", endpoint.isInForce);
            PodFact pod = endpoint.pod == null ? null : pods.get(endpoint.pod);
            for (Direction direction : Direction.values()) {
                if (pod == null && isEnforced) {
                    each.putNull(direction.word()); // not known; nothing is allowed then
                    continue;
                }
                ArrayNode policies = each.putArray(direction.word());
                if (pod != null) {
                    applied.of(pod, direction).forEach(policy -> put(policy, policies.addObject()));
                }
            }
        }
        return json;
    }

    /** A policy's kind, namespace, name and whether it is a dry run. */
    static void put(Explanation.Policy policy, ObjectNode into) {
        into.put("kind", policy.kind())
                .put("namespace", policy.namespace())
                .put("name", policy.name())
                .put("dryRun", policy.isDryRun());
    }

    private static List<Endpoint> read(PolicyFacts known, Map<Integer, String> inForce) throws NetlinkException {
        List<Endpoint> endpoints = new ArrayList<>();
        try (Rtnl rtnl = Rtnl.open()) {
            Map<Integer, List<IpAddress>> addresses = new HashMap<>();
            for (Route route : rtnl.routes()) {
                if (route.isToOne() && route.gateway() == null) {
                    addresses
                            .computeIfAbsent(route.linkIndex(), _ -> new ArrayList<>())
                            .add(route.destination().address());
                }
            }
            for (Link link : rtnl.links()) {
                if (EndpointName.isHostName(link.name())) {
                    String enforced = inForce.get(link.index());
                    endpoints.add(new Endpoint(
                            link.name(),
                            enforced == null ? known.podOf(link.name()) : enforced,
                            enforced != null,
                            addresses.getOrDefault(link.index(), List.of())));
                }
            }
        }
        endpoints.sort(Comparator.comparing((Endpoint each) -> each.pod == null ? "~" : each.pod)
                .thenComparing(Endpoint::link));
        return endpoints;
    }
}
