package io.towpath.lab.policy;

import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.block;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.ports;
import static io.towpath.lab.policy.Policies.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.policy.Policies.Part;
import io.towpath.lab.policy.Policies.Rules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One policy that allows and one that does not: at both ends of a connection, or for the same pod by different kinds of peers. */
final class ConflictCases {
    private final List<Case> cases = new ArrayList<>();

    private ConflictCases() {}

    static List<Case> allCases() {
        ConflictCases cases = new ConflictCases();
        cases.ends();
        cases.samePod("ingress");
        cases.samePod("egress");
        cases.examples();
        return cases.cases;
    }

    private void add(String name, ObjectNode... policies) {
        cases.add(Case.of(name, Case.step(world -> List.of(policies).forEach(world::apply))));
    }

    private void ends() {
        ObjectNode source = labels("pod", "b");
        ObjectNode destination = labels("pod", "c");
        add(
                "conflict: the source denies, the destination allows",
                policy("x", "source", source, egress()),
                policy("y", "destination", destination, ingress(rule())));
        add(
                "conflict: the source allows, the destination denies",
                policy("x", "source", source, egress(rule())),
                policy("y", "destination", destination, ingress()));
    }

    private void samePod(String direction) {
        Map<String, Part[]> denials = new LinkedHashMap<>();
        denials.put("denied", new Part[0]);
        denials.put("denied by address", new Part[] {rule(block("0.0.0.0/31"))});
        denials.put("denied by pod", new Part[] {rule(namespaces(labels("never", "there")))});
        Map<String, Part[]> permissions = new LinkedHashMap<>();
        permissions.put("allowed", new Part[] {rule()});
        permissions.put("allowed by address", new Part[] {rule(block("0.0.0.0/0"))});
        permissions.put("allowed by pod", new Part[] {rule(namespaces(all()))});
        ObjectNode target = labels("pod", "b");
        denials.forEach((denial, none) -> {
            add("conflict: " + direction + " " + denial, policy("x", "deny", target, rules(direction, none)));
            permissions.forEach((permission, some) -> add(
                    "conflict: " + direction + " " + denial + " and " + permission,
                    policy("x", "deny", target, rules(direction, none)),
                    policy("x", "allow", target, rules(direction, some))));
        });
    }

    private static Rules rules(String direction, Part... rules) {
        return direction.equals("ingress") ? ingress(rules) : egress(rules);
    }

    /** As the documentation of the API shows what it is for. */
    private void examples() {
        add(
                "example: everything that the API has, in one policy",
                policy(
                        "x",
                        "example",
                        labels("pod", "a"),
                        ingress(rule(
                                block("10.244.0.0/16", "10.244.2.0/24"),
                                namespaces(labels("ns", "y")),
                                pods(labels("pod", "b")),
                                port(Protocol.TCP, 80))),
                        egress(rule(block("10.244.1.0/24"), port(Protocol.TCP, 81)))));
        add(
                "example: a database, its clients and its monitoring",
                policy("z", "deny", all(), ingress()),
                policy(
                        "z",
                        "database",
                        labels("pod", "a"),
                        ingress(
                                rule(pods(labels("pod", "b")), port(80)),
                                rule(pods(labels("ns", "y"), labels("pod", "c")), port("serve-81-tcp")))));
        add(
                "example: a range of ports for egress",
                policy("x", "range", all(), egress(rule(block("10.244.0.0/16"), ports(Protocol.TCP, 80, 32_000)))));
        add(
                "example: no way out but to names and own",
                policy("y", "out", all(), egress(rule(pods(all())), rule(namespaces(all()), port(Protocol.UDP, 81)))));
    }
}
