package io.towpath.policy.oracle;

import io.towpath.net.IpAddress;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.RuleFact;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** A random cluster, seen from a node of it, in which one thing after the other changes. */
public final class ChangingCluster {
    private final RandomCluster random;
    private final Random order;
    private final List<PodFact> pods;
    private final List<NamespaceFact> namespaces;
    private final List<NodeFact> nodes;
    private final List<PolicyFact> policies;
    private final List<ClusterPolicyFact> clusterPolicies;
    private final List<LocalEndpoint> endpoints = new ArrayList<>();
    private int made;

    public ChangingCluster(long seed) {
        random = new RandomCluster(seed);
        order = new Random(seed);
        Facts facts = random.facts(random.below(13), random.below(7), random.below(5));
        pods = new ArrayList<>(facts.pods());
        namespaces = new ArrayList<>(facts.namespaces());
        nodes = new ArrayList<>(facts.nodes());
        policies = new ArrayList<>(facts.policies());
        clusterPolicies = new ArrayList<>(facts.clusterPolicies());
        pods.stream().filter(_ -> random.oneIn(2)).forEach(pod -> endpoints.add(endpoint(pod)));
    }

    public Facts facts() {
        return new Facts(pods, namespaces, nodes, policies, clusterPolicies);
    }

    public List<LocalEndpoint> endpoints() {
        return List.copyOf(endpoints);
    }

    /** Changes something; tells what. */
    public String change() {
        return switch (random.below(20)) {
            case 0, 1 -> changePods();
            case 2, 3, 4 -> changePod();
            case 5, 6 -> changeNamespaces();
            case 7, 8, 9, 10 -> changePolicy();
            case 11 -> replace(policies, "policy", random.policy("later" + made++));
            case 12, 13, 14 -> changeClusterPolicy();
            case 15 -> replace(clusterPolicies, "cluster policy", random.clusterPolicy("later" + made++));
            case 16 -> changeNodes();
            case 17, 18 -> changeEndpoints();
            default -> shuffle();
        };
    }

    private String changePods() {
        int number = random.below(RandomCluster.NAMESPACES * RandomCluster.PODS_OF_NAMESPACE);
        String namespace = "ns" + number % RandomCluster.NAMESPACES;
        String name = "pod" + number / RandomCluster.NAMESPACES;
        if (pods.removeIf(pod -> pod.namespace().equals(namespace) && pod.name().equals(name))) {
            return "pod gone or ended: " + namespace + "/" + name;
        }
        PodFact pod = random.pod(namespace, name, number);
        pods.add(pod);
        if (random.oneIn(2)) {
            endpoints.add(endpoint(pod));
        }
        return "pod: " + pod;
    }

    private String changePod() {
        if (pods.isEmpty()) {
            return "";
        }
        int at = random.below(pods.size());
        PodFact was = pods.get(at);
        PodFact other = random.pod(was.namespace(), was.name(), random.below(24));
        PodFact is = switch (random.below(4)) {
            case 0 ->
                new PodFact(was.namespace(), was.name(), other.labels(), was.addresses(), was.ports(), was.node());
            case 1 ->
                new PodFact(was.namespace(), was.name(), was.labels(), other.addresses(), was.ports(), was.node());
            case 2 ->
                new PodFact(was.namespace(), was.name(), was.labels(), was.addresses(), other.ports(), was.node());
            default -> new PodFact(was.namespace(), was.name(), was.labels(), List.of(), was.ports(), "node1");
        };
        pods.set(at, is);
        return "pod: " + was + " -> " + is;
    }

    private String changeNamespaces() {
        NamespaceFact space = random.namespace("ns" + random.below(RandomCluster.NAMESPACES));
        boolean known = namespaces.removeIf(each -> each.name().equals(space.name()));
        if (known && random.oneIn(3)) {
            boolean last = random.oneIn(2);
            pods.removeIf(pod -> last && pod.namespace().equals(space.name()));
            return "namespace gone: " + space.name() + (last ? " with all pods" : "");
        }
        namespaces.add(space);
        return "namespace: " + space;
    }

    private String changePolicy() {
        if (policies.isEmpty()) {
            return "";
        }
        int at = random.below(policies.size());
        PolicyFact was = policies.get(at);
        PolicyFact other = random.policy(was.name());
        PolicyFact is = new PolicyFact(
                was.namespace(),
                was.name(),
                random.oneIn(6) ? other.pods() : was.pods(),
                random.oneIn(8) ? other.isolatesIngress() : was.isolatesIngress(),
                random.oneIn(8) ? other.isolatesEgress() : was.isolatesEgress(),
                rules(was.ingress(), other.ingress()),
                rules(was.egress(), other.egress()),
                random.oneIn(8) != was.dryRun());
        policies.set(at, is);
        return "policy: " + was + " -> " + is;
    }

    /** Other rules, the same, or some that are about pods by their labels more or less: these change in the way of their own. */
    private List<RuleFact> rules(List<RuleFact> was, List<RuleFact> others) {
        return switch (random.below(6)) {
            case 0 -> others;
            case 1 -> was;
            case 2 -> plain(was);
            default -> {
                List<RuleFact> more = new ArrayList<>(plain(others));
                more.addAll(was.isEmpty() || random.oneIn(2) ? was : was.subList(1, was.size()));
                yield more;
            }
        };
    }

    private List<RuleFact> plain(List<RuleFact> rules) {
        List<RuleFact> plain = new ArrayList<>();
        boolean named = random.oneIn(4);
        for (RuleFact rule : rules) {
            List<Peer> peers = rule.peers().stream()
                    .filter(peer -> peer instanceof Peer.Pods(var namespaces, var pods)
                            && !(namespaces != null && namespaces.isEmpty() && pods.isEmpty()))
                    .toList();
            List<PortMatch> ports = rule.ports().stream()
                    .filter(port ->
                            !(port instanceof PortMatch.Named && !named) && !(port instanceof PortMatch.Unknown))
                    .toList();
            if (!peers.isEmpty()) {
                plain.add(new RuleFact(peers, ports));
            }
        }
        return plain;
    }

    private String changeClusterPolicy() {
        if (clusterPolicies.isEmpty()) {
            return "";
        }
        int at = random.below(clusterPolicies.size());
        ClusterPolicyFact was = clusterPolicies.get(at);
        ClusterPolicyFact other = random.clusterPolicy(was.name());
        ClusterPolicyFact is = new ClusterPolicyFact(
                was.name(),
                random.oneIn(4) ? other.tier() : was.tier(),
                random.oneIn(3) ? other.priority() : was.priority(),
                random.oneIn(4) ? other.subject() : was.subject(),
                random.oneIn(3) ? other.ingress() : was.ingress(),
                random.oneIn(3) ? other.egress() : was.egress(),
                random.oneIn(8) != was.dryRun());
        clusterPolicies.set(at, is);
        return "cluster policy: " + was + " -> " + is;
    }

    /** Adds one that is new, or takes one away. */
    private <T> String replace(List<T> all, String what, T made) {
        if (!all.isEmpty() && random.oneIn(2)) {
            return what + " gone: " + all.remove(random.below(all.size()));
        }
        all.add(made);
        return what + ": " + made;
    }

    private String changeNodes() {
        NodeFact node = random.node(random.below(4));
        boolean known = nodes.removeIf(each -> each.name().equals(node.name()));
        if (known && random.oneIn(3)) {
            return "node gone: " + node.name();
        }
        nodes.add(node);
        return "node: " + node;
    }

    private String changeEndpoints() {
        if (!endpoints.isEmpty() && random.oneIn(2)) {
            return "endpoint gone: " + endpoints.remove(random.below(endpoints.size()));
        }
        if (pods.isEmpty() || random.oneIn(8)) {
            endpoints.add(new LocalEndpoint("ns0", "ghost", "calighost" + made++, List.of(address())));
        } else {
            endpoints.add(endpoint(pods.get(random.below(pods.size()))));
        }
        return "endpoint: " + endpoints.getLast();
    }

    /** An endpoint of a pod, whose status may not have told yet which addresses it has; it may have none yet. */
    private LocalEndpoint endpoint(PodFact pod) {
        List<IpAddress> addresses = switch (random.below(8)) {
            case 0 -> List.of(address());
            case 1 -> List.of();
            default -> pod.addresses();
        };
        return new LocalEndpoint(pod.namespace(), pod.name(), "cali" + made++, addresses);
    }

    private IpAddress address() {
        return IpAddress.parse("10.0.0." + random.below(32));
    }

    /** Another order, and new objects that say the same, as after a list that was read anew. */
    private String shuffle() {
        Collections.shuffle(pods, order);
        Collections.shuffle(policies, order);
        Collections.shuffle(clusterPolicies, order);
        Collections.shuffle(endpoints, order);
        pods.replaceAll(pod ->
                new PodFact(pod.namespace(), pod.name(), pod.labels(), pod.addresses(), pod.ports(), pod.node()));
        policies.replaceAll(policy -> policy.withDryRun(policy.dryRun()));
        clusterPolicies.replaceAll(policy -> policy.withDryRun(policy.dryRun()));
        return "another order";
    }
}
