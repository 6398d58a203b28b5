package io.towpath.agent.check;

import io.towpath.agent.firewall.Firewall;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.DefaultRoute;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Cluster;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the checks look at.
 *
 * @param links all links
 * @param addresses all addresses
 * @param routes all routes
 * @param defaultRoutes those of them by which packets leave
 * @param settings below /proc/sys, by key; those that are not there are missing
 * @param kernelRelease as uname(2) tells
 * @param drivers of physical links, by name
 * @param offloading the overlay devices that leave checksums to devices below
 * @param firewall the nftables of others; nothing if it cannot be asked
 * @param nftablesProblem why nftables cannot be asked, null if it can
 * @param policiesProblem what of the table of policies the kernel refuses, null if nothing is known to be
 * @param cluster the last known cluster, null if none is known
 * @param conflists the network configurations in the runtime's folder, sorted
 */
record Picture(
        List<Link> links,
        List<Address> addresses,
        List<Route> routes,
        List<DefaultRoute> defaultRoutes,
        Map<String, String> settings,
        String kernelRelease,
        Map<String, String> drivers,
        Set<String> offloading,
        Firewall firewall,
        @Nullable String nftablesProblem,
        @Nullable String policiesProblem,
        @Nullable Cluster cluster,
        List<String> conflists) {
    static final String IPV4_FORWARD = "net/ipv4/ip_forward";
    static final String IPV6_FORWARD = "net/ipv6/conf/all/forwarding";
    static final String IPVS_CONNTRACK = "net/ipv4/vs/conntrack";
    static final String RP_FILTER_ALL = "net/ipv4/conf/all/rp_filter";

    /** Why nftables cannot be asked by whoever is not root. */
    static final String DENIED = "only root may ask for nftables";

    /** As the agent has them: with a log of what is denied. */
    private static final PolicyOptions LOGGING = new PolicyOptions(true, 0, 1, 1);

    private static final String RELEASE = "kernel/osrelease";

    Picture {
        links = List.copyOf(links);
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
        defaultRoutes = List.copyOf(defaultRoutes);
        settings = Map.copyOf(settings);
        drivers = Map.copyOf(drivers);
        offloading = Set.copyOf(offloading);
        conflists = List.copyOf(conflists);
    }

    /**
     * Takes the picture of a network namespace.
     *
     * @param netNs the namespace; offloads are those of the calling thread's
     * @param confDir the runtime's folder of network configurations
     */
    static Picture of(NetNs netNs, @Nullable Cluster cluster, String confDir) throws LinuxException {
        List<Link> links;
        List<Address> addresses;
        List<Route> routes;
        List<DefaultRoute> defaultRoutes;
        try (Rtnl rtnl = Rtnl.open(netNs)) {
            links = rtnl.links();
            addresses = rtnl.addresses();
            routes = rtnl.routes();
            defaultRoutes = rtnl.defaultRoutes();
        }
        Map<String, String> settings = new HashMap<>();
        for (String key : List.of(IPV4_FORWARD, IPV6_FORWARD, RP_FILTER_ALL, IPVS_CONNTRACK, RELEASE)) {
            String value = setting(netNs, key);
            if (value != null) {
                settings.put(key, value);
            }
        }
        Map<String, String> drivers = new HashMap<>();
        Set<String> offloading = new HashSet<>();
        for (Link link : links) {
            String driver = driver(link.name());
            if (driver != null) {
                drivers.put(link.name(), driver);
            }
            if (isOverlay(link) && offloads(link.name())) {
                offloading.add(link.name());
            }
        }
        Firewall firewall = Firewall.NONE;
        String problem = null;
        String policiesProblem = null;
        try (Nft nft = Nft.open(netNs)) {
            Map<String, Integer> indexes = new HashMap<>();
            links.forEach(link -> indexes.put(link.name(), link.index()));
            firewall = Firewall.of(nft, indexes);
            NetlinkException refused = PolicyTable.refusal(nft, LOGGING);
            policiesProblem = refused == null ? null : refused.getMessage();
        } catch (NetlinkException e) {
            problem = e.is(Errno.EPERM) ? DENIED : e.getMessage();
        }
        return new Picture(
                links,
                addresses,
                routes,
                defaultRoutes,
                settings,
                settings.getOrDefault(RELEASE, ""),
                drivers,
                offloading,
                firewall,
                problem,
                policiesProblem,
                cluster,
                conflists(confDir));
    }

    private static @Nullable String setting(NetNs netNs, String key) throws NetlinkException {
        try {
            return netNs.readSysctl(key);
        } catch (NetlinkException e) {
            if (e.is(Errno.ENOENT)) {
                return null;
            }
            throw e;
        }
    }

    private static @Nullable String driver(String device) {
        try {
            Path name = Files.readSymbolicLink(Path.of("/sys/class/net", device, "device", "driver"))
                    .getFileName();
            return name == null ? null : name.toString();
        } catch (IOException _) {
            // Virtual devices have none, and /sys may belong to another namespace.
            return null;
        }
    }

    private static boolean offloads(String device) throws LinuxException {
        try {
            return Linux.txChecksumOffload(device);
        } catch (LinuxException e) {
            if (e.is(Errno.ENODEV) || e.is(Errno.EOPNOTSUPP)) {
                return false;
            }
            throw e;
        }
    }

    private static List<String> conflists(String confDir) throws LinuxException {
        List<String> names = new ArrayList<>();
        try {
            names.addAll(Linux.list(confDir));
        } catch (LinuxException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        names.removeIf(name -> !name.endsWith(".conf") && !name.endsWith(".conflist") && !name.endsWith(".json"));
        names.sort(null);
        return names;
    }

    /** Whether it is named and made as the overlay's devices are. */
    static boolean isOverlay(Link link) {
        return link.vxlan() != null
                && (link.name().startsWith("flannel.") || link.name().startsWith("flannel-v6."));
    }

    List<Link> overlayDevices() {
        return links.stream().filter(Picture::isOverlay).toList();
    }

    @Nullable
    Link link(int index) {
        return links.stream().filter(link -> link.index() == index).findFirst().orElse(null);
    }

    /** The names of the interfaces that tunnel packets leave by: the overlay devices', else those of the default routes. */
    List<Link> underlays() {
        Set<Integer> indexes = new HashSet<>();
        overlayDevices()
                .forEach(device ->
                        indexes.add(device.vxlan() == null ? 0 : device.vxlan().linkIndex()));
        if (indexes.isEmpty()) {
            defaultRoutes.forEach(route -> indexes.addAll(route.links()));
        }
        return links.stream().filter(link -> indexes.contains(link.index())).toList();
    }
}
