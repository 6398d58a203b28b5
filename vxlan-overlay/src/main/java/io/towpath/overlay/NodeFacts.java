package io.towpath.overlay;

import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
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
 * @param drivers of physical links by name
 */
public record NodeFacts(
        String hostName,
        String kernelRelease,
        List<Link> links,
        List<Address> addresses,
        List<Route> routes,
        boolean allRoutes,
        Map<String, String> drivers) {

    public NodeFacts {
        links = List.copyOf(links);
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
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
        NodeFacts facts =
                new NodeFacts(host.name(), host.kernelRelease(), links, rtnl.addresses(), List.of(), false, drivers);
        boolean all = cluster.directRouting() || facts.needsDefaultRoutes(cluster);
        return facts.withRoutes(all ? rtnl.routes() : rtnl.routesOf(DirectRoutes.PROTOCOL), all);
    }

    /** The addresses by which other hosts could reach this one. */
    static Set<IpAddress> addresses(Rtnl rtnl) throws LinuxException {
        Set<Integer> leftOut = new HashSet<>();
        for (Link link : rtnl.links()) {
            if ((link.flags() & Link.IFF_LOOPBACK) != 0 || ObservedOverlay.isNamed(link)) {
                leftOut.add(link.index());
            }
        }
        Set<IpAddress> addresses = new HashSet<>();
        for (Address each : rtnl.addresses()) {
            if (each.scope() == Route.RT_SCOPE_UNIVERSE && !leftOut.contains(each.linkIndex())) {
                addresses.add(each.prefix().address());
            }
        }
        return addresses;
    }

    // Thousands of routes are not listed for nothing.
    private boolean needsDefaultRoutes(Cluster cluster) {
        Cluster.Node self = self(cluster);
        boolean needed = false;
        for (IpPrefix slice : self == null ? List.<IpPrefix>of() : self.slices()) {
            boolean ipv6 = slice.address().ipv6();
            IpAddress address = self == null ? null : self.address(ipv6);
            needed |= !cluster.underlay().isOf(ipv6) && (address == null || carrier(address) == null);
        }
        return needed;
    }

    private NodeFacts withRoutes(List<Route> some, boolean all) {
        return new NodeFacts(hostName, kernelRelease, links, addresses, some, all, drivers);
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

    /** The link of the preferred default route of a family in the main table, null if there is no such route. */
    @Nullable
    Link defaultRouteLink(boolean ipv6) {
        Route best = null;
        for (Route route : routes) {
            if (route.ipv6() == ipv6
                    && route.destination().length() == 0
                    && route.table() == Route.RT_TABLE_MAIN
                    && route.type() == Route.RTN_UNICAST
                    && route.linkIndex() != 0
                    && (best == null || Integer.compareUnsigned(route.priority(), best.priority()) < 0)) {
                best = route;
            }
        }
        return best == null ? null : link(best.linkIndex());
    }

    /** The first address of a family that a link has and other hosts can reach, null if there is none. */
    @Nullable
    IpAddress globalAddress(Link link, boolean ipv6) {
        for (Address each : addresses) {
            if (each.linkIndex() == link.index()
                    && each.prefix().address().ipv6() == ipv6
                    && each.scope() == Route.RT_SCOPE_UNIVERSE) {
                return each.prefix().address();
            }
        }
        return null;
    }
}
