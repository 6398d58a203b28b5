package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Of the nodes of a live cluster, those that can be served beside each other: one node's mistake is no other's outage. Where
 * two want the same slice, address or MAC address, this node goes first, then the one that was served unchanged until now,
 * then one that was served with the same slices, then the one whose name sorts first; so the choice does not depend on the
 * order of news, and what works is not taken away for what is new.
 *
 * @param nodes those that can be, sorted by name
 * @param rejected the others
 */
public record ServableNodes(List<Node> nodes, List<Rejected> rejected) {
    public ServableNodes {
        nodes = List.copyOf(nodes);
        rejected = List.copyOf(rejected);
    }

    /**
     * A node that cannot be served.
     *
     * @param node its name
     * @param reason one line: which value is wrong and why
     */
    public record Rejected(String node, String reason) {}

    /**
     * Chooses, in n log n.
     *
     * @param cluster the cluster with all its nodes; {@code node} says which is this one
     * @param own the addresses of this node's interfaces, which no other node can have; {@link Overlay#addresses} tells them
     * @param before the nodes that were served until now
     */
    public static ServableNodes of(Cluster cluster, Set<IpAddress> own, List<Node> before) {
        Map<String, Node> earlier = new HashMap<>();
        before.forEach(node -> earlier.put(node.name(), node));
        List<Node> candidates = new ArrayList<>(cluster.nodes());
        candidates.sort(Comparator.<Node>comparingInt(node -> rank(node, cluster.node(), earlier))
                .thenComparing(Node::name));
        Selection selection = new Selection(cluster, own);
        candidates.forEach(selection::consider);
        selection.accepted.sort(Comparator.comparing(Node::name));
        return new ServableNodes(selection.accepted, selection.rejected);
    }

    /** What is wrong with all that does not depend on the nodes: one line, null if nothing. */
    public static @Nullable String problem(Cluster cluster) {
        try {
            new ClusterRules("", cluster).checkCommon();
            return null;
        } catch (ClusterFileException e) {
            return e.reason();
        }
    }

    private static int rank(Node node, @Nullable String self, Map<String, Node> earlier) {
        if (node.name().equals(self)) {
            return 0;
        }
        Node same = earlier.get(node.name());
        return node.equals(same) ? 1 : same != null && node.slices().equals(same.slices()) ? 2 : 3;
    }

    private static final class Selection {
        private final Cluster cluster;
        private final ClusterRules rules;
        private final Set<IpAddress> own;
        private final List<Node> accepted = new ArrayList<>();
        private final List<Rejected> rejected = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final Map<IpAddress, String> addresses = new HashMap<>();
        private final Map<MacAddress, String> macs = new HashMap<>();
        private final TreeMap<IpPrefix, String> slices = new TreeMap<>();

        Selection(Cluster cluster, Set<IpAddress> own) {
            this.cluster = cluster;
            this.rules = new ClusterRules("", cluster);
            this.own = own;
        }

        void consider(Node node) {
            String reason = reason(node);
            if (reason != null) {
                rejected.add(new Rejected(node.name(), reason));
                return;
            }
            accepted.add(node);
            names.add(node.name());
            node.addresses().forEach(address -> addresses.put(address, node.name()));
            for (IpPrefix slice : node.slices()) {
                slices.put(slice, node.name());
                macs.put(node.vtepMac(slice.address().ipv6()), node.name());
            }
        }

        private @Nullable String reason(Node node) {
            if (node.slices().isEmpty()) {
                return "it has no slice: nothing gave it a part of the pods' network";
            }
            try {
                rules.checkNode("", node);
            } catch (ClusterFileException e) {
                return e.reason().startsWith(".") ? e.reason().substring(1) : e.reason();
            }
            if (names.contains(node.name())) {
                return "another node has its name";
            }
            for (IpAddress address : node.addresses()) {
                String other = addresses.get(address);
                if (other != null) {
                    return "its address " + address + " is that of node " + other;
                }
                if (own.contains(address) && !node.name().equals(cluster.node())) {
                    return "its address " + address + " is one of this node's own";
                }
            }
            for (IpPrefix slice : node.slices()) {
                MacAddress mac = node.vtepMac(slice.address().ipv6());
                if (mac.isMulticast() || mac.value() == 0) {
                    return "its MAC address " + mac + " cannot be a device's";
                }
                String other = macs.get(mac);
                if (other != null) {
                    return "its MAC address " + mac + " is that of node " + other;
                }
                Map.Entry<IpPrefix, String> overlap = overlap(slice);
                if (overlap != null) {
                    return "its slice " + slice + " overlaps " + overlap.getKey() + " of node " + overlap.getValue();
                }
            }
            return null;
        }

        /** None of the slices overlap each other, so only the neighbours in order can overlap another. */
        private Map.@Nullable Entry<IpPrefix, String> overlap(IpPrefix slice) {
            Map.Entry<IpPrefix, String> lower = slices.floorEntry(slice);
            if (lower != null && lower.getKey().overlaps(slice)) {
                return lower;
            }
            Map.Entry<IpPrefix, String> higher = slices.ceilingEntry(slice);
            return higher != null && higher.getKey().overlaps(slice) ? higher : null;
        }
    }
}
