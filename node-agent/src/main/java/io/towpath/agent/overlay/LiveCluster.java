package io.towpath.agent.overlay;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Cluster.Node;
import io.towpath.overlay.Family;
import io.towpath.overlay.NodeAddresses;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.ServableNodes;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a live cluster comes to on this node: the operator's choices filled in, the nodes that cannot be served left out.
 *
 * @param facts what it comes from
 * @param own the addresses of this node it was made with
 * @param cluster for the overlay
 * @param rejected the nodes left out, and why
 */
record LiveCluster(ClusterFacts.Live facts, NodeAddresses own, Cluster cluster, List<Rejected> rejected) {
    /**
     * Works it out.
     *
     * @param before what it came to until now, null for nothing yet; nodes that were served go before others
     * @throws OverlayException if this node itself cannot be served
     */
    static LiveCluster of(ClusterFacts.Live facts, OwnChoices choices, NodeAddresses own, @Nullable LiveCluster before)
            throws OverlayException {
        if (before != null && before.facts.equals(facts) && before.own.equals(own)) {
            return before;
        }
        Cluster chosen = withChoices(facts, choices, own);
        List<Node> earlier = before == null ? List.of() : before.cluster.nodes();
        List<Rejected> rejected = new ArrayList<>(facts.rejected());
        chosen = withEarlierParts(chosen, own, before, rejected);
        ServableNodes servable = ServableNodes.of(chosen, own.ofInterfaces(), facts.health(), earlier);
        rejected.addAll(servable.rejected());
        String self = chosen.node();
        if (self != null
                && servable.nodes().stream().noneMatch(node -> node.name().equals(self))) {
            for (Rejected each : rejected) {
                if (each.node().equals(self)) {
                    throw new OverlayException("this node, " + self + ", cannot be served: " + each.reason());
                }
            }
        }
        return new LiveCluster(facts, own, chosen.withNodes(servable.nodes()), List.copyOf(rejected));
    }

    /** What is wrong with one family of this node changes nothing of it, if it was served; the other goes on. */
    private static Cluster withEarlierParts(
            Cluster cluster, NodeAddresses own, @Nullable LiveCluster before, List<Rejected> rejected) {
        Node self = node(cluster);
        Node earlier = before == null ? null : node(before.cluster);
        if (self == null || earlier == null) {
            return cluster;
        }
        List<Rejected> wrong = new ArrayList<>();
        rejected.stream().filter(each -> each.node().equals(self.name())).forEach(wrong::add);
        List<Rejected> unfit = ServableNodes.of(
                        cluster.withNodes(List.of(self)), own.ofInterfaces(), Map.of(), List.of())
                .rejected();
        wrong.addAll(unfit);
        Node mended = self;
        for (Rejected each : wrong) {
            Family family = each.family();
            if (family != null && earlier.slice(family.isIpv6()) != null) {
                mended = mended.with(earlier, family.isIpv6());
            }
        }
        if (mended.equals(self)) {
            return cluster;
        }
        rejected.addAll(unfit);
        List<Node> nodes = new ArrayList<>(cluster.nodes());
        nodes.set(nodes.indexOf(self), mended);
        return cluster.withNodes(nodes);
    }

    private static @Nullable Node node(Cluster cluster) {
        String name = cluster.node();
        return name == null ? null : cluster.node(name);
    }

    private static Cluster withChoices(ClusterFacts.Live facts, OwnChoices choices, NodeAddresses own) {
        Cluster cluster = facts.cluster();
        List<Node> nodes = new ArrayList<>(cluster.nodes());
        nodes.replaceAll(node ->
                node.name().equals(cluster.node()) ? node.withAddresses(addresses(node, facts, choices, own)) : node);
        return cluster.withUnderlay(choices.underlay()).withNodes(nodes);
    }

    /**
     * What the operator says on the node goes before what the operator says in the source, and that before what the cluster knows the
     * node by. That counts where the node has it, and no interface is chosen; else the overlay keeps what it has, or guesses.
     */
    private static List<IpAddress> addresses(
            Node self, ClusterFacts.Live facts, OwnChoices choices, NodeAddresses own) {
        List<IpAddress> addresses = new ArrayList<>(choices.publicAddresses());
        addAll(addresses, self.addresses());
        List<IpAddress> known = new ArrayList<>(facts.ownAddresses());
        known.removeIf(address ->
                self.slice(address.ipv6()) == null || choices.underlay().isOf(address.ipv6()) || !own.has(address));
        addAll(addresses, known);
        return addresses;
    }

    /** Those of a family that there is none of yet. */
    private static void addAll(List<IpAddress> addresses, List<IpAddress> more) {
        for (IpAddress address : more) {
            if (addresses.stream().noneMatch(first -> first.ipv6() == address.ipv6())) {
                addresses.add(address);
            }
        }
    }
}
