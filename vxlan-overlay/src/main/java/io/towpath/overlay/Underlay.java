package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Vxlan;
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
     * Chooses the device as the cluster says, else the one with the node's address, else the one with the address that the tunnel
     * has already, else the default route's. The source is the node's address where the host has it, else (an address that is
     * translated on the way, or none given) the one that the tunnel has, for as long as that is on the host and on a device that
     * may be chosen; else one is {@linkplain NodeFacts#guess guessed}.
     *
     * @throws OverlayException if there is no such device or address, or its MTU does not fit
     */
    static Underlay choose(Cluster cluster, Cluster.Node self, NodeFacts facts, boolean ipv6) throws OverlayException {
        IpAddress given = self.address(ipv6);
        Vxlan tunnel = facts.tunnel(cluster, ipv6);
        Candidate chosen = cluster.underlay().isOf(ipv6)
                ? chosen(cluster.underlay(), facts, given, inUse(facts, tunnel, ipv6), ipv6)
                : automatic(self, facts, given, tunnel, ipv6);
        Link link = chosen.link;
        IpAddress local = given != null && facts.has(given)
                ? given
                : chosen.address != null ? chosen.address : guess(self, facts, link, tunnel, ipv6);
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

    /** Whether the choice of a family's device asks for the default routes. */
    static boolean needsDefaultRoute(Cluster cluster, Cluster.Node self, NodeFacts facts, boolean ipv6) {
        return !cluster.underlay().isOf(ipv6)
                && carrier(facts, self.address(ipv6), facts.tunnel(cluster, ipv6), ipv6) == null;
    }

    /** The address that the tunnel has, if it is on the host still. */
    private static @Nullable IpAddress inUse(NodeFacts facts, @Nullable Vxlan tunnel, boolean ipv6) {
        IpAddress local = tunnel == null ? null : tunnel.local();
        return local != null && local.ipv6() == ipv6 && facts.has(local) ? local : null;
    }

    /** The device with the node's address, else with the address that the tunnel has; null if neither is on the host. */
    private static @Nullable Candidate carrier(
            NodeFacts facts, @Nullable IpAddress given, @Nullable Vxlan tunnel, boolean ipv6) {
        IpAddress used = inUse(facts, tunnel, ipv6);
        IpAddress address = given != null && facts.has(given) ? given : used;
        if (address == null) {
            return null;
        }
        Link link = facts.carrier(address);
        if (link == null && tunnel != null && address.equals(used)) {
            // One of loopback: the tunnel's packets go on leaving as they do, wherever the default route leads by now.
            link = facts.link(tunnel.linkIndex());
        }
        return link == null ? null : new Candidate(link, address);
    }

    private static Candidate automatic(
            Cluster.Node self, NodeFacts facts, @Nullable IpAddress given, @Nullable Vxlan tunnel, boolean ipv6)
            throws OverlayException {
        Candidate carrier = carrier(facts, given, tunnel, ipv6);
        if (carrier != null) {
            return carrier;
        }
        @Nullable Link link = facts.defaultRouteLink(ipv6);
        if (link == null) {
            throw new OverlayException((given == null
                            ? ""
                            : "no interface has the address " + given + " of node " + self.name() + ", and ")
                    + "there is no " + family(ipv6)
                    + " default route: correct the node's address, or choose an interface");
        }
        return new Candidate(link, null);
    }

    private static IpAddress guess(Cluster.Node self, NodeFacts facts, Link link, @Nullable Vxlan tunnel, boolean ipv6)
            throws OverlayException {
        Address guess = facts.guess(link, ipv6);
        if (guess == null) {
            IpAddress given = self.address(ipv6);
            String unfit = facts.unfit(link, ipv6);
            throw new OverlayException("interface " + link.name() + " has no " + family(ipv6) + " address"
                    + (unfit.isEmpty() ? "" : " but " + unfit)
                    + (given == null ? "" : ", and no other has " + given + " of node " + self.name())
                    + ": give it one, or correct the choice of the interface or the node's address");
        }
        IpAddress gone = tunnel == null ? null : tunnel.local();
        if (gone != null && !facts.has(gone) && NodeFacts.isAlone(guess)) {
            // While DHCP renews a lease, a virtual address may be all that there is.
            throw new OverlayException("the tunnel's address " + gone + " is gone, and interface " + link.name()
                    + " has no other but " + guess.prefix() + ", which may be a virtual one: bring back the address, or"
                    + " name the node's address");
        }
        return guess.prefix().address();
    }

    private static Candidate chosen(
            UnderlayChoice choice, NodeFacts facts, @Nullable IpAddress given, @Nullable IpAddress inUse, boolean ipv6)
            throws OverlayException {
        boolean anyAddress = given != null && facts.has(given);
        @Nullable Candidate unfit = null;
        for (String name : choice.interfaces()) {
            IpAddress address = IpAddress.tryParse(name);
            Link link = address == null ? facts.link(name) : facts.carrier(address);
            if (link != null) {
                boolean named = address != null && address.ipv6() == ipv6;
                boolean stays = inUse != null && link.equals(facts.carrier(inUse));
                Candidate candidate = new Candidate(link, named ? address : stays ? inUse : null);
                if (anyAddress || candidate.address != null || facts.guess(link, ipv6) != null) {
                    return candidate;
                }
                unfit = unfit == null ? candidate : unfit;
            }
        }
        for (String regex : choice.regexes()) {
            Pattern pattern = Pattern.compile(regex);
            // As flannel does: first by the addresses of all interfaces, then by the names.
            Candidate byAddress = first(
                    facts,
                    inUse,
                    ipv6,
                    (address, _) -> pattern.matcher(address.toString()).find());
            Candidate found = byAddress != null
                    ? byAddress
                    : first(
                            facts,
                            inUse,
                            ipv6,
                            (_, link) -> pattern.matcher(link.name()).find());
            if (found != null) {
                return found;
            }
        }
        for (IpPrefix cidr : choice.cidrs()) {
            Candidate found = first(facts, inUse, ipv6, (address, _) -> cidr.contains(address));
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

    private interface Wanted {
        boolean is(IpAddress address, Link link);
    }

    /** Of the addresses that are wanted, the one that the tunnel has, else the first that may be guessed; null if there is none. */
    private static @Nullable Candidate first(NodeFacts facts, @Nullable IpAddress inUse, boolean ipv6, Wanted wanted) {
        @Nullable Address best = null;
        for (Address each : facts.addresses()) {
            IpAddress address = each.prefix().address();
            Link link = facts.underlayable(each, ipv6);
            if (link != null && wanted.is(address, link)) {
                if (address.equals(inUse)) {
                    return new Candidate(link, address);
                }
                best = NodeFacts.better(best, each);
            }
        }
        Link link = best == null ? null : facts.underlayable(best, ipv6);
        return best == null || link == null
                ? null
                : new Candidate(link, best.prefix().address());
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
