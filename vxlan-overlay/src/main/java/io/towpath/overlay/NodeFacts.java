package io.towpath.overlay;

import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.DefaultRoute;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a node decides how its overlay must be.
 *
 * @param hostName the host's name
 * @param kernelRelease the kernel's release
 * @param links all links
 * @param addresses all addresses
 * @param routes all routes, or only those that {@link DirectRoutes} are
 * @param allRoutes which of the two
 * @param defaultRoutes the best of each family first; none where nothing is chosen by them
 * @param drivers of physical links by name
 */
public record NodeFacts(
        String hostName,
        String kernelRelease,
        List<Link> links,
        List<Address> addresses,
        List<Route> routes,
        boolean allRoutes,
        List<DefaultRoute> defaultRoutes,
        Map<String, String> drivers) {

    public NodeFacts {
        links = List.copyOf(links);
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
        defaultRoutes = List.copyOf(defaultRoutes);
        drivers = Map.copyOf(drivers);
    }

    static NodeFacts read(Rtnl rtnl, Host host, Cluster cluster) throws LinuxException {
        List<Link> links = rtnl.links();
        Map<String, String> drivers = new HashMap<>();
        for (Link link : links) {
            boolean physical = link.kind().name().isEmpty() && (link.flags() & Link.IFF_LOOPBACK) == 0;
            String driver = physical ? host.driver(link.name()) : null;
            if (driver != null) {
                drivers.put(link.name(), driver);
            }
        }
        NodeFacts facts = new NodeFacts(
                host.name(), host.kernelRelease(), links, rtnl.addresses(), List.of(), false, List.of(), drivers);
        boolean all = cluster.directRouting();
        return facts.withRoutes(
                all ? rtnl.routes() : rtnl.routesOf(DirectRoutes.PROTOCOL),
                all,
                facts.needsDefaultRoutes(cluster) ? rtnl.defaultRoutes() : List.of());
    }

    /** The addresses of global scope, those of the overlay's own devices left out. */
    static NodeAddresses addresses(Rtnl rtnl) throws LinuxException {
        Set<Integer> loopback = new HashSet<>();
        Set<Integer> overlay = new HashSet<>();
        for (Link link : rtnl.links()) {
            if ((link.flags() & Link.IFF_LOOPBACK) != 0) {
                loopback.add(link.index());
            } else if (ObservedOverlay.isNamed(link)) {
                overlay.add(link.index());
            }
        }
        Set<IpAddress> ofInterfaces = new HashSet<>();
        Set<IpAddress> ofLoopback = new HashSet<>();
        for (Address each : rtnl.addresses()) {
            if (each.scope() == Route.RT_SCOPE_UNIVERSE && !overlay.contains(each.linkIndex())) {
                (loopback.contains(each.linkIndex()) ? ofLoopback : ofInterfaces)
                        .add(each.prefix().address());
            }
        }
        return new NodeAddresses(ofInterfaces, ofLoopback);
    }

    // Thousands of routes are not listed for nothing.
    private boolean needsDefaultRoutes(Cluster cluster) {
        Cluster.Node self = self(cluster);
        boolean needed = false;
        for (IpPrefix slice : self == null ? List.<IpPrefix>of() : self.slices()) {
            needed |= self != null
                    && Underlay.needsDefaultRoute(
                            cluster, self, this, slice.address().ipv6());
        }
        return needed;
    }

    private NodeFacts withRoutes(List<Route> some, boolean all, List<DefaultRoute> defaults) {
        return new NodeFacts(hostName, kernelRelease, links, addresses, some, all, defaults, drivers);
    }

    /** Which of the cluster's nodes this is, null if none. A host's name may have upper case where Kubernetes has lower. */
    Cluster.@Nullable Node self(Cluster cluster) {
        String name = cluster.node();
        if (name != null) {
            return cluster.node(name);
        }
        Cluster.Node exact = cluster.node(hostName);
        return exact != null ? exact : cluster.node(lowerCase(hostName));
    }

    private static String lowerCase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            lower.append(c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c);
        }
        return lower.toString();
    }

    @Nullable
    Link link(String name) {
        for (Link link : links) {
            if (link.name().equals(name)) {
                return link;
            }
        }
        return null;
    }

    @Nullable
    Link link(int index) {
        for (Link link : links) {
            if (link.index() == index) {
                return link;
            }
        }
        return null;
    }

    /** Whether any link has the address. */
    boolean has(IpAddress address) {
        for (Address each : addresses) {
            if (each.prefix().address().equals(address)) {
                return true;
            }
        }
        return false;
    }

    /** The link with the address, null if there is none but loopback, which no packet leaves by. */
    @Nullable
    Link carrier(IpAddress address) {
        for (Address each : addresses) {
            Link link = each.prefix().address().equals(address) ? link(each.linkIndex()) : null;
            if (link != null && (link.flags() & Link.IFF_LOOPBACK) == 0) {
                return link;
            }
        }
        return null;
    }

    /** The link with an address of a family that other hosts can reach, null if it is none that can be an underlay. */
    @Nullable
    Link underlayable(Address address, boolean ipv6) {
        boolean fits = address.prefix().address().ipv6() == ipv6 && address.scope() == Route.RT_SCOPE_UNIVERSE;
        Link link = fits ? link(address.linkIndex()) : null;
        return link == null || (link.flags() & Link.IFF_LOOPBACK) != 0 || ObservedOverlay.isNamed(link) ? null : link;
    }

    /**
     * The link of the best default route of a family: of several next hops, the first with an address that may be guessed. Null if
     * there is no such route.
     */
    @Nullable
    Link defaultRouteLink(boolean ipv6) {
        for (DefaultRoute route : defaultRoutes) {
            if (route.ipv6() != ipv6) {
                continue;
            }
            for (int index : route.links()) {
                Link link = link(index);
                if (link != null && guess(link, ipv6) != null) {
                    return link;
                }
            }
            return link(route.links().getFirst());
        }
        return null;
    }

    /** What a cluster's device for a family is made with, null if there is no such device. */
    @Nullable
    Vxlan tunnel(Cluster cluster, boolean ipv6) {
        Link device = link(DesiredOverlay.deviceName(cluster, ipv6));
        return device == null ? null : device.vxlan();
    }

    /**
     * The address of a link that is most likely the node's own: of those that other hosts can reach and that stay, the first with a
     * subnet, else the first. Null if there is none.
     */
    @Nullable
    Address guess(Link link, boolean ipv6) {
        Address best = null;
        for (Address each : addresses) {
            if (isReachable(each, link, ipv6)) {
                best = better(best, each);
            }
        }
        return best;
    }

    /** The better guess of two addresses: the first, if it is as good. Null if neither is one. */
    static @Nullable Address better(@Nullable Address first, Address other) {
        boolean fits = !isPassing(other);
        return !fits || (first != null && (!isAlone(first) || isAlone(other))) ? first : other;
    }

    /** Whether it has no subnet, as virtual addresses have that move from host to host. */
    static boolean isAlone(Address address) {
        return address.prefix().length() == address.prefix().address().bits();
    }

    /** Whether it is not in use yet, will be no more, or is one of many. */
    private static boolean isPassing(Address address) {
        int passing = Address.IFA_F_DEPRECATED | Address.IFA_F_TENTATIVE | Address.IFA_F_DADFAILED;
        boolean ipv6 = address.prefix().address().ipv6();
        return (address.flags() & (ipv6 ? passing | Address.IFA_F_TEMPORARY : passing)) != 0;
    }

    private static boolean isReachable(Address address, Link link, boolean ipv6) {
        return address.linkIndex() == link.index()
                && address.prefix().address().ipv6() == ipv6
                && address.scope() == Route.RT_SCOPE_UNIVERSE;
    }

    /** The addresses of a link that are no guess, for a message; empty if there are none. */
    String unfit(Link link, boolean ipv6) {
        StringBuilder text = new StringBuilder();
        for (Address each : addresses) {
            if (isReachable(each, link, ipv6) && isPassing(each)) {
                text.append(text.isEmpty() ? "" : ", ").append(each.prefix().address());
            }
        }
        return text.isEmpty() ? "" : text + " (deprecated, temporary or tentative)";
    }
}
