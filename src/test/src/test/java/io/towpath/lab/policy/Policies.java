package io.towpath.lab.policy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import java.util.List;

/** NetworkPolicies in few words. */
final class Policies {
    private Policies() {}

    /** What policies are put together from, under the name of the field that it belongs to. */
    record Part(String field, ObjectNode json) {}

    /** The rules of one direction. */
    record Rules(String direction, List<Part> rules) {}

    // ---- selectors

    /** Selects everything. */
    static ObjectNode all() {
        return Json.object("{}");
    }

    /** Selects by labels: key and value in turn. */
    static ObjectNode labels(String... keysAndValues) {
        ObjectNode selector = all();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            selector.withObjectProperty("matchLabels").put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return selector;
    }

    /** Selects by one expression. */
    static ObjectNode expression(String key, String operator, String... values) {
        ObjectNode selector = all();
        ObjectNode expression = selector.putArray("matchExpressions").addObject();
        expression.put("key", key).put("operator", operator);
        if (values.length > 0) {
            ArrayNode list = expression.putArray("values");
            List.of(values).forEach(list::add);
        }
        return selector;
    }

    static ObjectNode in(String key, String... values) {
        return expression(key, "In", values);
    }

    static ObjectNode notIn(String key, String... values) {
        return expression(key, "NotIn", values);
    }

    // ---- peers

    /** Pods of the policy's own namespace. */
    static Part pods(ObjectNode selector) {
        ObjectNode peer = Json.object("{}");
        peer.set("podSelector", selector);
        return new Part("peers", peer);
    }

    /** All pods of namespaces. */
    static Part namespaces(ObjectNode selector) {
        ObjectNode peer = Json.object("{}");
        peer.set("namespaceSelector", selector);
        return new Part("peers", peer);
    }

    /** Pods of namespaces. */
    static Part pods(ObjectNode namespaces, ObjectNode pods) {
        ObjectNode peer = Json.object("{}");
        peer.set("namespaceSelector", namespaces);
        peer.set("podSelector", pods);
        return new Part("peers", peer);
    }

    static Part block(String cidr, String... except) {
        ObjectNode peer = Json.object("{}");
        ObjectNode block = peer.putObject("ipBlock").put("cidr", cidr);
        if (except.length > 0) {
            ArrayNode list = block.putArray("except");
            List.of(except).forEach(list::add);
        }
        return new Part("peers", peer);
    }

    /** One address. */
    static Part host(String address) {
        return block(cidr(address));
    }

    /** The block that is one address. */
    static String cidr(String address) {
        return address + (address.contains(":") ? "/128" : "/32");
    }

    // ---- ports

    /** Without a protocol: that is TCP. */
    static Part port(int port) {
        return new Part("ports", Json.object("{}").put("port", port));
    }

    /** A name without a protocol: that is TCP. */
    static Part port(String name) {
        return new Part("ports", Json.object("{}").put("port", name));
    }

    static Part port(Protocol protocol, int port) {
        return new Part("ports", protocol(protocol).json.put("port", port));
    }

    static Part port(Protocol protocol, String name) {
        return new Part("ports", protocol(protocol).json.put("port", name));
    }

    static Part ports(Protocol protocol, int first, int last) {
        return new Part("ports", port(protocol, first).json.put("endPort", last));
    }

    /** All ports of a protocol. */
    static Part protocol(Protocol protocol) {
        return new Part("ports", Json.object("{}").put("protocol", protocol.toString()));
    }

    // ---- rules and policies

    /** A rule of peers and ports, in any order. */
    static Part rule(Part... parts) {
        ObjectNode rule = Json.object("{}");
        for (Part part : parts) {
            rule.withArrayProperty(part.field).add(part.json);
        }
        return new Part("rule", rule);
    }

    static Rules ingress(Part... rules) {
        return new Rules("Ingress", List.of(rules));
    }

    static Rules egress(Part... rules) {
        return new Rules("Egress", List.of(rules));
    }

    /** A policy whose types are the directions that it has rules for, be it none. */
    static ObjectNode policy(String namespace, String name, ObjectNode podSelector, Rules... directions) {
        ObjectNode policy = untyped(namespace, name, podSelector, directions);
        ArrayNode types = policy.withObjectProperty("spec").putArray("policyTypes");
        List.of(directions).forEach(each -> types.add(each.direction));
        return policy;
    }

    /** A policy that does not say of which types it is. */
    static ObjectNode untyped(String namespace, String name, ObjectNode podSelector, Rules... directions) {
        ObjectNode policy = Json.object("{'kind':'NetworkPolicy','apiVersion':'networking.k8s.io/v1'}");
        policy.putObject("metadata").put("namespace", namespace).put("name", name);
        ObjectNode spec = policy.putObject("spec");
        spec.set("podSelector", podSelector);
        for (Rules rules : directions) {
            boolean isIngress = rules.direction.equals("Ingress");
            ArrayNode list = spec.putArray(isIngress ? "ingress" : "egress");
            for (Part rule : rules.rules) {
                ObjectNode json = rule.json.deepCopy();
                if (json.has("peers")) {
                    json.set(isIngress ? "from" : "to", json.remove("peers"));
                }
                list.add(json);
            }
        }
        return policy;
    }
}
