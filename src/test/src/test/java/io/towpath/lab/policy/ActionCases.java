package io.towpath.lab.policy;

import static io.towpath.lab.policy.Case.step;
import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.in;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.policy.Case.Step;
import io.towpath.lab.policy.Policies.Part;
import java.util.List;
import java.util.Map;

/** What changes while policies are in force: the policies themselves, labels, pods and namespaces. */
final class ActionCases {
    private ActionCases() {}

    static List<Case> allCases() {
        ObjectNode base = policy(
                "x",
                "base",
                labels("pod", "a"),
                ingress(rule(namespaces(in("ns", "x", "y")), port(80))),
                egress(rule(namespaces(in("ns", "x", "y")), port(80))));
        Step create = step(world -> world.apply(base));
        return List.of(
                Case.of("a policy is created and deleted", create, step(world -> world.deletePolicy("x", "base"))),
                Case.of(
                        "a policy gets another port, another direction, another target",
                        create,
                        withPolicy(labels("pod", "a"), ingress(rule(port(Protocol.UDP, "serve-81-udp")))),
                        withPolicy(labels("pod", "a"), egress(rule(port(Protocol.UDP, "serve-81-udp")))),
                        withPolicy(labels("pod", "b"), egress(rule(port(Protocol.UDP, "serve-81-udp"))))),
                Case.of(
                        "a namespace is created with pods, and deleted",
                        create,
                        step(world -> world.namespace("y2")
                                .pod("y2/a", "a")
                                .pod("y2/b", "b")
                                .labelNamespace("y2", Map.of("ns", "y"))),
                        step(world -> {
                            world.removePod("y2/a");
                            world.removePod("y2/b");
                            world.removeNamespace("y2");
                        })),
                Case.of(
                        "a namespace gets a label that a policy asks for, and another",
                        fromNamespaces(),
                        step(world -> world.labelNamespace("y", Map.of("new", "yes"))),
                        step(world -> world.labelNamespace("y", Map.of("new", "no")))),
                Case.of(
                        "a pod is created, and deleted",
                        create,
                        step(world -> world.pod("x/d", "b")),
                        step(world -> world.removePod("x/d"))),
                Case.of(
                        "a pod gets a label that a policy's rule asks for, and another",
                        step(world -> world.apply(policy(
                                "x", "base", all(), ingress(rule(pods(in("ns", "y", "z"), labels("new", "yes"))))))),
                        step(world -> world.labelPod("y/b", Map.of("new", "yes"))),
                        step(world -> world.labelPod("y/b", Map.of("new", "no")))),
                Case.of(
                        "a pod gets a label that a policy is about, and another",
                        step(world -> world.apply(policy("x", "base", labels("new", "yes"), ingress(), egress()))),
                        step(world -> world.labelPod("x/c", Map.of("new", "yes"))),
                        step(world -> world.labelPod("x/c", Map.of("new", "no")))),
                Case.of(
                        "many policies at once, and none",
                        step(world -> {
                            for (String namespace : World.NAMESPACES) {
                                for (String pod : World.PODS) {
                                    Part others = pods(in("ns", "x", "z"), in("pod", "a", pod));
                                    world.apply(
                                            policy(namespace, "for-" + pod, labels("pod", pod), ingress(rule(others))));
                                    world.apply(
                                            policy(namespace, "of-" + pod, labels("pod", pod), egress(rule(port(81)))));
                                }
                            }
                        }),
                        step(World::reset)));
    }

    private static Step withPolicy(ObjectNode target, Policies.Rules rules) {
        return step(world -> world.apply(policy("x", "base", target, rules)));
    }

    private static Step fromNamespaces() {
        return step(world -> world.apply(policy("x", "base", all(), ingress(rule(namespaces(labels("new", "yes")))))));
    }
}
