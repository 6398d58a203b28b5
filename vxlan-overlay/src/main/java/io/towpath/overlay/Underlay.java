package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What tunnel packets of one family travel on.
 *
 * @param link the device they leave by
 * @param local their source address
 * @param address this node's address for the others: the one its source gives, else the local one
 * @param mtu the most bytes of one, encapsulation included
 */
record Underlay(Link link, IpAddress local, IpAddress address, int mtu) {
    private record Candidate(Link link, @Nullable IpAddress address) {}

    /**
     * Chooses the device as the cluster says, else the one with the node's address, else the default route's. The source is the
     * node's address where the host has it, else (an address that is translated on the way, or none given) the one that the
     * device was chosen for or the device's first.
     *
     * @throws OverlayException if there is no such device or address, or its MTU does not fit
     */
    static Underlay choose(Cluster cluster, Cluster.Node self, NodeFacts facts, boolean ipv6) throws OverlayException {
        IpAddress given = self.address(ipv6);
        Candidate chosen = cluster.underlay().isOf(ipv6)
                ? chosen(cluster.underlay(), facts, given, ipv6)
                : automatic(self, facts, given, ipv6);
        Link link = chosen.link;
        IpAddress local = given != null && facts.has(given)
                ? given
                : chosen.address != null ? chosen.address : facts.globalAddress(link, ipv6);
        if (local == null) {
            throw new OverlayException("interface " + link.name() + " has no " + family(ipv6) + " address"
                    + (given == null ? "" : ", and no other has " + given + " of node " + self.name())
                    + ": give it one, or correct the choice of the interface or the node's address");
        }
        int mtu = cluster.mtu() == 0 ? link.mtu() : cluster.mtu();
        int minimum = ipv6 ? ClusterRules.MIN_UNDERLAY_MTU_WITH_IPV6 : ClusterRules.MIN_UNDERLAY_MTU;
        if (mtu > link.mtu()) {
            throw new OverlayException("the cluster's mtu " + mtu + " is more than the " + link.mtu() + " of interface "
                    + link.name() + ": lower the one or raise the other");
        }
        if (mtu < minimum) {
            throw new OverlayException("interface " + link.name() + " has MTU " + mtu + ", but " + family(ipv6)
                    + " in the tunnel needs at least " + minimum + ": raise it");
        }
        return new Underlay(link, local, given == null ? local : given, mtu);
    }

    private static Candidate automatic(Cluster.Node self, NodeFacts facts, @Nullable IpAddress given, boolean ipv6)
            throws OverlayException {
        @Nullable Link carrier = given == null ? null : facts.carrier(given);
        @Nullable Link link = carrier != null ? carrier : facts.defaultRouteLink(ipv6);
        if (link == null) {
            throw new OverlayException((given == null
                            ? ""
                            : "no interface has the address " + given + " of node " + self.name() + ", and ")
                    + "there is no " + family(ipv6)
                    + " default route: correct the node's address, or choose an interface");
        }
        return new Candidate(link, null);
    }

    private static Candidate chosen(UnderlayChoice choice, NodeFacts facts, @Nullable IpAddress given, boolean ipv6)
            throws OverlayException {
        boolean anyAddress = given != null && facts.has(given);
        @Nullable Candidate unfit = null;
        for (String name : choice.interfaces()) {
            IpAddress address = IpAddress.tryParse(name);
            Link link = address == null ? facts.link(name) : facts.carrier(address);
            if (link != null) {
                Candidate candidate = new Candidate(link, address != null && address.ipv6() == ipv6 ? address : null);
                if (anyAddress || candidate.address != null || facts.globalAddress(link, ipv6) != null) {
                    return candidate;
                }
                unfit = unfit == null ? candidate : unfit;
            }
        }
        for (String regex : choice.regexes()) {
            Candidate found = matching(Pattern.compile(regex), facts, ipv6);
            if (found != null) {
                return found;
            }
        }
        for (IpPrefix cidr : choice.cidrs()) {
            Candidate found = inside(cidr, facts, ipv6);
            if (found != null) {
                return found;
            }
        }
        if (unfit != null) {
            return unfit;
        }
        throw new OverlayException("there is no interface " + wanted(choice) + " with an " + family(ipv6)
                + " address: correct the choice of the underlay's interface, or leave it to the default route");
    }

    /** As flannel does: first by the addresses of all interfaces, then by the names. */
    private static @Nullable Candidate matching(Pattern regex, NodeFacts facts, boolean ipv6) {
        for (Address each : facts.addresses()) {
            IpAddress address = each.prefix().address();
            Link link = facts.underlayable(each, ipv6);
            if (link != null && regex.matcher(address.toString()).find()) {
                return new Candidate(link, address);
            }
        }
        for (Address each : facts.addresses()) {
            Link link = facts.underlayable(each, ipv6);
            if (link != null && regex.matcher(link.name()).find()) {
                return new Candidate(link, each.prefix().address());
            }
        }
        return null;
    }

    private static @Nullable Candidate inside(IpPrefix cidr, NodeFacts facts, boolean ipv6) {
        for (Address each : facts.addresses()) {
            Link link = facts.underlayable(each, ipv6);
            if (link != null && cidr.contains(each.prefix().address())) {
                return new Candidate(link, each.prefix().address());
            }
        }
        return null;
    }

    private static String wanted(UnderlayChoice choice) {
        StringBuilder text = new StringBuilder(String.join(" or ", choice.interfaces()));
        for (String regex : choice.regexes()) {
            text.append(text.isEmpty() ? "" : " or ").append("matching ").append(ClusterFileException.quoted(regex));
        }
        for (IpPrefix cidr : choice.cidrs()) {
            text.append(text.isEmpty() ? "" : " or ").append("in ").append(cidr);
        }
        return text.toString();
    }

    private static String family(boolean ipv6) {
        return ipv6 ? "IPv6" : "IPv4";
    }
}
