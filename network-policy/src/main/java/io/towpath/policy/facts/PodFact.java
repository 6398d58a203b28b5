package io.towpath.policy.facts;

import io.towpath.net.IpAddress;
import java.util.List;
import java.util.Map;

/**
 * A pod that policies can select: one with a network of its own, on a node, that has not ended.
 *
 * @param addresses of its status; of a pod of this node, those that it was given here count instead
 * @param ports those that its containers name
 * @param node the name of the node that it is on
 */
public record PodFact(
        String namespace,
        String name,
        Map<String, String> labels,
        List<IpAddress> addresses,
        List<NamedPort> ports,
        String node) {
    public PodFact {
        labels = Map.copyOf(labels);
        addresses = List.copyOf(addresses);
        ports = List.copyOf(ports);
    }
}
