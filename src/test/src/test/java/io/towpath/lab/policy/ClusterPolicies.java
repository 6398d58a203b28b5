package io.towpath.lab.policy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import io.towpath.lab.policy.Policies.Part;
import io.towpath.lab.policy.Policies.Rules;
import java.util.List;
import java.util.Locale;

/** ClusterNetworkPolicies in few words. */
final class ClusterPolicies {
    static final String ADMIN = "Admin";
    static final String BASELINE = "Baseline";

    private ClusterPolicies() {}

    // ---- peers, of which the first two are subjects, too

    /** All pods of namespaces. */
    static Part in(ObjectNode namespaces) {
        return peer("namespaces", namespaces);
    }

    /** All pods of one namespace. */
    static Part in(String namespace) {
        return in(Policies.labels("ns", namespace));
    }

    static Part pods(ObjectNode namespaces, ObjectNode pods) {
        ObjectNode selection = Json.object("{}");
        selection.set("namespaceSelector", namespaces);
        selection.set("podSelector", pods);
        return peer("pods", selection);
    }

    static Part nodes(ObjectNode selector) {
        return peer("nodes", selector);
    }

    static Part networks(List<String> cidrs) {
        ObjectNode peer = Json.object("{}");
        ArrayNode list = peer.putArray("networks");
        cidrs.forEach(list::add);
        return new Part("peers", peer);
    }

    private static Part peer(String field, ObjectNode value) {
        ObjectNode peer = Json.object("{}");
        peer.set(field, value);
        return new Part("peers", peer);
    }

    // ---- protocols

    static Part protocol(Protocol protocol) {
        return new Part("protocols", Json.object("{'" + lower(protocol) + "':{}}"));
    }

    static Part port(Protocol protocol, int port) {
        return new Part(
                "protocols", Json.object("{'" + lower(protocol) + "':{'destinationPort':{'number':" + port + "}}}"));
    }

    static Part ports(Protocol protocol, int first, int last) {
        return new Part(
                "protocols",
                Json.object("{'" + lower(protocol) + "':{'destinationPort':{'range':{'start':" + first + ",'end':"
                        + last + "}}}}"));
    }

    static Part port(String name) {
        return new Part("protocols", Json.object("{}").put("destinationNamedPort", name));
    }

    private static String lower(Protocol protocol) {
        return protocol.toString().toLowerCase(Locale.ROOT);
    }

    // ---- rules and policies

    static Part accept(Part... parts) {
        return rule("Accept", parts);
    }

    static Part deny(Part... parts) {
        return rule("Deny", parts);
    }

    static Part pass(Part... parts) {
        return rule("Pass", parts);
    }

    static Part rule(String action, Part... parts) {
        ObjectNode rule = Json.object("{}").put("action", action);
        for (Part part : parts) {
            rule.withArrayProperty(part.field()).add(part.json());
        }
        return new Part("rule", rule);
    }

    /** A policy of a subject that is a peer of namespaces or pods. */
    static ObjectNode policy(String name, String tier, int priority, Part subject, Rules... directions) {
        ObjectNode policy =
                Json.object("{'kind':'ClusterNetworkPolicy','apiVersion':'policy.networking.k8s.io/v1beta1'}");
        policy.putObject("metadata").put("name", name);
        ObjectNode spec = policy.putObject("spec").put("tier", tier).put("priority", priority);
        spec.set("subject", subject.json());
        for (Rules rules : directions) {
            boolean isIngress = rules.direction().equals("Ingress");
            ArrayNode list = spec.putArray(isIngress ? "ingress" : "egress");
            for (Part rule : rules.rules()) {
                ObjectNode json = rule.json().deepCopy();
                json.set(isIngress ? "from" : "to", json.remove("peers"));
                list.add(json);
            }
        }
        return policy;
    }
}
