package io.towpath.agent.reconcile;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.overlay.OverlayException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which interface tunnel packets leave by, and which address the other nodes reach this one by, as an operator chooses them with
 * flanneld: the first interface named, else the first that an expression matches, else the first with an address in a
 * prefix, else that of the default route.
 *
 * @param names interfaces, by name or by an address of theirs
 * @param expressions regular expressions for a name or an address, each found anywhere in it
 * @param prefixes for an address
 * @param publicAddresses addresses that the others reach this node by though no interface has them, at most one of each family
 */
public record UnderlayChoice(
        List<String> names, List<Pattern> expressions, List<IpPrefix> prefixes, List<IpAddress> publicAddresses) {
    /** No wish at all. */
    public static final UnderlayChoice DEFAULT = new UnderlayChoice(List.of(), List.of(), List.of(), List.of());

    public UnderlayChoice {
        names = List.copyOf(names);
        expressions = List.copyOf(expressions);
        prefixes = List.copyOf(prefixes);
        publicAddresses = List.copyOf(publicAddresses);
    }

    /**
     * What was chosen.
     *
     * @param link the interface's name
     * @param addresses what the others reach this node by: at most one of each family
     */
    public record Chosen(String link, List<IpAddress> addresses) {
        public Chosen {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * Chooses.
     *
     * @param families for which an address is needed: whether IPv6
     * @throws OverlayException if no interface fits, or it has no address of a family
     */
    Chosen choose(List<Link> links, List<Address> addresses, List<Route> routes, List<Boolean> families)
            throws OverlayException {
        Link link = link(links, addresses, routes, families);
        List<IpAddress> own = new ArrayList<>(2);
        for (boolean ipv6 : families) {
            IpAddress address = publicAddress(ipv6);
            if (address == null) {
                address = addressOf(link, addresses, ipv6);
            }
            if (address == null) {
                throw new OverlayException("interface " + link.name() + " has no " + (ipv6 ? "IPv6" : "IPv4")
                        + " address for other nodes to reach this one by: give it one, or name another with --iface");
            }
            own.add(address);
        }
        return new Chosen(link.name(), own);
    }

    private Link link(List<Link> links, List<Address> addresses, List<Route> routes, List<Boolean> families)
            throws OverlayException {
        for (String name : names) {
            for (Link link : links) {
                if (link.name().equals(name) || hasAddress(link, addresses, name)) {
                    return link;
                }
            }
        }
        for (Pattern expression : expressions) {
            for (Link link : links) {
                if (matches(expression, link, addresses)) {
                    return link;
                }
            }
        }
        for (IpPrefix prefix : prefixes) {
            for (Address address : addresses) {
                Link link = byIndex(links, address.linkIndex());
                if (link != null && prefix.contains(address.prefix().address())) {
                    return link;
                }
            }
        }
        if (!names.isEmpty() || !expressions.isEmpty() || !prefixes.isEmpty()) {
            throw new OverlayException("no interface is one of " + wishes()
                    + ": correct --iface, --iface-regex or --iface-cidr, or leave them out for the default route's");
        }
        return defaultRouteLink(links, routes, families);
    }

    private String wishes() {
        List<String> wishes = new ArrayList<>(names);
        expressions.forEach(expression -> wishes.add("/" + expression + "/"));
        prefixes.forEach(prefix -> wishes.add(prefix.toString()));
        return String.join(", ", wishes);
    }

    private static boolean hasAddress(Link link, List<Address> addresses, String text) {
        IpAddress wanted = IpAddress.tryParse(text);
        return wanted != null
                && addresses.stream()
                        .anyMatch(address -> address.linkIndex() == link.index()
                                && address.prefix().address().equals(wanted));
    }

    private static boolean matches(Pattern expression, Link link, List<Address> addresses) {
        return expression.matcher(link.name()).find()
                || addresses.stream()
                        .anyMatch(address -> address.linkIndex() == link.index()
                                && expression
                                        .matcher(address.prefix().address().toString())
                                        .find());
    }

    private static Link defaultRouteLink(List<Link> links, List<Route> routes, List<Boolean> families)
            throws OverlayException {
        boolean ipv6Only = !families.contains(false);
        Link link = routes.stream()
                .filter(route -> route.destination().length() == 0
                        && route.ipv6() == ipv6Only
                        && route.table() == Route.RT_TABLE_MAIN
                        && route.type() == Route.RTN_UNICAST
                        && route.linkIndex() != 0)
                .min(Comparator.comparingLong(route -> Integer.toUnsignedLong(route.priority())))
                .map(route -> byIndex(links, route.linkIndex()))
                .orElse(null);
        if (link == null) {
            throw new OverlayException("this node has no " + (ipv6Only ? "IPv6" : "IPv4")
                    + " default route to take the interface from: name one with --iface");
        }
        return link;
    }

    private static @Nullable Link byIndex(List<Link> links, int index) {
        for (Link link : links) {
            if (link.index() == index) {
                return link;
            }
        }
        return null;
    }

    private @Nullable IpAddress publicAddress(boolean ipv6) {
        for (IpAddress address : publicAddresses) {
            if (address.ipv6() == ipv6) {
                return address;
            }
        }
        return null;
    }

    private static @Nullable IpAddress addressOf(Link link, List<Address> addresses, boolean ipv6) {
        for (Address address : addresses) {
            IpAddress found = address.prefix().address();
            if (address.linkIndex() == link.index()
                    && found.ipv6() == ipv6
                    && address.scope() == Route.RT_SCOPE_UNIVERSE) {
                return found;
            }
        }
        return null;
    }
}
