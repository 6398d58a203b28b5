package io.towpath.agent.reconcile;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Cluster.Node;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.ServableNodes;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a live cluster comes to on this node: its own addresses filled in, the nodes that cannot be served left out.
 *
 * @param facts what it comes from
 * @param own the addresses of this node's interfaces it was made with
 * @param snapshot for the overlay
 * @param rejected the nodes left out, and why
 */
record LiveCluster(ClusterFacts.Live facts, List<Address> own, ClusterSnapshot snapshot, List<Rejected> rejected) {

    /** Works it out. */
    static LiveCluster first(ClusterFacts.Live facts, UnderlayChoice underlay, Rtnl rtnl)
            throws OverlayException, NetlinkException {
        return of(facts, underlay, rtnl, rtnl.addresses(), List.of());
    }

    /** This one if it still holds, else another; nodes that this one serves go before others. */
    LiveCluster next(ClusterFacts.Live now, UnderlayChoice underlay, Rtnl rtnl)
            throws OverlayException, NetlinkException {
        List<Address> addresses = rtnl.addresses();
        if (now.equals(facts) && addresses.equals(own)) {
            return this;
        }
        return of(now, underlay, rtnl, addresses, snapshot.cluster().nodes());
    }

    private static LiveCluster of(
            ClusterFacts.Live facts, UnderlayChoice underlay, Rtnl rtnl, List<Address> addresses, List<Node> before)
            throws OverlayException, NetlinkException {
        Cluster cluster = facts.cluster();
        String name = cluster.node();
        Node self = name == null ? null : cluster.node(name);
        if (self == null) {
            throw new OverlayException(
                    "node " + name + " is not in the cluster: is it registered, and is the name right?"
                            + " Set --node-name or NODE_NAME otherwise");
        }
        if (self.slices().isEmpty()) {
            throw new OverlayException("node " + name + " has no slice yet: its podCIDR is empty."
                    + " Is the controller manager started with --allocate-node-cidrs?");
        }
        Cluster own = withOwn(cluster, self, underlay, rtnl.links(), addresses, rtnl);
        ServableNodes servable = ServableNodes.of(own, hostAddresses(addresses), before);
        List<Rejected> rejected = new ArrayList<>(facts.rejected());
        rejected.addAll(servable.rejected());
        for (Rejected each : rejected) {
            if (each.node().equals(name)) {
                throw new OverlayException("this node, " + name + ", cannot be served: " + each.reason());
            }
        }
        return new LiveCluster(
                facts, addresses, ClusterSnapshot.of(own.withNodes(servable.nodes())), List.copyOf(rejected));
    }

    private static Cluster withOwn(
            Cluster cluster, Node self, UnderlayChoice underlay, List<Link> links, List<Address> addresses, Rtnl rtnl)
            throws OverlayException, NetlinkException {
        List<Boolean> families =
                self.slices().stream().map(slice -> slice.address().ipv6()).toList();
        boolean wishes = !underlay.names().isEmpty()
                || !underlay.expressions().isEmpty()
                || !underlay.prefixes().isEmpty();
        // Thousands of routes are not listed for nothing.
        List<Route> routes = wishes ? List.of() : rtnl.routes();
        UnderlayChoice.Chosen chosen = underlay.choose(links, addresses, routes, families);
        Node complete = self.addresses().isEmpty() ? self.withAddresses(chosen.addresses()) : self;
        List<Node> nodes = new ArrayList<>(cluster.nodes());
        nodes.replaceAll(node -> node.name().equals(self.name()) ? complete : node);
        return cluster.withUnderlayInterface(chosen.link()).withNodes(nodes);
    }

    private static Set<IpAddress> hostAddresses(List<Address> addresses) {
        Set<IpAddress> own = new HashSet<>();
        addresses.forEach(address -> own.add(address.prefix().address()));
        return own;
    }
}
