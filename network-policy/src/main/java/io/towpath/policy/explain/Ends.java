package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.policy.explain.Nodes.Node;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.PodFact;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds who is meant by a name or an address. */
final class Ends {
    private final List<PodFact> pods;
    private final Map<String, Node> nodes = new HashMap<>();
    private final Map<IpAddress, Node> nodesByAddress = new HashMap<>();
    private final List<IpAddress> gateways;

    Ends(Facts facts, Nodes known) {
        Set<String> namespaces =
                facts.namespaces().stream().map(NamespaceFact::name).collect(Collectors.toSet());
        pods = facts.pods().stream()
                .filter(pod -> namespaces.contains(pod.namespace()))
                .toList();
        gateways = known.gateways();
        for (Node node : known.all()) {
            nodes.put(node.name(), node);
            node.addresses().forEach(address -> nodesByAddress.put(address, node));
            node.overlay().forEach(address -> nodesByAddress.put(address, node));
        }
        for (NodeFact fact : facts.nodes()) {
            Node node =
                    nodes.computeIfAbsent(fact.name(), name -> new Node(name, fact.addresses(), List.of(), List.of()));
            fact.addresses().forEach(address -> nodesByAddress.putIfAbsent(address, node));
        }
    }

    /** Somebody who sends or receives: a pod, a node, or neither if none has the address. */
    record End(@Nullable PodFact pod, @Nullable Node node, IpAddress address, boolean isGateway) {
        Explanation.End told() {
            String name = pod == null ? null : pod.namespace() + "/" + pod.name();
            return new Explanation.End(name, nodeName(), address, toString());
        }

        @Override
        public String toString() {
            if (pod != null) {
                return pod.namespace() + "/" + pod.name() + " (" + address + ")";
            }
            if (node != null) {
                String by = isGateway ? " as its pods' gateway (" : isOverlay() ? " in the overlay (" : " (";
                return "node " + node.name() + by + address + ")";
            }
            return address.toString();
        }

        private boolean isOverlay() {
            return node != null && node.overlay().contains(address);
        }

        /** The name of the node that a pod is on, or that it is. */
        @Nullable
        String nodeName() {
            return pod != null ? pod.node() : node == null ? null : node.name();
        }

        /** The same node by another address of its. */
        End by(IpAddress other) {
            return new End(pod, node, other, false);
        }
    }

    /** Two with addresses of the same family. */
    record Pair(End from, End to) {}

    /** @throws IllegalArgumentException if one is not known, or they cannot reach each other */
    Pair pair(String from, String to) {
        for (End sender : ends(from)) {
            for (End receiver : ends(to)) {
                if (sender.address.ipv6() == receiver.address.ipv6()) {
                    return new Pair(behindGateway(sender, receiver), behindGateway(receiver, sender));
                }
            }
        }
        throw new IllegalArgumentException(from + " and " + to + " have no addresses of the same family");
    }

    /** Whoever has the address of the pods' gateway is the node of the pod that sees it. */
    private End behindGateway(End end, End other) {
        return other.pod != null && gateways.contains(end.address)
                ? new End(null, node(other), end.address, true)
                : end;
    }

    /** The node of a name, or that a pod is on; null if it is not known. */
    @Nullable
    Node node(End of) {
        String name = of.nodeName();
        return name == null ? null : nodes.get(name);
    }

    private List<End> ends(String text) {
        IpAddress address = IpAddress.tryParse(text);
        if (address != null) {
            PodFact holder = pods.stream()
                    .filter(pod -> pod.addresses().contains(address))
                    .findFirst()
                    .orElse(null);
            return List.of(new End(holder, holder == null ? nodesByAddress.get(address) : null, address, false));
        }
        for (PodFact pod : pods) {
            if (text.equals(pod.namespace() + "/" + pod.name())) {
                if (pod.addresses().isEmpty()) {
                    throw new IllegalArgumentException("pod " + text + " has no address yet");
                }
                return pod.addresses().stream()
                        .map(each -> new End(pod, null, each, false))
                        .toList();
            }
        }
        throw new IllegalArgumentException(
                text.contains("/")
                        ? "there is no pod " + text
                                + " that policies can be about: it is not known, has ended, or is in"
                                + " its node's network"
                        : "\"" + text + "\" is neither a pod as namespace/name nor an address");
    }
}
