package io.towpath.policy.facts;

import io.towpath.net.IpAddress;
import java.util.List;
import java.util.Map;

/**
 * A node.
 *
 * @param addresses by which its services are reached: those of its status, and in the overlay
 */
public record NodeFact(String name, Map<String, String> labels, List<IpAddress> addresses) {
    public NodeFact {
        labels = Map.copyOf(labels);
        addresses = List.copyOf(addresses);
    }
}
