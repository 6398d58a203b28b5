package io.towpath.agent.reconcile;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Cluster.Node;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.ServableNodes;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a live cluster comes to on this node: the operator's choices filled in, the nodes that cannot be served left out.
 *
 * @param facts what it comes from
 * @param own the addresses of this node's interfaces it was made with
 * @param cluster for the overlay
 * @param rejected the nodes left out, and why
 */
record LiveCluster(ClusterFacts.Live facts, Set<IpAddress> own, Cluster cluster, List<Rejected> rejected) {
    /**
     * Works it out.
     *
     * @param before what it came to until now, null for nothing yet; nodes that were served go before others
     * @throws OverlayException if this node itself cannot be served
     */
    static LiveCluster of(ClusterFacts.Live facts, OwnChoices choices, Set<IpAddress> own, @Nullable LiveCluster before)
            throws OverlayException {
        if (before != null && before.facts.equals(facts) && before.own.equals(own)) {
            return before;
        }
        Cluster chosen = withChoices(facts.cluster(), choices);
        List<Node> earlier = before == null ? List.of() : before.cluster.nodes();
        ServableNodes servable = ServableNodes.of(chosen, own, earlier);
        List<Rejected> rejected = new ArrayList<>(facts.rejected());
        rejected.addAll(servable.rejected());
        for (Rejected each : rejected) {
            if (each.node().equals(chosen.node())) {
                throw new OverlayException("this node, " + each.node() + ", cannot be served: " + each.reason());
            }
        }
        return new LiveCluster(facts, own, chosen.withNodes(servable.nodes()), List.copyOf(rejected));
    }

    private static Cluster withChoices(Cluster cluster, OwnChoices choices) {
        List<Node> nodes = new ArrayList<>(cluster.nodes());
        nodes.replaceAll(node -> node.name().equals(cluster.node()) ? withAddresses(node, choices) : node);
        return cluster.withUnderlay(choices.underlay()).withNodes(nodes);
    }

    /** What the operator says on the node goes before what the source says. */
    private static Node withAddresses(Node self, OwnChoices choices) {
        List<IpAddress> addresses = new ArrayList<>(choices.publicAddresses());
        for (IpAddress address : self.addresses()) {
            if (choices.publicAddresses().stream().noneMatch(chosen -> chosen.ipv6() == address.ipv6())) {
                addresses.add(address);
            }
        }
        return self.withAddresses(addresses);
    }
}
