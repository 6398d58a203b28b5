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
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Of the nodes of a live cluster, those that can be served beside each other: one node's mistake is no other's outage, and no mistake in
 * one family is an outage of the other. Where two want the same slice or MAC address, this node goes first, then the one that is the
 * most alive, then the one that was served unchanged until now, then one that was served with the same slices, then the one whose name
 * sorts first; so the choice does not depend on the order of news, and what works is not taken away for what is new, nor kept for what
 * is dead. One address may be that of several: packets find their way by MAC address and slice.
 *
 * @param nodes those that can be, sorted by name, with the families that can be
 * @param rejected the others
 */
public record ServableNodes(List<Node> nodes, List<Rejected> rejected) {
    public ServableNodes {
        nodes = List.copyOf(nodes);
        rejected = List.copyOf(rejected);
    }

    /**
     * A node that cannot be served, or cannot be in one family.
     *
     * @param node its name
     * @param family the family, null for the node as a whole
     * @param reason one line: which value is wrong and why
     */
    public record Rejected(String node, @Nullable Family family, String reason) {
        /** A node as a whole. */
        public Rejected(String node, String reason) {
            this(node, null, reason);
        }
    }

    /**
     * Chooses, in n log n.
     *
     * @param cluster the cluster with all its nodes; {@code node} says which is this one
     * @param own the addresses of this node's interfaces, which no other node can have; {@link Overlay#addresses} tells them
     * @param health of nodes by name; of whom nothing is said, {@link Health#REPORTING}
     * @param before the nodes that were served until now
     */
    public static ServableNodes of(Cluster cluster, Set<IpAddress> own, Map<String, Health> health, List<Node> before) {
        Map<String, Node> earlier = new HashMap<>();
        before.forEach(node -> earlier.put(node.name(), node));
        List<Candidate> candidates = new ArrayList<>(cluster.nodes().size());
        for (Node node : cluster.nodes()) {
            candidates.add(new Candidate(
                    node,
                    !node.name().equals(cluster.node()),
                    health.getOrDefault(node.name(), Health.REPORTING),
                    rank(node, earlier.get(node.name()))));
        }
        candidates.sort(Candidate.ORDER);
        Selection selection = new Selection(cluster, own);
        candidates.forEach(candidate -> selection.consider(candidate.node));
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

    /** A node with what its place in the order depends on, worked out once for each. */
    private record Candidate(Node node, boolean isOther, Health health, int rank) {
        static final Comparator<Candidate> ORDER = Comparator.comparing(Candidate::isOther)
                .thenComparing(Candidate::health)
                .thenComparingInt(Candidate::rank)
                .thenComparing(candidate -> candidate.node.name());
    }

    /** Before may lack a family that could not be served. */
    private static int rank(Node node, @Nullable Node before) {
        if (node.equals(before)) {
            return 0;
        }
        if (before == null || !node.slices().containsAll(before.slices())) {
            return 2;
        }
        boolean same = true;
        for (IpPrefix slice : before.slices()) {
            boolean ipv6 = slice.address().ipv6();
            same &= node.only(ipv6).equals(before.only(ipv6));
        }
        return same ? 0 : 1;
    }

    private static final class Selection {
        private final Cluster cluster;
        private final ClusterRules rules;
        private final Set<IpAddress> own;
        private final List<Node> accepted = new ArrayList<>();
        private final List<Rejected> rejected = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final Map<Family, Map<MacAddress, String>> macs =
                Map.of(Family.IPV4, new HashMap<>(), Family.IPV6, new HashMap<>());
        private final TreeMap<IpPrefix, String> slices = new TreeMap<>();

        Selection(Cluster cluster, Set<IpAddress> own) {
            this.cluster = cluster;
            this.rules = new ClusterRules("", cluster);
            this.own = own;
        }

        void consider(Node node) {
            if (node.slices().isEmpty()) {
                reject(
                        node,
                        null,
                        "it has no podCIDR: kube-controller-manager gives one, with --allocate-node-cidrs and"
                                + " --cluster-cidr; or patch the Node's spec.podCIDR");
                return;
            }
            if (names.contains(node.name())) {
                reject(node, null, "another node has its name");
                return;
            }
            boolean both = node.slice(false) != null && node.slice(true) != null;
            Node served = null;
            for (boolean ipv6 : new boolean[] {false, true}) {
                if (node.slice(ipv6) == null) {
                    continue;
                }
                Node part = node.only(ipv6);
                String reason = reason(part, ipv6);
                if (reason != null) {
                    reject(node, both ? Family.of(ipv6) : null, reason);
                } else {
                    served = served == null ? part : served.with(part, ipv6);
                }
            }
            if (served != null) {
                accept(served);
            }
        }

        private void reject(Node node, @Nullable Family family, String reason) {
            rejected.add(new Rejected(node.name(), family, reason));
        }

        private void accept(Node node) {
            accepted.add(node);
            names.add(node.name());
            for (IpPrefix slice : node.slices()) {
                boolean ipv6 = slice.address().ipv6();
                slices.put(slice, node.name());
                macs(ipv6).put(node.vtepMac(ipv6), node.name());
            }
        }

        private Map<MacAddress, String> macs(boolean ipv6) {
            return Objects.requireNonNull(macs.get(Family.of(ipv6)));
        }

        /** Null if the node's part of one family can be served. */
        private @Nullable String reason(Node node, boolean ipv6) {
            IpPrefix network = cluster.network(ipv6);
            for (IpPrefix slice : node.slices()) {
                if (network != null && !network.contains(slice)) {
                    return "its podCIDR " + slice + " is outside the pods' network " + network + "; "
                            + (ipv6 ? "IPv6Network" : "Network")
                            + " in net-conf.json, the ConfigMap towpath-config, is to be the cluster's --cluster-cidr";
                }
            }
            try {
                rules.checkNode("", node);
            } catch (ClusterFileException e) {
                return e.reason().startsWith(".") ? e.reason().substring(1) : e.reason();
            }
            for (IpAddress address : node.addresses()) {
                if (own.contains(address) && !node.name().equals(cluster.node())) {
                    return "its address " + address + " is one of this node's own";
                }
            }
            MacAddress mac = node.vtepMac(ipv6);
            if (mac.isMulticast() || mac.value() == 0) {
                return "its MAC address " + mac + " cannot be a device's";
            }
            String other = macs(ipv6).get(mac);
            if (other != null) {
                return "its MAC address " + mac + " is that of node " + other;
            }
            for (IpPrefix slice : node.slices()) {
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
