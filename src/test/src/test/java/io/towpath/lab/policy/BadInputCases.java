package io.towpath.lab.policy;

import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.block;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.expression;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.ports;
import static io.towpath.lab.policy.Policies.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import io.towpath.lab.policy.Case.Table;
import io.towpath.lab.policy.Policies.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Policies that cannot be as they are written; each has the name {@link #NAME}. Such a rule closes nothing that others open. */
final class BadInputCases {
    static final String NAME = "wrong";

    private final List<Case> cases = new ArrayList<>();

    private BadInputCases() {}

    static List<Case> allCases() {
        BadInputCases cases = new BadInputCases();
        cases.rules();
        cases.policies();
        cases.clusterPolicies();
        return cases.cases;
    }

    private void add(String name, Table table, ObjectNode... policies) {
        cases.add(Case.of(
                name,
                Case.step(world -> List.of(policies).forEach(world::apply)).then(table)));
    }

    private void rules() {
        Map<String, Part> wrong = new LinkedHashMap<>();
        wrong.put("a CIDR that is longer than an address", block("10.244.0.0/33"));
        wrong.put("text instead of a CIDR", block("everything"));
        wrong.put("an except outside of its block", block("10.244.0.0/16", "10.245.0.0/24"));
        wrong.put("an except that is larger than its block", block("10.244.0.0/16", "10.0.0.0/8"));
        wrong.put("text instead of an except", block("10.244.0.0/16", "nothing"));
        wrong.put(
                "a block and a selector at once",
                new Part("peers", Json.object("{'ipBlock':{'cidr':'0.0.0.0/0'},'podSelector':{}}")));
        wrong.put("a peer without a field", new Part("peers", Json.object("{}")));
        wrong.put("an operator that is none", pods(expression("pod", "Like", "a")));
        wrong.put("In without values", namespaces(expression("ns", "In")));
        wrong.put("Exists with values", namespaces(expression("ns", "Exists", "x")));
        wrong.put("a protocol that is none", new Part("ports", Json.object("{'protocol':'ICMP'}")));
        wrong.put("a port that is too high", port(70_000));
        wrong.put("a range that ends before it begins", ports(Protocol.TCP, 81, 80));
        wrong.put("a range of a name", new Part("ports", Json.object("{'port':'serve-80-tcp','endPort':81}")));
        Part good = rule(namespaces(labels("ns", "y")), port(80));
        wrong.forEach((name, part) -> {
            add(
                    "ingress: " + name,
                    Table.at(Protocol.TCP, 80).denied("*", "x/a").allowed("y/*", "x/a"),
                    policy("x", NAME, labels("pod", "a"), ingress(rule(part), good)));
            add(
                    "egress: " + name + ", beside another policy",
                    Table.at(Protocol.TCP, 80).denied("x/a", "*").allowed("x/a", "y/*"),
                    policy("x", NAME, labels("pod", "a"), egress(rule(part))),
                    policy("x", "right", labels("pod", "a"), egress(good)));
        });
    }

    private void policies() {
        Table onlyFromY = Table.at(Protocol.TCP, 80).denied("*", "x/*").allowed("y/*", "x/*");
        ObjectNode right = policy("x", "right", all(), ingress(rule(namespaces(labels("ns", "y")))));
        add(
                "a policy whose selector is none",
                onlyFromY,
                policy("x", NAME, expression("pod", "Like", "a"), ingress(rule()), egress()),
                right);
        ObjectNode typed = policy("x", NAME, all(), ingress(rule()), egress());
        typed.withObjectProperty("spec").withArrayProperty("policyTypes").add("Both");
        add("a policy of a type that is none", onlyFromY, typed, right);
    }

    private void clusterPolicies() {
        Map<String, Part> wrong = new LinkedHashMap<>();
        wrong.put("a peer of a later version", new Part("peers", Json.object("{'services':{}}")));
        wrong.put("a peer without a field", new Part("peers", Json.object("{}")));
        wrong.put("domain names", new Part("peers", Json.object("{'domainNames':['towpath.example']}")));
        wrong.forEach((name, part) -> {
            for (String action : List.of("Accept", "Deny", "Pass")) {
                boolean isAccept = action.equals("Accept");
                Table table = Table.at(Protocol.UDP, 80).denied("x/*", isAccept ? "z/*" : "*");
                add(
                        action + " for " + name,
                        table,
                        ClusterPolicies.policy(
                                NAME,
                                ClusterPolicies.ADMIN,
                                1,
                                ClusterPolicies.in("x"),
                                egress(
                                        ClusterPolicies.rule(action, part),
                                        ClusterPolicies.deny(ClusterPolicies.in("z")))));
            }
        });
        add(
                "a protocol of a later version",
                Table.at(Protocol.UDP, 80).denied("y/*", "x/*"),
                ClusterPolicies.policy(
                        NAME,
                        ClusterPolicies.BASELINE,
                        1,
                        ClusterPolicies.in("x"),
                        ingress(
                                ClusterPolicies.accept(
                                        ClusterPolicies.in("y"), new Part("protocols", Json.object("{'quic':{}}"))),
                                ClusterPolicies.deny(ClusterPolicies.in("y")))));
    }
}
