package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import java.util.List;

/**
 * A pod's interface on this node.
 *
 * @param link the node's end of it
 * @param addresses those that the pod was given
 */
public record LocalEndpoint(String podNamespace, String podName, String link, List<IpAddress> addresses) {
    public LocalEndpoint {
        addresses = List.copyOf(addresses);
    }
}
