package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all nodes must agree on, and which of them this one is.
 *
 * @param networks the pods' network: at most one prefix of each family, at least one
 * @param node this node's name; null for the host's name
 * @param underlay which of this node's interfaces tunnel packets leave by
 * @param vni the VXLAN network identifier
 * @param port the UDP port tunnel packets go to
 * @param mtu the underlay's, in bytes; 0 for the interface's
 * @param learning whether the devices learn where MAC addresses are from the packets that come
 * @param gbp whether tunnel packets carry the group-based policy extension
 * @param directRouting whether pods of nodes in the same subnet are reached without a tunnel
 * @param nodes all nodes, this one among them
 */
public record Cluster(
        List<IpPrefix> networks,
        @Nullable String node,
        UnderlayChoice underlay,
        int vni,
        int port,
        int mtu,
        boolean learning,
        boolean gbp,
        boolean directRouting,
        List<Node> nodes) {

    /** flannel's default, and the only one it documents for Linux. */
    public static final int DEFAULT_VNI = 1;

    /** What the Linux kernel and flannel use, not IANA's 4789. */
    public static final int DEFAULT_PORT = 8472;

    public Cluster {
        networks = List.copyOf(networks);
        nodes = List.copyOf(nodes);
    }

    /** The same with other nodes. */
    public Cluster withNodes(List<Node> others) {
        return new Cluster(networks, node, underlay, vni, port, mtu, learning, gbp, directRouting, others);
    }

    /** The same with a name for this node's interface, null for none. */
    public Cluster withUnderlayInterface(@Nullable String name) {
        return withUnderlay(name == null ? UnderlayChoice.AUTOMATIC : UnderlayChoice.named(name));
    }

    /** The same with another choice of this node's interface. */
    public Cluster withUnderlay(UnderlayChoice other) {
        return new Cluster(networks, node, other, vni, port, mtu, learning, gbp, directRouting, nodes);
    }

    /**
     * A node.
     *
     * @param name its name in the cluster
     * @param slices its part of the network: at most one prefix of each family, at least one
     * @param addresses where tunnel packets for it go: at most one of each family, one for each slice's; of this node, whatever
     *     is missing is the interface's
     * @param mac the MAC address of its device for IPv4; null for the {@linkplain VtepMac derived} one
     * @param macV6 as mac, of its device for IPv6
     * @param sources addresses that its tunnel packets may come from, besides those that they go to; of either family
     */
    public record Node(
            String name,
            List<IpPrefix> slices,
            List<IpAddress> addresses,
            @Nullable MacAddress mac,
            @Nullable MacAddress macV6,
            List<IpAddress> sources) {
        public Node {
            slices = List.copyOf(slices);
            addresses = List.copyOf(addresses);
            sources = List.copyOf(sources);
        }

        /** A node whose tunnel packets come from where those for it go. */
        public Node(
                String name,
                List<IpPrefix> slices,
                List<IpAddress> addresses,
                @Nullable MacAddress mac,
                @Nullable MacAddress macV6) {
            this(name, slices, addresses, mac, macV6, List.of());
        }

        /** The MAC address of its device for a family. */
        public MacAddress vtepMac(boolean ipv6) {
            MacAddress given = ipv6 ? macV6 : mac;
            return given == null ? VtepMac.of(name, ipv6) : given;
        }

        /** The same with other addresses. */
        public Node withAddresses(List<IpAddress> others) {
            return new Node(name, slices, others, mac, macV6, sources);
        }

        /** The same with MAC addresses, null for derived ones. */
        public Node withMacs(@Nullable MacAddress ofIpv4, @Nullable MacAddress ofIpv6) {
            return new Node(name, slices, addresses, ofIpv4, ofIpv6, sources);
        }

        /** The same without the other family. */
        Node only(boolean ipv6) {
            boolean isOnly = slice(!ipv6) == null && address(!ipv6) == null && (ipv6 ? mac : macV6) == null;
            if (isOnly) {
                return this; // mostly: thousands of nodes are looked at in a row
            }
            return new Node(
                    name,
                    slices.stream()
                            .filter(slice -> slice.address().ipv6() == ipv6)
                            .toList(),
                    addresses.stream().filter(address -> address.ipv6() == ipv6).toList(),
                    ipv6 ? null : mac,
                    ipv6 ? macV6 : null,
                    sources(ipv6));
        }

        /** The same with what another has of a family. */
        public Node with(Node other, boolean ipv6) {
            Node mine = only(!ipv6);
            Node others = other.only(ipv6);
            List<IpPrefix> allSlices = new ArrayList<>(ipv6 ? mine.slices : others.slices);
            allSlices.addAll(ipv6 ? others.slices : mine.slices);
            List<IpAddress> allAddresses = new ArrayList<>(ipv6 ? mine.addresses : others.addresses);
            allAddresses.addAll(ipv6 ? others.addresses : mine.addresses);
            List<IpAddress> allSources = new ArrayList<>(mine.sources);
            allSources.addAll(others.sources);
            return new Node(
                    name, allSlices, allAddresses, ipv6 ? mac : others.mac, ipv6 ? others.macV6 : macV6, allSources);
        }

        /** The slice of a family, null if it has none. */
        public @Nullable IpPrefix slice(boolean ipv6) {
            return ofFamily(slices, ipv6);
        }

        /** The further sources of a family. */
        List<IpAddress> sources(boolean ipv6) {
            return sources.isEmpty()
                    ? sources
                    : sources.stream().filter(source -> source.ipv6() == ipv6).toList();
        }

        /** The address of a family, null if it has none. */
        public @Nullable IpAddress address(boolean ipv6) {
            for (IpAddress address : addresses) {
                if (address.ipv6() == ipv6) {
                    return address;
                }
            }
            return null;
        }
    }

    /** The pods' network of a family, null if there is none. */
    public @Nullable IpPrefix network(boolean ipv6) {
        return ofFamily(networks, ipv6);
    }

    /** The node with a name, null if there is none. */
    public @Nullable Node node(String name) {
        for (Node each : nodes) {
            if (each.name.equals(name)) {
                return each;
            }
        }
        return null;
    }

    static @Nullable IpPrefix ofFamily(List<IpPrefix> prefixes, boolean ipv6) {
        for (IpPrefix prefix : prefixes) {
            if (prefix.address().ipv6() == ipv6) {
                return prefix;
            }
        }
        return null;
    }
}
