package io.towpath.lab.policy;

import static io.towpath.lab.policy.Case.step;
import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.block;
import static io.towpath.lab.policy.Policies.cidr;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.in;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.notIn;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.protocol;
import static io.towpath.lab.policy.Policies.rule;
import static io.towpath.lab.policy.Protocol.SCTP;
import static io.towpath.lab.policy.Protocol.TCP;
import static io.towpath.lab.policy.Protocol.UDP;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.policy.Case.Step;
import io.towpath.lab.policy.Case.Table;
import io.towpath.lab.policy.Policies.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The cases of the Kubernetes project's end-to-end tests for NetworkPolicy, in its order, each with its own truth tables. */
final class E2eCases {
    /** Which every namespace has, with its name. */
    private static final String NAME = "kubernetes.io/metadata.name";

    private final List<Case> cases = new ArrayList<>();

    private E2eCases() {}

    static List<Case> all48() {
        E2eCases cases = new E2eCases();
        cases.isolation();
        cases.peers();
        cases.ports();
        cases.updates();
        cases.directions();
        cases.blocks();
        cases.protocols();
        cases.ofProtocol(UDP);
        cases.ofProtocol(SCTP);
        return cases.cases;
    }

    private void add(String name, Step... steps) {
        cases.add(Case.of("%02d %s".formatted(cases.size() + 1, name), steps));
    }

    private static Step apply(ObjectNode... policies) {
        return step(world -> List.of(policies).forEach(world::apply));
    }

    private static Table tcp(int port) {
        return Table.at(TCP, port);
    }

    private static ObjectNode podA() {
        return labels("pod", "a");
    }

    /** A policy for x/a with a single ingress rule. */
    private static Step toXa(Part... rule) {
        return apply(policy("x", "for-a", podA(), ingress(rule(rule))));
    }

    private void isolation() {
        add(
                "deny ingress by default",
                apply(policy("x", "deny", all(), ingress())).then(tcp(80).denied("*", "x/*")));
        add(
                "deny all by default",
                apply(policy("x", "deny", all(), ingress(), egress()))
                        .then(tcp(80).denied("*", "x/*").denied("x/*", "*")));
    }

    private void peers() {
        Table onlyXb = tcp(80).denied("*", "x/a").allowed("x/b", "x/a");
        add(
                "from pods of the server's namespace",
                toXa(pods(labels("pod", "b"))).then(onlyXb));
        add(
                "ingress for one target",
                apply(
                                policy("x", "deny", all(), ingress()),
                                policy("x", "to-a", podA(), ingress(rule(pods(all(), all())))))
                        .then(tcp(80).denied("*", "x/*").allowed("*", "x/a")));
        add("from pods of all namespaces", toXa(namespaces(all())).then(tcp(80)));
        Table onlyY = tcp(80).denied("x/*", "x/a").denied("z/*", "x/a");
        add("only from another namespace", toXa(namespaces(labels(NAME, "y"))).then(onlyY));
        add("pods by expression", toXa(pods(in("pod", "b"))).then(onlyXb));
        add("namespaces by expression", toXa(namespaces(in(NAME, "y"))).then(onlyY));
        add(
                "pods or namespaces",
                toXa(namespaces(notIn(NAME, "x")), pods(labels("pod", "b"))).then(tcp(80).denied("x/c", "x/a")));
        add(
                "pods and namespaces",
                toXa(pods(notIn(NAME, "x"), labels("pod", "b")))
                        .then(tcp(80).denied("*", "x/a").allowed("y/b", "x/a").allowed("z/b", "x/a")));
        add(
                "several pods and namespaces",
                toXa(pods(notIn(NAME, "x"), in("pod", "b", "c")))
                        .then(tcp(80).denied("x/*", "x/a").denied("y/a", "x/a").denied("z/a", "x/a")));
        add(
                "any of several pods",
                toXa(pods(labels("pod", "b")), pods(labels("pod", "c")))
                        .then(tcp(80).denied("*", "x/a").allowed("x/b", "x/a").allowed("x/c", "x/a")));
        add(
                "only from one pod of another namespace",
                toXa(pods(labels(NAME, "y"), podA()))
                        .then(tcp(80).denied("*", "x/a").allowed("y/a", "x/a")));
    }

    private void ports() {
        Table onlyY81 = tcp(81).denied("x/*", "x/a").denied("z/*", "x/a");
        add("ports", toXa(namespaces(labels(NAME, "y")), port(TCP, 81)).then(onlyY81));
        add(
                "stacked policies for the same pods",
                toXa(namespaces(labels(NAME, "y")), port(TCP, 81)).then(onlyY81).then(tcp(80).denied("*", "x/a")),
                apply(policy("x", "for-a-80", podA(), ingress(rule(namespaces(labels(NAME, "y")), port(TCP, 80)))))
                        .then(tcp(80).denied("x/*", "x/a").denied("z/*", "x/a")));
        add(
                "allow all",
                apply(policy("x", "allow", all(), ingress(rule())))
                        .then(tcp(80))
                        .then(tcp(81)));
        add(
                "ingress to a named port",
                apply(policy("x", "named", all(), ingress(rule(port("serve-81-tcp")))))
                        .then(tcp(81))
                        .then(tcp(80).denied("*", "x/*")));
        add(
                "ingress to a named port from a namespace",
                toXa(namespaces(labels(NAME, "y")), port(TCP, "serve-80-tcp"))
                        .then(tcp(80).denied("x/*", "x/a").denied("z/*", "x/a"))
                        .then(tcp(81).denied("*", "x/a")));
        add(
                "egress to a named port",
                apply(policy("x", "named", all(), egress(rule(port("serve-80-tcp")))))
                        .then(tcp(80))
                        .then(tcp(81).denied("x/*", "*")));
    }

    private void updates() {
        add(
                "an updated policy",
                apply(policy("x", "mutable", all(), ingress(rule()))).then(tcp(81)),
                apply(policy("x", "mutable", all(), ingress())).then(tcp(81).denied("*", "x/*")));
        add(
                "from an updated namespace",
                toXa(namespaces(labels("ns2", "updated"))).then(tcp(80).denied("*", "x/a")),
                step(world -> world.labelNamespace("y", Map.of("ns2", "updated")))
                        .then(tcp(80).denied("*", "x/a").allowed("y/*", "x/a")));
        add(
                "from an updated pod",
                toXa(pods(labels("pod", "b", "pod2", "updated"))).then(tcp(80).denied("*", "x/a")),
                step(world -> world.labelPod("x/b", Map.of("pod2", "updated")))
                        .then(tcp(80).denied("*", "x/a").allowed("x/b", "x/a")));
        add(
                "not from other namespaces",
                apply(policy("x", "own", all(), ingress(rule(pods(all())))))
                        .then(tcp(80).denied("y/*", "x/*").denied("z/*", "x/*")));
        add(
                "not to an updated pod",
                apply(policy("x", "isolate", labels("target", "isolated"), ingress()))
                        .then(tcp(80)),
                step(world -> world.labelPod("x/a", Map.of("target", "isolated")))
                        .then(tcp(80).denied("*", "x/a")));
    }

    private void directions() {
        add("no egress of a pod", apply(policy("x", "deny-a", podA(), egress())).then(tcp(80).denied("x/a", "*")));
        add(
                "no egress of a namespace",
                apply(policy("x", "deny", all(), egress())).then(tcp(80).denied("x/*", "*")));
        add(
                "ingress and egress together",
                apply(policy("x", "both", podA(), ingress(rule(pods(labels("pod", "b")))), egress(rule(port(80)))))
                        .then(tcp(80).denied("*", "x/a").allowed("x/b", "x/a"))
                        .then(tcp(81).denied("*", "x/a").denied("x/a", "*").allowed("x/b", "x/a")));
        Part fromXa = pods(labels(NAME, "x"), podA());
        add(
                "no egress of the client, whatever the server allows",
                apply(
                                policy("x", "to-ya", podA(), egress(rule(pods(labels(NAME, "y"), podA())))),
                                policy("y", "from-xa-to-a", podA(), ingress(rule(fromXa))),
                                policy("y", "from-xa-to-b", labels("pod", "b"), ingress(rule(fromXa))))
                        .then(tcp(80).denied("x/a", "*")
                                .denied("*", "y/a")
                                .allowed("x/a", "y/a")
                                .denied("*", "y/b")));
        add(
                "egress to a server of another namespace",
                apply(policy("x", "to-ya", podA(), egress(rule(pods(labels(NAME, "y"), podA())))))
                        .then(tcp(80).denied("x/a", "*").allowed("x/a", "y/a")));
        add(
                "any port of one protocol",
                toXa(protocol(TCP)).then(tcp(80)).then(Table.at(UDP, 80).denied("*", "x/a")));
        add(
                "several ingress policies, one of which allows all",
                apply(policy("x", "only-80", all(), ingress(rule(port(80))))).then(tcp(81).denied("*", "x/*")),
                apply(policy("x", "allow", all(), ingress(rule()))).then(tcp(81)));
        add(
                "several egress policies, one of which allows all",
                apply(policy("x", "only-80", all(), egress(rule(port(80))))).then(tcp(81).denied("x/*", "*")),
                apply(policy("x", "allow", all(), egress(rule()))).then(tcp(81)));
        add(
                "policies that are deleted",
                apply(policy("x", "deny", all(), ingress(), egress()))
                        .then(tcp(80).denied("*", "x/*").denied("x/*", "*")),
                step(world -> world.deletePolicy("x", "deny")).then(tcp(80)));
    }

    private void blocks() {
        add(
                "egress to a block",
                step(world -> world.apply(policy("x", "to-block", podA(), egress(rule(hosts(world, "y/b"))))))
                        .then(tcp(80).denied("x/a", "*").allowed("x/a", "y/b")));
        Table notXb = tcp(80).denied("x/a", "x/b");
        add(
                "egress to a block but for a part of it",
                step(world -> world.apply(policy("x", "to-block", podA(), egress(rule(allBut(world, "x/b"))))))
                        .then(notXb));
        add(
                "an address in a block and in what is excepted",
                step(world -> world.apply(policy("x", "to-block", podA(), egress(rule(allBut(world, "x/b"))))))
                        .then(notXb),
                step(world -> world.apply(policy("x", "to-block", podA(), egress(rule(hosts(world, "x/b"))))))
                        .then(tcp(80).denied("x/a", "*").allowed("x/a", "x/b")));
        add(
                "ingress and egress of a pod are independent",
                apply(policy("x", "out", podA(), egress(rule()))).then(tcp(80)),
                apply(policy("x", "in", podA(), ingress())).then(tcp(80).denied("*", "x/a")));
    }

    /** A block for each of a pod's addresses. */
    private static Part[] hosts(World world, String pod) {
        return world.addresses(pod).stream().map(Policies::host).toArray(Part[]::new);
    }

    /** A very large block around each of a pod's addresses, without the address. */
    private static Part[] allBut(World world, String pod) {
        return world.addresses(pod).stream()
                .map(address -> block(address.contains(":") ? "fd00::/8" : "10.0.0.0/8", cidr(address)))
                .toArray(Part[]::new);
    }

    private void protocols() {
        add(
                "SCTP is not TCP",
                apply(policy("x", "deny", all(), ingress()), policy("x", "sctp", podA(), ingress(rule(port(SCTP, 81)))))
                        .then(tcp(81).denied("*", "x/*")));
        add("a policy for SCTP isolates", toXa(port(SCTP, 80)).then(tcp(81).denied("*", "x/a")));
        add("UDP is not TCP", toXa(port(UDP, 81)).then(tcp(81).denied("*", "x/a")));
        add(
                "namespaces by the label that they all have",
                toXa(namespaces(labels(NAME, "y")))
                        .then(tcp(80).denied("x/*", "x/a").denied("z/*", "x/a")));
        add(
                "namespaces without a value of the label that they all have",
                apply(policy("x", "not-to-y", podA(), egress(rule(namespaces(notIn(NAME, "y"))))))
                        .then(tcp(80).denied("x/a", "y/*")));
    }

    private void ofProtocol(Protocol protocol) {
        add(
                protocol + ": deny ingress by default",
                apply(policy("x", "deny", all(), ingress()))
                        .then(Table.at(protocol, 80).denied("*", "x/*")));
        add(
                protocol + ": ports",
                toXa(namespaces(labels(NAME, "y")), port(protocol, 81))
                        .then(Table.at(protocol, 81).denied("x/*", "x/a").denied("z/*", "x/a")));
        add(
                protocol + ": only from one pod of another namespace",
                toXa(pods(labels(NAME, "y"), podA()))
                        .then(Table.at(protocol, 80).denied("*", "x/a").allowed("y/a", "x/a")));
    }
}
