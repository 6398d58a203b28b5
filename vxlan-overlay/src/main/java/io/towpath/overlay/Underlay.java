package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Link;
import org.jspecify.annotations.Nullable;

/**
 * What tunnel packets of one family travel on.
 *
 * @param link the device they leave by
 * @param local their source address
 * @param mtu the most bytes of one, encapsulation included
 */
record Underlay(Link link, IpAddress local, int mtu) {
    /**
     * Chooses the device: the one the cluster file names, else the one with the node's address, else the default route's.
     * The source is the node's address where the host has it, else (an address that is translated on the way) the
     * device's own.
     *
     * @throws OverlayException if there is no such device or address, or its MTU does not fit
     */
    static Underlay choose(Cluster cluster, Cluster.Node self, NodeFacts facts, IpAddress address)
            throws OverlayException {
        boolean ipv6 = address.ipv6();
        Link link = device(cluster, self, facts, address);
        IpAddress local = facts.has(address) ? address : facts.globalAddress(link, ipv6);
        if (local == null) {
            throw new OverlayException("interface " + link.name() + " has no " + family(ipv6)
                    + " address, and no other has " + address + " of node " + self.name()
                    + ": correct the node's address or the key \"interface\" in the cluster file");
        }
        int mtu = cluster.mtu() == 0 ? link.mtu() : cluster.mtu();
        int minimum = ipv6 ? ClusterRules.MIN_UNDERLAY_MTU_WITH_IPV6 : ClusterRules.MIN_UNDERLAY_MTU;
        if (mtu > link.mtu()) {
            throw new OverlayException("mtu " + mtu + " of the cluster file is more than the " + link.mtu()
                    + " of interface " + link.name() + ": lower the one or raise the other");
        }
        if (mtu < minimum) {
            throw new OverlayException("interface " + link.name() + " has MTU " + mtu + ", but " + family(ipv6)
                    + " in the tunnel needs at least " + minimum + ": raise it");
        }
        return new Underlay(link, local, mtu);
    }

    private static Link device(Cluster cluster, Cluster.Node self, NodeFacts facts, IpAddress address)
            throws OverlayException {
        String name = cluster.underlayInterface();
        if (name != null) {
            Link named = facts.link(name);
            if (named == null) {
                throw new OverlayException("there is no interface " + name
                        + ": correct the key \"interface\" in the cluster file, or leave it out");
            }
            return named;
        }
        @Nullable Link carrier = facts.carrier(address);
        @Nullable Link link = carrier != null ? carrier : facts.defaultRouteLink(address.ipv6());
        if (link == null) {
            throw new OverlayException("no interface has the address " + address + " of node " + self.name()
                    + ", and there is no " + family(address.ipv6())
                    + " default route: correct the node's address, or name an \"interface\" in the cluster file");
        }
        return link;
    }

    private static String family(boolean ipv6) {
        return ipv6 ? "IPv6" : "IPv4";
    }
}
