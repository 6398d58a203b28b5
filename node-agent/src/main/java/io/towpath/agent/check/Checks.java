package io.towpath.agent.check;

import io.towpath.agent.attachments.CniConf;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.overlay.ChecksumOffload;
import io.towpath.overlay.Cluster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The checks, each for a trap that has a name. */
public final class Checks {
    private static final String STRICT = "1";
    private static final int SHOWN = 3;
    static final String POD_LINK = "cali";
    private static final String FLANNELS_BRIDGE = "cni0";

    private final Picture picture;
    private final String conflist;
    private final String confDir;

    Checks(Picture picture, String conflist, String confDir) {
        this.picture = picture;
        this.conflist = conflist;
        this.confDir = confDir;
    }

    /**
     * Looks for all that is known to go wrong.
     *
     * @param netNs the node's network namespace
     * @param cluster the last known cluster, null if none is known
     * @param conflist the name of our network configuration
     * @param confDir the runtime's folder of them
     */
    public static List<Finding> of(NetNs netNs, @Nullable Cluster cluster, String conflist, String confDir)
            throws LinuxException {
        List<Finding> findings =
                new ArrayList<>(new Checks(Picture.of(netNs, cluster, confDir), conflist, confDir).all());
        findings.add(LegacyCheck.of(cluster));
        return findings;
    }

    List<Finding> all() {
        DeviceChecks devices = new DeviceChecks(picture);
        FirewallChecks firewall = new FirewallChecks(picture);
        return List.of(
                devices.overlay(),
                devices.vxlan(),
                devices.mtu(),
                firewall.port(),
                firewall.forward(),
                firewall.toNode(),
                rpFilter(),
                ipForward(),
                conflists(),
                checksumOffload(),
                cidrs(),
                firewall.nftables(),
                firewall.policies(),
                devices.kubeProxy(),
                peers());
    }

    Finding rpFilter() {
        boolean all = STRICT.equals(picture.settings().get(Picture.RP_FILTER_ALL));
        List<Link> links = new ArrayList<>(picture.underlays());
        links.addAll(picture.overlayDevices());
        if (links.isEmpty()) {
            return Finding.ok("rp-filter", "no overlay device and no default route to look at");
        }
        List<String> strict = links.stream()
                // The larger of a device's and "all" holds: 2 is loose.
                .filter(link -> Math.max(link.ipv4(Ipv4Devconf.RP_FILTER), all ? 1 : 0) == 1)
                .map(Link::name)
                .toList();
        return strict.isEmpty()
                ? Finding.ok("rp-filter", "not strict on " + names(links))
                : Finding.warn(
                        "rp-filter",
                        "strict on " + some(strict)
                                + ": packets that come by another way than the answer goes are dropped",
                        "sysctl -w "
                                + strict.stream()
                                        .map(name -> "net.ipv4.conf." + name.replace('.', '/') + ".rp_filter=2")
                                        .reduce((one, other) -> one + " " + other)
                                        .orElse(""));
    }

    Finding ipForward() {
        boolean ipv4 = "1".equals(picture.settings().get(Picture.IPV4_FORWARD));
        boolean ipv6 = !hasIpv6() || "1".equals(picture.settings().get(Picture.IPV6_FORWARD));
        if (!ipv4 || !ipv6) {
            String key = ipv4 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward";
            return Finding.fail(
                    "ip-forward",
                    key + " is off: pods reach nothing outside of this node",
                    "sysctl -w " + key + "=1, and look for who turns it off in /etc/sysctl.d");
        }
        for (Link device : picture.overlayDevices()) {
            if (device.ipv4(Ipv4Devconf.FORWARDING) == 0) {
                return Finding.fail(
                        "ip-forward",
                        "forwarding is off for " + device.name(),
                        "sysctl -w net.ipv4.conf." + device.name().replace('.', '/') + ".forwarding=1");
            }
        }
        return Finding.ok("ip-forward", "on");
    }

    private boolean hasIpv6() {
        Cluster cluster = picture.cluster();
        return cluster != null && cluster.network(true) != null;
    }

    Finding conflists() {
        List<String> names = picture.conflists();
        if (!names.contains(conflist)) {
            return Finding.fail("cni-conflist", "there is no " + conflist + " in " + confDir, ExecutableCheck.MEND);
        }
        String first = names.getFirst();
        try {
            CniConf.read(confDir + "/" + conflist);
        } catch (IOException e) {
            return Finding.fail(
                    "cni-conflist",
                    "no pod can be added or deleted by it: " + e.getMessage(),
                    "remove it, and " + ExecutableCheck.MEND);
        }
        return first.equals(conflist)
                ? Finding.ok("cni-conflist", conflist + " is the first in " + confDir)
                : Finding.fail(
                        "cni-conflist",
                        first + " sorts before " + conflist + " in " + confDir + ": the runtime takes that",
                        mendOf(first));
    }

    /** What to do about another network's conflist that the runtime takes. */
    public static String mendOf(String conflist) {
        return conflist.contains("flannel") || conflist.contains("canal")
                ? "move the node as conf/MIGRATION.md says; to remove " + conflist
                        + " alone leaves rules and pods of that network behind"
                : "remove " + conflist + ", or give it another ending";
    }

    Finding checksumOffload() {
        for (Link device : picture.overlayDevices()) {
            Link underlay = picture.link(Objects.requireNonNull(device.vxlan()).linkIndex());
            String driver = underlay == null ? null : picture.drivers().get(underlay.name());
            if (picture.offloading().contains(device.name())
                    && ChecksumOffload.isBroken(picture.kernelRelease(), driver)) {
                return Finding.fail(
                        "checksum-offload",
                        device.name() + " leaves checksums to devices below, which get them wrong with kernel "
                                + picture.kernelRelease() + (driver == null ? "" : " and driver " + driver),
                        "start the agent, which turns that off, or: ethtool -K " + device.name()
                                + " tx-checksum-ip-generic off");
            }
        }
        return Finding.ok("checksum-offload", "nothing is known to be wrong with kernel " + picture.kernelRelease());
    }

    Finding cidrs() {
        Cluster cluster = picture.cluster();
        if (cluster == null) {
            return Finding.warn("cidrs", "not known, as no cluster is known yet", "start the agent");
        }
        for (IpPrefix network : cluster.networks()) {
            for (Address address : picture.addresses()) {
                Link link = picture.link(address.linkIndex());
                if (network.contains(address.prefix().address()) && isForeign(link)) {
                    return Finding.fail(
                            "cidrs",
                            "the pods' network " + network + " has the address " + address.prefix() + " of "
                                    + name(link),
                            name(link).equals(FLANNELS_BRIDGE)
                                    ? "if that is flannel's bridge, move the node as conf/MIGRATION.md says"
                                    : "choose another pods' network, or another address for " + name(link));
                }
            }
            for (Route route : picture.routes()) {
                Link link = picture.link(route.linkIndex());
                if (route.table() == Route.RT_TABLE_MAIN
                        && route.linkIndex() != 0
                        && network.contains(route.destination())
                        && isForeign(link)
                        && !isOfPeer(cluster, route)) {
                    return Finding.fail(
                            "cidrs",
                            "a route to " + route.destination() + " by " + name(link)
                                    + " is inside of the pods' network " + network,
                            "remove the route, or choose another pods' network");
                }
            }
            for (Cluster.Node node : cluster.nodes()) {
                for (IpAddress address : node.addresses()) {
                    if (network.contains(address)) {
                        return Finding.fail(
                                "cidrs",
                                "the address " + address + " of node " + node.name()
                                        + " is inside of the pods' network " + network,
                                "choose another pods' network");
                    }
                }
            }
        }
        return Finding.ok(
                "cidrs",
                "no address or route of others is inside of "
                        + some(cluster.networks().stream().map(Object::toString).toList()));
    }

    /** A direct route to a peer's slice, without a tunnel. */
    private static boolean isOfPeer(Cluster cluster, Route route) {
        return route.gateway() != null
                && cluster.nodes().stream()
                        .anyMatch(node -> node.slices().contains(route.destination())
                                && node.addresses().contains(route.gateway()));
    }

    private static boolean isForeign(@Nullable Link link) {
        return link != null && !Picture.isOverlay(link) && !link.name().startsWith(POD_LINK);
    }

    Finding peers() {
        Cluster cluster = picture.cluster();
        if (cluster == null) {
            return Finding.warn("peers", "not known, as no cluster is known yet", "start the agent");
        }
        List<String> unreachable = new ArrayList<>();
        int addresses = 0;
        for (Cluster.Node node : cluster.nodes()) {
            for (IpAddress address : node.addresses()) {
                boolean own = picture.addresses().stream()
                        .anyMatch(each -> each.prefix().address().equals(address));
                addresses += own ? 0 : 1;
                if (!own && !isReachable(address)) {
                    unreachable.add(node.name() + " (" + address + ")");
                }
            }
        }
        return unreachable.isEmpty()
                ? Finding.ok(
                        "peers",
                        "a route leads to each of " + addresses + " addresses of other nodes; none was sent to")
                : Finding.fail(
                        "peers",
                        "no route leads to node " + some(unreachable),
                        "give this node a route to them outside of the overlay, or correct their addresses");
    }

    /** By the longest prefix of the main table, and not by the overlay itself. */
    private boolean isReachable(IpAddress address) {
        Route best = mainRoutes().stream()
                .filter(route -> route.destination().address().ipv6() == address.ipv6()
                        && route.destination().contains(address))
                .max(Comparator.comparingInt(
                                (Route route) -> route.destination().length())
                        .thenComparing(Route::priority, (a, b) -> Integer.compareUnsigned(b, a)))
                .orElse(null);
        if (best == null || best.type() != Route.RTN_UNICAST) {
            return false;
        }
        Link link = picture.link(best.linkIndex());
        return link == null || !Picture.isOverlay(link);
    }

    private List<Route> mainRoutes() {
        return picture.routes().stream()
                .filter(route -> route.table() == Route.RT_TABLE_MAIN)
                .toList();
    }

    private static String name(@Nullable Link link) {
        return link == null ? "no interface" : link.name();
    }

    static String names(List<Link> links) {
        return links.isEmpty()
                ? "no interface"
                : some(links.stream().map(Link::name).distinct().toList());
    }

    /** The first of many. */
    static String some(List<String> all) {
        String shown = String.join(", ", all.subList(0, Math.min(SHOWN, all.size())));
        return all.size() <= SHOWN ? shown : shown + " and " + (all.size() - SHOWN) + " more";
    }
}
