package io.towpath.policy.facts;

import io.towpath.net.IpAddress;
import java.util.List;
import java.util.Map;

/** A node, with all addresses of its status. */
public record NodeFact(String name, Map<String, String> labels, List<IpAddress> addresses) {
    public NodeFact {
        labels = Map.copyOf(labels);
        addresses = List.copyOf(addresses);
    }
}
