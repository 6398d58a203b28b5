package io.towpath.lab.policy;

import static io.towpath.lab.policy.Case.step;
import static io.towpath.lab.policy.ClusterPolicies.ADMIN;
import static io.towpath.lab.policy.ClusterPolicies.BASELINE;
import static io.towpath.lab.policy.ClusterPolicies.accept;
import static io.towpath.lab.policy.ClusterPolicies.deny;
import static io.towpath.lab.policy.ClusterPolicies.in;
import static io.towpath.lab.policy.ClusterPolicies.networks;
import static io.towpath.lab.policy.ClusterPolicies.nodes;
import static io.towpath.lab.policy.ClusterPolicies.pass;
import static io.towpath.lab.policy.ClusterPolicies.pods;
import static io.towpath.lab.policy.ClusterPolicies.policy;
import static io.towpath.lab.policy.ClusterPolicies.port;
import static io.towpath.lab.policy.ClusterPolicies.ports;
import static io.towpath.lab.policy.ClusterPolicies.protocol;
import static io.towpath.lab.policy.ClusterPolicies.rule;
import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Protocol.SCTP;
import static io.towpath.lab.policy.Protocol.TCP;
import static io.towpath.lab.policy.Protocol.UDP;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.policy.Case.Step;
import io.towpath.lab.policy.Case.Table;
import io.towpath.lab.policy.Policies.Part;
import io.towpath.lab.policy.Policies.Rules;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The cases of the conformance tests for ClusterNetworkPolicy, and more of what its words say. The subject is namespace x. */
final class ClusterPolicyCases {
    private static final int PRIORITY = 50;

    private final List<Case> cases = new ArrayList<>();
    private final String tier;

    private ClusterPolicyCases(String tier) {
        this.tier = tier;
    }

    static List<Case> allCases() {
        List<Case> all = new ArrayList<>();
        for (String tier : List.of(ADMIN, BASELINE)) {
            ClusterPolicyCases cases = new ClusterPolicyCases(tier);
            cases.ofTier();
            all.addAll(cases.cases);
        }
        ClusterPolicyCases cases = new ClusterPolicyCases("Tiers:");
        cases.tiers();
        cases.passes();
        all.addAll(cases.cases);
        return all;
    }

    private void ofTier() {
        for (boolean isIngress : new boolean[] {false, true}) {
            for (Protocol protocol : Protocol.values()) {
                actions(isIngress, protocol);
            }
            namedPort(isIngress);
            range(isIngress);
            oneDirection(isIngress);
        }
        gress();
        networksAsPeers();
        nodesAsPeers();
        nodesInTheOverlay();
        subjects();
        priority();
    }

    private void add(String name, Step... steps) {
        cases.add(Case.of(tier + " " + name, steps));
    }

    private ObjectNode ofX(Rules... directions) {
        return policy("of-x", tier, PRIORITY, in("x"), directions);
    }

    private static Rules rules(boolean isIngress, Part... rules) {
        return isIngress ? ingress(rules) : egress(rules);
    }

    private static Step apply(ObjectNode... policies) {
        return step(world -> List.of(policies).forEach(world::apply));
    }

    /** A line between the subject and a peer, in the direction that a policy is about. */
    private static Table between(Table table, boolean isIngress, String other, boolean isAllowed) {
        String from = isIngress ? other : "x/*";
        String to = isIngress ? "x/*" : other;
        return isAllowed ? table.allowed(from, to) : table.denied(from, to);
    }

    /** All actions for all of a protocol and at one port, and the order of rules, as one policy that is changed. */
    private void actions(boolean isIngress, Protocol protocol) {
        List<Part> rules = new ArrayList<>(List.of(
                accept(in("z"), protocol(protocol)),
                deny(in("z"), protocol(protocol)),
                pass(in("z"), protocol(protocol)),
                deny(in("y"), port(protocol, 80)),
                pass(in("y"), port(protocol, 80)),
                accept(in("x"), port(protocol, 81)),
                deny(in("x"), protocol(protocol))));
        List<Step> steps = new ArrayList<>();
        steps.add(actionStep(isIngress, protocol, rules, true, false));
        Collections.swap(rules, 0, 1);
        steps.add(actionStep(isIngress, protocol, rules, false, false));
        Collections.swap(rules, 0, 2);
        steps.add(actionStep(isIngress, protocol, rules, true, false));
        Collections.swap(rules, 3, 4);
        steps.add(actionStep(isIngress, protocol, rules, true, true));
        add(direction(isIngress) + " " + protocol + ": actions and their order", steps.toArray(Step[]::new));
    }

    private Step actionStep(boolean isIngress, Protocol protocol, List<Part> rules, boolean isZ, boolean isY80) {
        Step step = apply(ofX(rules(isIngress, rules.toArray(Part[]::new))));
        for (int port : World.PORTS) {
            Table table = Table.at(protocol, port);
            between(table, isIngress, "z/*", isZ);
            between(table, isIngress, "y/*", port != 80 || isY80);
            between(table, isIngress, "x/*", port == 81);
            step = step.then(table);
        }
        return step.then(Table.at(protocol == UDP ? TCP : UDP, 80));
    }

    private static String direction(boolean isIngress) {
        return isIngress ? "ingress" : "egress";
    }

    private void namedPort(boolean isIngress) {
        Table table = Table.at(UDP, 81);
        add(
                direction(isIngress) + " to a named port",
                apply(ofX(rules(isIngress, accept(in("y"), port("serve-80-udp")), deny(in("y")))))
                        .then(between(Table.at(UDP, 80), isIngress, "y/*", true))
                        .then(between(table, isIngress, "y/*", false))
                        .then(between(Table.at(TCP, 80), isIngress, "y/*", false)));
    }

    private void range(boolean isIngress) {
        add(
                direction(isIngress) + " to a range of ports",
                apply(ofX(rules(isIngress, deny(in("y"), ports(SCTP, 81, 90)), deny(in("z"), ports(TCP, 1, 80)))))
                        .then(between(Table.at(SCTP, 81), isIngress, "y/*", false))
                        .then(between(Table.at(TCP, 80), isIngress, "z/*", false)));
    }

    private void oneDirection(boolean isIngress) {
        add(
                direction(isIngress) + " alone leaves the other direction alone",
                apply(ofX(rules(isIngress, deny(in(all()))))).then(between(Table.at(TCP, 80), isIngress, "*", false)));
    }

    private void gress() {
        List<Step> steps = new ArrayList<>();
        for (String action : List.of("Accept", "Deny", "Pass")) {
            Part first = rule(action, in("z"));
            Part[] rules = {first, deny(in("z")), deny(in("y"), port(TCP, 80)), accept(in("y"))};
            boolean isOpen = !action.equals("Deny");
            Table table = Table.at(TCP, 80).denied("x/*", "y/*").denied("y/*", "x/*");
            steps.add(apply(ofX(ingress(rules), egress(rules)))
                    .then(isOpen ? table : table.denied("x/*", "z/*").denied("z/*", "x/*")));
        }
        add("both directions", steps.toArray(Step[]::new));
    }

    private void networksAsPeers() {
        add(
                "networks",
                step(world -> world.apply(ofX(egress(accept(in("y")), deny(everything())))))
                        .then(Table.at(SCTP, 80).denied("x/*", "*").allowed("x/*", "y/*")),
                step(world -> world.apply(
                                ofX(egress(accept(cidrs(world, "z/a", "x/b")), accept(in("y")), deny(everything())))))
                        .then(Table.at(SCTP, 80)
                                .denied("x/*", "*")
                                .allowed("x/*", "y/*")
                                .allowed("x/*", "z/a")
                                .allowed("x/*", "x/b")),
                step(world -> world.apply(ofX(egress(pass(in(all())), deny(cidrs(world, World.OUTSIDE)))))));
    }

    private static Part everything() {
        return networks(List.of("0.0.0.0/0", "::/0"));
    }

    private static Part cidrs(World world, String... places) {
        return networks(List.of(places).stream()
                .flatMap(place -> world.addresses(place).stream())
                .map(Policies::cidr)
                .toList());
    }

    private void nodesAsPeers() {
        ObjectNode b = labels("kubernetes.io/hostname", "b");
        add(
                "nodes",
                apply(ofX(egress(
                        accept(nodes(all()), port(TCP, 80)), pass(nodes(b), port(UDP, 81)), deny(nodes(all()))))),
                apply(ofX(egress(deny(nodes(b))))),
                apply(ofX(egress(accept(nodes(b)), deny(everything())))));
    }

    /** Their VXLAN devices' addresses, of both families, are theirs; what a rule says of such an address alone goes first as it would of any. */
    private void nodesInTheOverlay() {
        Part ofB = networks(List.of("10.244.2.0/32", "fd00:10:244:2::/128"));
        Part sliceOfB = networks(List.of("10.244.2.0/24", "fd00:10:244:2::/64"));
        ObjectNode b = labels("kubernetes.io/hostname", "b");
        add(
                "nodes, by their addresses in the overlay",
                apply(ofX(egress(deny(nodes(all()))))),
                apply(ofX(egress(accept(ofB, port(TCP, 80)), deny(nodes(all()))))),
                apply(ofX(egress(deny(nodes(b), port(UDP, 80)), accept(sliceOfB), deny(everything())))),
                apply(ofX(egress(accept(nodes(b)), deny(ofB), deny(nodes(all()))))));
    }

    private void subjects() {
        add(
                "subject: pods of namespaces",
                apply(policy(
                                "of-b",
                                tier,
                                PRIORITY,
                                pods(labels("ns", "y"), labels("pod", "b")),
                                ingress(deny(in(all())))))
                        .then(Table.at(TCP, 81).denied("*", "y/b")));
        add(
                "subject: pods of all namespaces, peers by both selectors",
                apply(policy(
                                "of-b",
                                tier,
                                PRIORITY,
                                pods(all(), labels("pod", "b")),
                                egress(deny(pods(Policies.notIn("ns", "x"), Policies.in("pod", "a", "c"))))))
                        .then(Table.at(UDP, 81)
                                .denied("x/b", "y/a")
                                .denied("x/b", "y/c")
                                .denied("x/b", "z/a")
                                .denied("x/b", "z/c")
                                .denied("y/b", "y/a")
                                .denied("y/b", "y/c")
                                .denied("y/b", "z/a")
                                .denied("y/b", "z/c")
                                .denied("z/b", "y/a")
                                .denied("z/b", "y/c")
                                .denied("z/b", "z/a")
                                .denied("z/b", "z/c")));
        add(
                "subject: a namespace and a pod that get their labels late",
                apply(policy(
                                "late",
                                tier,
                                PRIORITY,
                                pods(labels("new", "yes"), labels("new", "yes")),
                                egress(deny(in(all())))))
                        .then(Table.at(TCP, 80)),
                step(world -> world.labelNamespace("z", java.util.Map.of("new", "yes")))
                        .then(Table.at(TCP, 80)),
                step(world -> world.labelPod("z/a", java.util.Map.of("new", "yes")))
                        .then(Table.at(TCP, 80).denied("z/a", "*")));
    }

    private void priority() {
        ObjectNode old =
                policy("old", tier, 60, in("x"), ingress(deny(in("y")), accept(in("z"))), egress(deny(in("y"))));
        ObjectNode above =
                policy("new", tier, 59, in("x"), ingress(accept(in("y")), deny(in("z"))), egress(accept(in("y"))));
        ObjectNode below =
                policy("new", tier, 61, in("x"), ingress(accept(in("y")), deny(in("z"))), egress(accept(in("y"))));
        Table denied = Table.at(TCP, 80).denied("y/*", "x/*").denied("x/*", "y/*");
        Table other = Table.at(TCP, 80).denied("z/*", "x/*");
        add(
                "priority",
                apply(old).then(denied),
                apply(above).then(other),
                apply(below).then(denied),
                step(world -> world.deleteClusterPolicy("old")).then(other));
    }

    /** What a tier leaves over goes on to the next: from Admin to NetworkPolicies, and where there are none to Baseline. */
    private void tiers() {
        for (String action : List.of("Deny", "Pass", "Accept")) {
            ObjectNode admin = policy(
                    "admin", ADMIN, PRIORITY, in("x"), ingress(rule(action, in("y"))), egress(rule(action, in("y"))));
            Part y = Policies.namespaces(labels("ns", "y"));
            ObjectNode allow =
                    Policies.policy("x", "allow", all(), ingress(Policies.rule(y)), egress(Policies.rule(y)));
            ObjectNode nothing = Policies.policy("x", "allow", all(), ingress(), egress());
            ObjectNode baseline =
                    policy("baseline", BASELINE, PRIORITY, in("x"), ingress(deny(in("y"))), egress(deny(in("y"))));
            boolean isAccept = action.equals("Accept");
            add(
                    action.toLowerCase(Locale.ROOT) + " before what a NetworkPolicy and Baseline say",
                    apply(admin, allow, baseline).then(tableOfTiers(!action.equals("Deny"), false)),
                    apply(nothing).then(tableOfTiers(isAccept, false)),
                    step(world -> world.deletePolicy("x", "allow")).then(tableOfTiers(isAccept, true)),
                    step(world -> world.deleteClusterPolicy("admin")).then(tableOfTiers(false, true)),
                    step(world -> world.deleteClusterPolicy("baseline")).then(tableOfTiers(true, true)));
        }
        add(
                "a pod that a NetworkPolicy selects for ingress has Baseline for egress",
                apply(
                                Policies.policy("x", "in", all(), ingress(Policies.rule())),
                                policy(
                                        "baseline",
                                        BASELINE,
                                        PRIORITY,
                                        in("x"),
                                        ingress(deny(in("y"))),
                                        egress(deny(in("y")))))
                        .then(Table.at(TCP, 80).denied("x/*", "y/*")));
        add(
                "both ends have a say",
                apply(
                                policy("admin", ADMIN, PRIORITY, in("x"), egress(accept(in("y")))),
                                Policies.policy("y", "deny", all(), ingress()))
                        .then(Table.at(TCP, 80).denied("*", "y/*")));
    }

    /** Between x and y as said, x and the others as said: a NetworkPolicy for x speaks of y alone. */
    private static Table tableOfTiers(boolean isY, boolean isOther) {
        Table table = Table.at(TCP, 80);
        if (!isOther) {
            table.denied("*", "x/*").denied("x/*", "*");
        }
        return isY
                ? table.allowed("x/*", "y/*").allowed("y/*", "x/*")
                : table.denied("x/*", "y/*").denied("y/*", "x/*");
    }

    private void passes() {
        add(
                "after a pass the rest of the tier is not asked, by none of its policies",
                apply(
                                policy("first", ADMIN, 1, in("x"), ingress(pass(in("y"), port(TCP, 80)))),
                                policy("second", ADMIN, 2, in("x"), ingress(deny(in("y")))))
                        .then(Table.at(TCP, 80))
                        .then(Table.at(TCP, 81).denied("y/*", "x/*")));
        add(
                "a pass at one port to a NetworkPolicy that allows another",
                apply(
                                policy(
                                        "first",
                                        ADMIN,
                                        1,
                                        in("x"),
                                        ingress(pass(in("y"), port(TCP, 80)), accept(in("y")))),
                                Policies.policy("x", "only-81", all(), ingress(Policies.rule(Policies.port(81)))))
                        .then(Table.at(TCP, 80).denied("*", "x/*"))
                        .then(Table.at(UDP, 81).denied("*", "x/*").allowed("y/*", "x/*")));
    }
}
