package io.towpath.agent.source.kube;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.NodeFact;
import java.util.ArrayList;
import java.util.List;

/** Reads from a node of the API what policies need; all of its addresses count, but names. */
final class NodeFactReader {
    private NodeFactReader() {}

    static NodeFact read(KubeNode node) {
        List<IpAddress> addresses = new ArrayList<>();
        KubeNode.Status status = node.getStatus();
        if (status != null && status.addresses() != null) {
            for (KubeNode.Address each : status.addresses()) {
                IpAddress address = each.address() == null ? null : IpAddress.tryParse(each.address());
                if (address != null && !addresses.contains(address)) {
                    addresses.add(address);
                }
            }
        }
        return new NodeFact(node.getMetadata().getName(), Labels.of(node.getMetadata()), addresses);
    }
}
