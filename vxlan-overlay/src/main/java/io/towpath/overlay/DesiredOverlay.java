package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How the overlay of one node must be.
 *
 * @param self the node, with the address of each family by which the others reach it
 * @param networks the pods' networks
 * @param devices one for each family the node has a slice of
 * @param leftOut the families of which the node has a slice and can have no device now; one that is there stays as it is
 * @param settings what must hold below /proc/sys for the node as a whole
 */
public record DesiredOverlay(
        Cluster.Node self,
        List<IpPrefix> networks,
        List<Device> devices,
        List<LeftOut> leftOut,
        List<Setting> settings) {
    static final int OVERHEAD_IPV4 = 50;
    static final int OVERHEAD_IPV6 = 70;
    static final String IPV6_FORWARD = "net/ipv6/conf/all/forwarding";

    private static final int IPV6_MIN_MTU = 1280; // RFC 8200, section 5

    public DesiredOverlay {
        networks = List.copyOf(networks);
        devices = List.copyOf(devices);
        leftOut = List.copyOf(leftOut);
        settings = List.copyOf(settings);
    }

    /**
     * A family without its device.
     *
     * @param family the family
     * @param device the name of the device
     * @param slice this node's part of the pods' network
     * @param reason one line: what keeps it from being made or mended
     */
    public record LeftOut(Family family, String device, IpPrefix slice, String reason) {}

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
            Setting enabled = new Setting("net/ipv6/conf/" + name + "/disable_ipv6", "0");
            return ipv6() ? List.of(enabled, noRouters()) : List.of(noRouters());
        }

        /** By which router advertisements are refused. */
        Setting noRouters() {
            return new Setting("net/ipv6/conf/" + name + "/accept_ra", "0");
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
     * @param sources addresses that its tunnel packets may come from, besides {@code remote}
     */
    public record Peer(
            String node, IpPrefix slice, IpAddress remote, MacAddress mac, boolean direct, List<IpAddress> sources) {
        public Peer {
            sources = List.copyOf(sources);
        }

        /** A peer at the other end of the tunnel. */
        public Peer(String node, IpPrefix slice, IpAddress remote, MacAddress mac) {
            this(node, slice, remote, mac, false, List.of());
        }

        /** The address of its VXLAN device, the gateway to its slice. */
        public IpAddress gateway() {
            return slice.address();
        }
    }

    /**
     * Derives the overlay of a node. A family that has no underlay is left out.
     *
     * @throws OverlayException if this node is not one of the cluster's, or has no underlay for any of its slices
     */
    public static DesiredOverlay of(Cluster cluster, NodeFacts facts) throws OverlayException {
        Cluster.Node self = facts.self(cluster);
        if (self == null) {
            throw new OverlayException(unknown(cluster, facts));
        }
        List<Device> devices = new ArrayList<>();
        List<IpAddress> addresses = new ArrayList<>();
        List<Setting> settings = new ArrayList<>();
        List<LeftOut> leftOut = new ArrayList<>();
        for (boolean ipv6 : new boolean[] {false, true}) {
            IpPrefix slice = self.slice(ipv6);
            IpPrefix network = cluster.network(ipv6);
            if (slice != null && network != null) {
                try {
                    Underlay underlay = Underlay.choose(cluster, self, facts, ipv6);
                    addresses.add(underlay.address());
                    devices.add(device(cluster, self, facts, underlay, slice, network));
                    settings.add(new Setting(ipv6 ? IPV6_FORWARD : "net/ipv4/ip_forward", "1"));
                } catch (OverlayException e) {
                    leftOut.add(new LeftOut(
                            Family.of(ipv6), deviceName(cluster, ipv6), slice, String.valueOf(e.getMessage())));
                }
            }
        }
        if (devices.isEmpty() && !leftOut.isEmpty()) {
            throw new OverlayException(
                    leftOut.stream().map(LeftOut::reason).distinct().collect(Collectors.joining("; and ")));
        }
        return new DesiredOverlay(self.withAddresses(addresses), cluster.networks(), devices, leftOut, settings);
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
                peers.add(new Peer(node.name(), peerSlice, remote, node.vtepMac(ipv6), direct, node.sources(ipv6)));
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

    /** The same with a device moved to what is left out. */
    DesiredOverlay without(Device device, String reason) {
        List<Device> others = new ArrayList<>(devices);
        others.remove(device);
        List<LeftOut> more = new ArrayList<>(leftOut);
        more.add(new LeftOut(Family.of(device.ipv6()), device.name, device.slice, reason));
        return new DesiredOverlay(self, networks, others, more, settings);
    }

    /** The same with devices in the place of what is left out, where there are such. */
    public DesiredOverlay withDevicesOf(List<Device> earlier) {
        List<Device> all = new ArrayList<>(devices);
        for (Device device : earlier) {
            if (leftOut.stream().anyMatch(each -> each.device.equals(device.name))) {
                all.add(device);
            }
        }
        return new DesiredOverlay(self, networks, all, leftOut, settings);
    }

    /**
     * The slices that pods get addresses of, IPv4 first: also of a family that is left out, for that comes back, and pods stay. But a
     * link whose MTU is too small for IPv6 takes no address of it.
     */
    List<IpPrefix> podSlices() {
        List<IpPrefix> slices = new ArrayList<>(2);
        devices.forEach(device -> slices.add(device.slice));
        for (LeftOut each : leftOut) {
            if (!each.family.isIpv6() || mtu() >= IPV6_MIN_MTU) {
                slices.add(each.slice);
            }
        }
        slices.sort(Comparator.comparing(slice -> slice.address().ipv6()));
        return slices;
    }

    /** The MTU for pods: the smallest of the devices', in bytes. */
    public int mtu() {
        int mtu = Integer.MAX_VALUE;
        for (Device device : devices) {
            mtu = Math.min(mtu, device.mtu);
        }
        return mtu;
    }

    /** Whether a device for that family belongs to it, or is left as it is. */
    boolean hasDevice(boolean ipv6) {
        return devices.stream().anyMatch(device -> device.ipv6() == ipv6)
                || leftOut.stream().anyMatch(each -> each.family.isIpv6() == ipv6);
    }

    /** Whether a device of that name belongs to it, or is left as it is. */
    boolean hasDevice(String name) {
        return devices.stream().anyMatch(device -> device.name.equals(name))
                || leftOut.stream().anyMatch(each -> each.device.equals(name));
    }

    /** The name of a cluster's device for a family. */
    static String deviceName(Cluster cluster, boolean ipv6) {
        return (ipv6 ? "flannel-v6." : "flannel.") + cluster.vni();
    }
}
