package io.towpath.lab.policy;

import static io.towpath.lab.policy.Policies.all;
import static io.towpath.lab.policy.Policies.block;
import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.expression;
import static io.towpath.lab.policy.Policies.in;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.namespaces;
import static io.towpath.lab.policy.Policies.notIn;
import static io.towpath.lab.policy.Policies.pods;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.rule;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.policy.Policies.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Whom a rule is about: each kind of peer in each direction, each pair of them, and none. */
final class PeerCases {
    private final List<Case> cases = new ArrayList<>();
    private final List<Peer> peers = new ArrayList<>();

    /** A peer that may need to know the cluster's addresses. */
    private record Peer(String name, Function<World, List<Part>> parts) {}

    private PeerCases() {}

    static List<Case> allCases() {
        PeerCases cases = new PeerCases();
        cases.peers();
        for (String direction : List.of("ingress", "egress")) {
            cases.add(direction + " peer: none", direction, List.of());
            for (int i = 0; i < cases.peers.size(); i++) {
                Peer one = cases.peers.get(i);
                cases.add(direction + " peer: " + one.name, direction, List.of(one));
                for (Peer other : cases.peers.subList(i + 1, cases.peers.size())) {
                    cases.add(direction + " peers: " + one.name + "; " + other.name, direction, List.of(one, other));
                }
            }
            cases.expressions(direction);
            cases.blocks(direction);
        }
        return cases.cases;
    }

    private void add(String name, String direction, List<Peer> some) {
        cases.add(Case.of(name, Case.step(world -> {
            Part rule = rule(some.stream()
                    .flatMap(each -> each.parts.apply(world).stream())
                    .toArray(Part[]::new));
            ObjectNode target = labels("pod", "a");
            world.apply(policy("x", "base", target, direction.equals("ingress") ? ingress(rule) : egress(rule)));
        })));
    }

    private static Peer peer(String name, Part part) {
        return new Peer(name, _ -> List.of(part));
    }

    private void peers() {
        Map<String, ObjectNode> spaces = new LinkedHashMap<>();
        spaces.put("namespaces by label", labels("ns", "y"));
        spaces.put("all namespaces", all());
        spaces.put("namespaces by default label", labels("kubernetes.io/metadata.name", "z"));
        peers.add(peer("all pods of own namespace", pods(all())));
        peers.add(peer("pods by label of own namespace", pods(labels("pod", "c"))));
        spaces.forEach((name, selector) -> {
            peers.add(peer("all pods of " + name, pods(selector, all())));
            peers.add(peer("pods by label of " + name, pods(selector, labels("pod", "b"))));
        });
        peers.add(new Peer("block", world -> blocks(world, false)));
        peers.add(new Peer("block with except", world -> blocks(world, true)));
    }

    /** The slice of a node; with all pods but those of the node in the second form. */
    private static List<Part> blocks(World world, boolean except) {
        List<Part> parts = new ArrayList<>();
        for (ObjectNode node : world.of("Node")) {
            if (World.name(node).equals("a")) {
                for (var slice : node.path("spec").path("podCIDRs")) {
                    String cidr = slice.asText();
                    String whole = cidr.contains(":") ? "fd00:10:244::/56" : "10.244.0.0/16";
                    parts.add(except ? block(whole, cidr) : block(cidr));
                }
            }
        }
        return parts;
    }

    private void expressions(String direction) {
        Map<String, ObjectNode> selectors = new LinkedHashMap<>();
        selectors.put("In", in("%", "a", "b", "x", "y"));
        selectors.put("NotIn", notIn("%", "a", "x"));
        selectors.put("Exists", expression("%", "Exists"));
        selectors.put("DoesNotExist", expression("%", "DoesNotExist"));
        selectors.put("NotIn of a key that none has", notIn("none", "a", "x"));
        selectors.forEach((name, selector) -> {
            ObjectNode ofPods = withKey(selector, "pod");
            ObjectNode ofNamespaces = withKey(selector, "ns");
            add(direction + " pods: " + name, direction, List.of(peer(name, pods(ofPods))));
            add(direction + " namespaces: " + name, direction, List.of(peer(name, namespaces(ofNamespaces))));
            add(direction + " both: " + name, direction, List.of(peer(name, pods(ofNamespaces, ofPods))));
        });
    }

    private static ObjectNode withKey(ObjectNode selector, String key) {
        return (ObjectNode) io.towpath.lab.Json.read(selector.toString().replace("%", key));
    }

    private void blocks(String direction) {
        add(
                direction + " block: everything",
                direction,
                List.of(peer("", block("0.0.0.0/0")), peer("", block("::/0"))));
        add(direction + " block: IPv4 alone", direction, List.of(peer("", block("0.0.0.0/0"))));
        add(
                direction + " block: single addresses",
                direction,
                List.of(new Peer("", world -> hosts(world, "y/b", "z/c"))));
        add(
                direction + " block: two in one",
                direction,
                List.of(new Peer("", world -> blocks(world, false)), new Peer("", world -> blocks(world, true))));
        add(
                direction + " block: everything but two pods",
                direction,
                List.of(new Peer(
                        "",
                        world -> List.of(block(
                                "0.0.0.0/0",
                                hosts(world, "y/b", "z/c").stream()
                                        .map(part -> part.json()
                                                .path("ipBlock")
                                                .path("cidr")
                                                .asText())
                                        .filter(cidr -> !cidr.contains(":"))
                                        .toArray(String[]::new))))));
        add(
                direction + " block: the nodes' own addresses",
                direction,
                List.of(new Peer("", world -> hosts(world, World.nodePlace("a"), World.nodePlace("b")))));
        add(direction + " block: the outside", direction, List.of(new Peer("", world -> hosts(world, World.OUTSIDE))));
    }

    private static List<Part> hosts(World world, String... places) {
        return List.of(places).stream()
                .flatMap(place -> world.addresses(place).stream())
                .map(Policies::host)
                .toList();
    }
}
