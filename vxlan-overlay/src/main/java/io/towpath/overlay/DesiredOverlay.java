package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the overlay of one node must be.
 *
 * @param self the node, with the address of each family by which the others reach it
 * @param networks the pods' networks
 * @param devices one for each family the node has a slice of
 * @param settings what must hold below /proc/sys for the node as a whole
 */
public record DesiredOverlay(Cluster.Node self, List<IpPrefix> networks, List<Device> devices, List<Setting> settings) {
    static final int OVERHEAD_IPV4 = 50;
    static final int OVERHEAD_IPV6 = 70;

    public DesiredOverlay {
        networks = List.copyOf(networks);
        devices = List.copyOf(devices);
        settings = List.copyOf(settings);
    }

    /** The node's name. */
    public String node() {
        return self.name();
    }

    /** A setting below /proc/sys. */
    public record Setting(String key, String value) {
        @Override
        public String toString() {
            return key + " = " + value;
        }
    }

    /**
     * A VXLAN device with what hangs on it.
     *
     * @param name {@code flannel.<vni>} or {@code flannel-v6.<vni>}
     * @param mac its MAC address
     * @param mtu in bytes
     * @param attributes what is fixed at its creation
     * @param underlay the name of the device that tunnel packets leave by
     * @param slice this node's part of the pods' network
     * @param network the pods' network
     * @param computesChecksums whether it must not leave checksums to devices below
     * @param peers the other nodes with a slice of the same family
     */
    public record Device(
            String name,
            MacAddress mac,
            int mtu,
            Vxlan attributes,
            String underlay,
            IpPrefix slice,
            IpPrefix network,
            boolean computesChecksums,
            List<Peer> peers) {
        public Device {
            peers = List.copyOf(peers);
        }

        /** The family of the slices; the underlay's is the same. */
        public boolean ipv6() {
            return slice.address().ipv6();
        }

        /** Its address, a prefix of one address, so that no route comes with it. */
        public IpPrefix address() {
            return IpPrefix.host(slice.address());
        }

        /** The same with other peers. */
        Device withPeers(List<Peer> others) {
            return new Device(name, mac, mtu, attributes, underlay, slice, network, computesChecksums, others);
        }

        /** What must hold below /proc/sys for the device. */
        List<Setting> settings() {
            String folder = "net/ipv6/conf/" + name + "/";
            Setting noRouters = new Setting(folder + "accept_ra", "0");
            return ipv6() ? List.of(new Setting(folder + "disable_ipv6", "0"), noRouters) : List.of(noRouters);
        }
    }

    /**
     * Another node.
     *
     * @param node its name
     * @param slice its part of the pods' network
     * @param remote its address in the underlay
     * @param mac its VXLAN device's MAC address
     * @param direct whether its slice is reached by its address in the underlay, without the tunnel
     */
    public record Peer(String node, IpPrefix slice, IpAddress remote, MacAddress mac, boolean direct) {
        /** A peer at the other end of the tunnel. */
        public Peer(String node, IpPrefix slice, IpAddress remote, MacAddress mac) {
            this(node, slice, remote, mac, false);
        }

        /** The address of its VXLAN device, the gateway to its slice. */
        public IpAddress gateway() {
            return slice.address();
        }
    }

    /**
     * Derives the overlay of a node.
     *
     * @throws OverlayException if this node is not one of the cluster's, or has no underlay for one of its slices
     */
    public static DesiredOverlay of(Cluster cluster, NodeFacts facts) throws OverlayException {
        Cluster.Node self = facts.self(cluster);
        if (self == null) {
            throw new OverlayException(unknown(cluster, facts));
        }
        List<Device> devices = new ArrayList<>();
        List<IpAddress> addresses = new ArrayList<>();
        List<Setting> settings = new ArrayList<>();
        for (boolean ipv6 : new boolean[] {false, true}) {
            IpPrefix slice = self.slice(ipv6);
            IpPrefix network = cluster.network(ipv6);
            if (slice != null && network != null) {
                Underlay underlay = Underlay.choose(cluster, self, facts, ipv6);
                addresses.add(underlay.address());
                devices.add(device(cluster, self, facts, underlay, slice, network));
                settings.add(new Setting(ipv6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward", "1"));
            }
        }
        return new DesiredOverlay(self.withAddresses(addresses), cluster.networks(), devices, settings);
    }

    private static String unknown(Cluster cluster, NodeFacts facts) {
        String some = ClusterRules.someNames(cluster);
        return cluster.node() == null
                ? "this host's name " + ClusterFileException.quoted(facts.hostName())
                        + " is not in the cluster file's nodes: add it there, or set the key \"node\" to one of " + some
                : "this node, " + ClusterFileException.quoted(cluster.node())
                        + ", is not among the nodes that can be served: " + (some.isEmpty() ? "there are none" : some);
    }

    private static Device device(
            Cluster cluster, Cluster.Node self, NodeFacts facts, Underlay underlay, IpPrefix slice, IpPrefix network) {
        boolean ipv6 = slice.address().ipv6();
        int link = underlay.link().index();
        @Nullable DirectRoutes table = cluster.directRouting() ? new DirectRoutes(facts.routes(), network) : null;
        List<Peer> peers = new ArrayList<>(cluster.nodes().size());
        for (Cluster.Node node : cluster.nodes()) {
            IpPrefix peerSlice = node.slice(ipv6);
            IpAddress remote = node.address(ipv6);
            if (!node.name().equals(self.name()) && peerSlice != null && remote != null) {
                boolean direct = table != null && table.isDirect(remote, link);
                peers.add(new Peer(node.name(), peerSlice, remote, node.vtepMac(ipv6), direct));
            }
        }
        @Nullable String driver = facts.drivers().get(underlay.link().name());
        return new Device(
                deviceName(cluster, ipv6),
                self.vtepMac(ipv6),
                underlay.mtu() - (ipv6 ? OVERHEAD_IPV6 : OVERHEAD_IPV4),
                Vxlan.builder(cluster.vni())
                        .linkIndex(link)
                        .local(underlay.local())
                        .port(cluster.port())
                        .learning(cluster.learning())
                        .gbp(cluster.gbp())
                        .build(),
                underlay.link().name(),
                slice,
                network,
                ChecksumOffload.isBroken(facts.kernelRelease(), driver),
                peers);
    }

    /** The MTU for pods: the smallest of the devices', in bytes. */
    public int mtu() {
        int mtu = Integer.MAX_VALUE;
        for (Device device : devices) {
            mtu = Math.min(mtu, device.mtu);
        }
        return mtu;
    }

    /** Whether a device for that family belongs to it. */
    boolean hasDevice(boolean ipv6) {
        for (Device device : devices) {
            if (device.ipv6() == ipv6) {
                return true;
            }
        }
        return false;
    }

    /** Whether a device of that name belongs to it. */
    boolean hasDevice(String name) {
        for (Device device : devices) {
            if (device.name.equals(name)) {
                return true;
            }
        }
        return false;
    }

    /** The name of a cluster's device for a family. */
    static String deviceName(Cluster cluster, boolean ipv6) {
        return (ipv6 ? "flannel-v6." : "flannel.") + cluster.vni();
    }
}
