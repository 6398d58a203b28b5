package io.towpath.lab.policy;

import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.expression;
import static io.towpath.lab.policy.Policies.in;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.notIn;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.rule;
import static io.towpath.lab.policy.Policies.untyped;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import io.towpath.lab.policy.Policies.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Whom a policy is about, in which directions, and several policies for the same pods. */
final class TargetCases {
    private final List<Case> cases = new ArrayList<>();

    private TargetCases() {}

    static List<Case> allCases() {
        TargetCases cases = new TargetCases();
        cases.targets();
        cases.directions();
        cases.types();
        cases.stacks();
        return cases.cases;
    }

    private void add(String name, ObjectNode... policies) {
        cases.add(Case.of(name, Case.step(world -> List.of(policies).forEach(world::apply))));
    }

    private void targets() {
        Map<String, ObjectNode> selectors = new LinkedHashMap<>();
        selectors.put("all pods", all());
        selectors.put("a label", labels("pod", "a"));
        selectors.put("a label that no pod has", labels("pod", "q"));
        selectors.put("In", in("pod", "a", "b"));
        selectors.put("NotIn", notIn("pod", "a"));
        selectors.put("NotIn of a key that no pod has", notIn("none", "a"));
        selectors.put("Exists", expression("pod", "Exists"));
        selectors.put("DoesNotExist", expression("pod", "DoesNotExist"));
        ObjectNode both = in("pod", "a", "b");
        both.putObject("matchLabels").put("pod", "b");
        selectors.put("label and expression", both);
        selectors.put("label against expression", bothOf(labels("pod", "a"), notIn("pod", "a")));
        Part someone = rule(namespaces(in("ns", "x", "y")), pods(labels("pod", "c")), port(80));
        for (String namespace : List.of("x", "y")) {
            selectors.forEach((name, selector) -> {
                if (namespace.equals("x") || name.equals("all pods") || name.equals("a label")) {
                    add(
                            "target in " + namespace + ": " + name,
                            policy(namespace, "base", selector, ingress(someone), egress(someone)));
                }
            });
        }
    }

    private static ObjectNode bothOf(ObjectNode labels, ObjectNode expressions) {
        return labels.setAll(expressions);
    }

    private void directions() {
        add("ingress: nothing", policy("x", "base", all(), ingress()));
        add("egress: nothing", policy("x", "base", all(), egress()));
        add("ingress: everything", policy("x", "base", all(), ingress(rule())));
        add("egress: everything", policy("x", "base", all(), egress(rule())));
        add("ingress everything, egress nothing", policy("x", "base", all(), ingress(rule()), egress()));
        add("ingress nothing, egress everything", policy("x", "base", all(), ingress(), egress(rule())));
    }

    private void types() {
        Part fromY = rule(namespaces(labels("ns", "y")));
        add("no types, no rules", untyped("x", "base", all()));
        add("no types, a rule for ingress", untyped("x", "base", all(), ingress(fromY)));
        add("no types, a rule for egress: isolates both", untyped("x", "base", all(), egress(fromY)));
        add("no types, an empty list for egress", untyped("x", "base", all(), ingress(fromY), egress()));
        add("type Egress alone: rules for ingress do not count", typed("['Egress']", fromY));
        add("type Ingress alone: rules for egress do not count", typed("['Ingress']", fromY));
        add("an empty list of types", typed("[]", fromY));
    }

    private static ObjectNode typed(String types, Part rule) {
        ObjectNode policy = untyped("x", "base", all(), ingress(rule), egress(rule));
        policy.withObjectProperty("spec").set("policyTypes", Json.read(types.replace('\'', '"')));
        return policy;
    }

    private void stacks() {
        ObjectNode a = labels("pod", "a");
        add(
                "several policies: union of peers",
                policy("x", "one", a, ingress(rule(pods(labels("pod", "b"))))),
                policy("x", "two", a, ingress(rule(namespaces(labels("ns", "z"))))));
        add(
                "several policies: union of ports",
                policy("x", "one", a, ingress(rule(port(80)))),
                policy("x", "two", a, ingress(rule(port(Protocol.UDP, 81)))));
        add(
                "several policies: peers and ports do not mix",
                policy("x", "one", a, ingress(rule(namespaces(labels("ns", "y")), port(80)))),
                policy("x", "two", a, ingress(rule(namespaces(labels("ns", "z")), port(81)))));
        add(
                "several rules: peers and ports do not mix",
                policy(
                        "x",
                        "one",
                        a,
                        egress(
                                rule(namespaces(labels("ns", "y")), port(80)),
                                rule(namespaces(labels("ns", "z")), port(81)))));
        add(
                "several policies: overlapping targets",
                policy("x", "one", all(), ingress(rule(namespaces(labels("ns", "x"))))),
                policy("x", "two", in("pod", "a", "b"), ingress(rule(namespaces(labels("ns", "y"))))),
                policy("x", "three", in("pod", "b", "c"), ingress(rule(namespaces(labels("ns", "z"))))));
        add(
                "several policies: one direction each",
                policy("x", "one", a, ingress(rule(pods(labels("pod", "b"))))),
                policy("x", "two", a, egress(rule(pods(labels("pod", "c"))))));
        add(
                "several namespaces deny",
                policy("x", "deny", all(), ingress()),
                policy("y", "deny", all(), egress()),
                policy("z", "deny", all(), ingress(), egress()));
        add(
                "everybody's policy",
                policy("x", "own", all(), ingress(rule(pods(all()))), egress(rule(pods(all())))),
                policy("y", "own", all(), ingress(rule(pods(all()))), egress(rule(pods(all())))),
                policy("z", "own", all(), ingress(rule(pods(all()))), egress(rule(pods(all())))));
    }
}
