package io.towpath.overlay;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.IpRule;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is not the overlay's to change and keeps packets from it though all of it stands: routes that the kernel takes before its own,
 * rules of policy routing that lead past the main table, an underlay that forwards nothing.
 */
final class Obstacles {
    private static final int LINES = 20;

    private final Device device;
    private final int link;
    private final Map<Integer, String> names;
    private final List<Route> routes;
    private final List<String> lines;

    private Obstacles(Device device, int link, Map<Integer, String> names, List<Route> routes, List<String> lines) {
        this.device = device;
        this.link = link;
        this.names = names;
        this.routes = routes;
        this.lines = lines;
    }

    /**
     * Finds them.
     *
     * @param links all links
     * @param routes all routes of all tables, those of a destination in the kernel's order
     * @param rules the rules of the families that the overlay has devices for, in the kernel's order
     * @return one line each, at most some 20
     */
    static List<String> of(DesiredOverlay desired, List<Link> links, List<Route> routes, List<IpRule> rules) {
        Map<String, Link> byName = new HashMap<>();
        Map<Integer, String> names = new HashMap<>();
        for (Link link : links) {
            byName.put(link.name(), link);
            names.put(link.index(), link.name());
        }
        List<String> lines = new ArrayList<>();
        for (Device device : desired.devices()) {
            Link link = byName.get(device.name());
            if (link == null) {
                continue;
            }
            List<Route> ofFamily = routes.stream()
                    .filter(route -> route.ipv6() == device.ipv6())
                    .toList();
            Obstacles obstacles = new Obstacles(device, link.index(), names, ofFamily, lines);
            obstacles.underlay(byName.get(device.underlay()));
            obstacles.routes();
            obstacles.rules(
                    rules.stream().filter(rule -> rule.ipv6() == device.ipv6()).toList());
        }
        if (lines.size() <= LINES) {
            return lines;
        }
        List<String> some = new ArrayList<>(lines.subList(0, LINES));
        some.add("and " + (lines.size() - LINES) + " more");
        return some;
    }

    private void underlay(@Nullable Link underlay) {
        if (!device.ipv6() && underlay != null && underlay.ipv4(Ipv4Devconf.FORWARDING) == 0) {
            lines.add("net.ipv4.conf." + underlay.name().replace('.', '/') + ".forwarding is 0: what comes in by "
                    + underlay.name() + " is not forwarded to pods");
        }
    }

    /** Those of the main table to a peer's slice that come before ours, or to a part of it. */
    private void routes() {
        Map<IpPrefix, Peer> peers = new HashMap<>();
        Set<Integer> lengths = new TreeSet<>();
        for (Peer peer : device.peers()) {
            peers.put(peer.slice(), peer);
            lengths.add(peer.slice().length());
        }
        Map<IpPrefix, Route> before = new HashMap<>();
        for (Route route : routes) {
            if (route.table() != Route.RT_TABLE_MAIN) {
                continue;
            }
            IpPrefix destination = route.destination();
            for (int length : lengths) {
                Peer peer = length > destination.length()
                        ? null
                        : peers.get(new IpPrefix(destination.address().masked(length), length));
                if (peer == null) {
                    continue;
                }
                boolean whole = destination.equals(peer.slice());
                if (isRight(route, peer)) {
                    Route first = whole ? before.remove(destination) : null;
                    if (first != null) {
                        lines.add("slice " + peer.slice() + " of node " + peer.node() + ": the kernel takes the route "
                                + describe(first) + " before the overlay's");
                    }
                } else if (whole) {
                    before.putIfAbsent(destination, route);
                } else {
                    lines.add("slice " + peer.slice() + " of node " + peer.node() + ": the route " + describe(route)
                            + " takes a part of it");
                }
            }
        }
    }

    /** Whether a route leads to a peer, by the tunnel or directly. */
    private boolean isRight(Route route, Peer peer) {
        return route.type() == Route.RTN_UNICAST
                && (peer.direct() ? peer.remote().equals(route.gateway()) : route.linkIndex() == link);
    }

    private void rules(List<IpRule> rules) {
        // A kernel without policy routing tells none, and has the main table alone.
        if (rules.isEmpty()) {
            return;
        }
        RuleWalk walk = new RuleWalk(device.slice(), device.name(), rules, routes);
        Map<String, List<Peer>> found = new LinkedHashMap<>();
        for (Peer peer : device.peers()) {
            for (RuleWalk.Turn turn : walk.turnsOf(peer.slice(), route -> isRight(route, peer))) {
                Route route = turn.route();
                String text = turn.rule() == null
                        ? "no ip rule leads to the main table"
                        : "ip rule " + turn.rule() + " leads past the main table"
                                + (route == null ? "" : ", by " + describe(route));
                found.computeIfAbsent(text, _ -> new ArrayList<>()).add(peer);
            }
        }
        found.forEach((text, peers) ->
                lines.add(text + ", for slice " + peers.getFirst().slice() + " of node "
                        + peers.getFirst().node()
                        + (peers.size() == 1 ? "" : " and " + (peers.size() - 1) + " more")));
    }

    private String describe(Route route) {
        String type = switch (route.type()) {
            case Route.RTN_UNICAST -> "";
            case Route.RTN_BLACKHOLE -> "blackhole ";
            case Route.RTN_UNREACHABLE -> "unreachable ";
            case Route.RTN_PROHIBIT -> "prohibit ";
            case Route.RTN_THROW -> "throw ";
            default -> "type " + route.type() + " ";
        };
        return type
                + route.destination()
                + (route.gateway() == null ? "" : " via " + route.gateway())
                + (route.linkIndex() == 0 ? "" : " dev " + names.getOrDefault(route.linkIndex(), "?"))
                + (route.priority() == 0 ? "" : " metric " + Integer.toUnsignedString(route.priority()));
    }
}
