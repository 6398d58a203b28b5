package io.towpath.cni.wiring;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compares a pod's link, on both ends, with what ADD made of it. */
public final class Inspection {
    private final List<String> mismatches = new ArrayList<>();

    /**
     * One end of a link as a result tells of it.
     *
     * @param name the interface's name
     * @param mac the hardware address as text; empty to let any pass
     * @param mtu bytes; 0 to let any pass
     */
    public record End(String name, String mac, int mtu) {}

    /** What is wrong, one short sentence each, worst first; empty if nothing is. */
    public List<String> mismatches() {
        return mismatches;
    }

    /**
     * Looks at both ends.
     *
     * @param addresses the pod's addresses
     * @param routes the pod's routes beside the one to its gateway
     */
    public void compare(
            Rtnl host,
            Namespaces.Pod pod,
            OwnerMark mark,
            End outer,
            End inner,
            List<IpPrefix> addresses,
            List<PodRoute> routes)
            throws NetlinkException {
        Link outside = find(host, outer, "on the node");
        Link inside = find(pod.rtnl(), inner, "in the container");
        if (outside != null) {
            compareHost(host, outside, mark, addresses);
        }
        if (inside != null) {
            comparePod(pod.rtnl(), inside, addresses, routes);
        }
        if (outside != null && inside != null && !Links.arePair(outside, pod, inside)) {
            report("links " + outside.name() + " and " + inside.name() + " are not the two ends of one pair");
        }
    }

    private @Nullable Link find(Rtnl rtnl, End end, String where) throws NetlinkException {
        Link link = rtnl.link(end.name());
        if (link == null) {
            report("interface " + end.name() + " is missing " + where);
            return null;
        }
        String which = "interface " + end.name() + " " + where;
        if (!Links.isVeth(link)) {
            report(which + " is of type " + link.kind().name() + ", not veth");
        }
        if (!link.isUp()) {
            report(which + " is down");
        }
        String mac = String.valueOf(link.mac());
        if (!end.mac().isEmpty() && !end.mac().equalsIgnoreCase(mac)) {
            report(which + " has MAC " + mac + ", not " + end.mac());
        }
        if (end.mtu() != 0 && end.mtu() != link.mtu()) {
            report(which + " has MTU " + link.mtu() + ", not " + end.mtu());
        }
        return link;
    }

    private void compareHost(Rtnl host, Link link, OwnerMark mark, List<IpPrefix> addresses) throws NetlinkException {
        String which = "interface " + link.name() + " on the node";
        if (link.alias() != null && !Links.isMarked(link, mark)) {
            report(which + " belongs to another attachment: " + link.alias());
        }
        compareSetting(link, Ipv4Devconf.PROXY_ARP);
        compareSetting(link, Ipv4Devconf.FORWARDING);
        if (link.alias() != null && OwnerMark.hasPorts(link.alias())) {
            compareSetting(link, Ipv4Devconf.ROUTE_LOCALNET);
        }
        List<Route> routes = host.routes(link.index());
        boolean ipv6 = false;
        for (IpPrefix address : addresses) {
            ipv6 |= address.address().ipv6();
            Route wanted = EndpointPlan.hostRoute(address.address(), link.index());
            if (!contains(routes, wanted)) {
                report("route " + wanted.destination() + " to " + link.name() + " is missing on the node");
            }
        }
        if (ipv6) {
            compareAddress(host.addresses(link.index()), EndpointPlan.linkLocal(link.index()), which);
        }
    }

    private void compareSetting(Link link, Ipv4Devconf setting) {
        int value = link.ipv4(setting);
        if (value != 1) {
            report("setting " + setting + " of interface " + link.name() + " on the node is " + value + ", not 1");
        }
    }

    private void comparePod(Rtnl pod, Link link, List<IpPrefix> wanted, List<PodRoute> wantedRoutes)
            throws NetlinkException {
        List<Address> addresses = pod.addresses(link.index());
        List<Neighbour> neighbours = pod.neighbours(link.index());
        // A plugin that came later in the list may have moved a route elsewhere: any interface will do.
        List<Route> routes = pod.routes();
        boolean[] done = new boolean[2];
        for (IpPrefix prefix : wanted) {
            IpAddress address = prefix.address();
            compareAddress(
                    addresses,
                    EndpointPlan.podAddress(link.index(), address),
                    "interface " + link.name() + " in the container");
            int family = address.ipv6() ? 1 : 0;
            if (!done[family]) {
                done[family] = true;
                compareGateway(routes, neighbours, link, address.ipv6());
            }
        }
        for (PodRoute route : wantedRoutes) {
            if (!containsAnywhere(routes, route)) {
                report("route " + route.destination()
                        + (route.gateway() == null ? "" : " via " + route.gateway())
                        + " is missing in the container");
            }
        }
    }

    private void compareGateway(List<Route> routes, List<Neighbour> neighbours, Link link, boolean ipv6) {
        if (!ipv6 && !contains(routes, EndpointPlan.gatewayRoute(link.index()))) {
            report("route " + Endpoint.GATEWAY_V4 + " to " + link.name() + " is missing in the container");
        }
        Neighbour gateway = EndpointPlan.gatewayNeighbour(link.index(), ipv6);
        for (Neighbour neighbour : neighbours) {
            if (neighbour.address().equals(gateway.address())
                    && Endpoint.HOST_MAC.equals(neighbour.mac())
                    && neighbour.isPermanent()) {
                return;
            }
        }
        report("permanent neighbour " + gateway.address() + " is missing in the container");
    }

    private void compareAddress(List<Address> addresses, Address wanted, String where) {
        for (Address address : addresses) {
            if (address.prefix().equals(wanted.prefix())) {
                return;
            }
        }
        report("address " + wanted.prefix() + " is missing on " + where);
    }

    private static boolean contains(List<Route> routes, Route wanted) {
        for (Route route : routes) {
            if (route.linkIndex() == wanted.linkIndex()
                    && route.table() == wanted.table()
                    && route.gateway() == null
                    && route.destination().equals(wanted.destination())) {
                return true;
            }
        }
        return false;
    }

    private static boolean containsAnywhere(List<Route> routes, PodRoute wanted) {
        for (Route route : routes) {
            boolean samePlace = route.destination().equals(wanted.destination()) && route.table() == wanted.table();
            boolean sameWay = wanted.gateway() == null || wanted.gateway().equals(route.gateway());
            boolean samePriority = wanted.priority() == 0 || wanted.priority() == route.priority();
            if (samePlace && sameWay && samePriority) {
                return true;
            }
        }
        return false;
    }

    private void report(String mismatch) {
        mismatches.add(mismatch);
    }
}
