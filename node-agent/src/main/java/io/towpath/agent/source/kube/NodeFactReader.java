package io.towpath.agent.source.kube;

import io.towpath.cni.wiring.Endpoint;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.NodeFact;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads from a node of the API what policies need. The API counts the addresses of the node's status, but names. By others that every
 * node has its services are reached as well, so they count, too: that of its VXLAN device, which is the first of its slice whether or not the
 * device is there already, and, of this node, the gateway of its pods.
 */
final class NodeFactReader {
    private final String self;

    NodeFactReader(String self) {
        this.self = self;
    }

    NodeFact read(KubeNode node) {
        Set<IpAddress> addresses = new LinkedHashSet<>();
        KubeNode.Status status = node.getStatus();
        if (status != null && status.addresses() != null) {
            for (KubeNode.Address each : status.addresses()) {
                IpAddress address = each.address() == null ? null : IpAddress.tryParse(each.address());
                if (address != null) {
                    addresses.add(address);
                }
            }
        }
        for (String text : node.podCidrs()) {
            IpPrefix slice = IpPrefix.tryParse(text);
            if (slice != null) {
                addresses.add(slice.network().address());
            }
        }
        String name = node.getMetadata().getName();
        if (name.equals(self)) {
            addresses.add(Endpoint.GATEWAY_V6);
        }
        return new NodeFact(name, Labels.of(node.getMetadata()), List.copyOf(addresses));
    }
}
