package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Route;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which peers are in the same subnet, as the main routing table says: those whose address the longest matching route leads to
 * without a gateway. Rules of policy routing are not followed.
 */
final class DirectRoutes {
    /**
     * Who made a route, {@code rtm_protocol}: how routes to slices that use no tunnel are recognised as ours. A number that
     * neither {@code linux/rtnetlink.h} nor {@code rt_protos} of iproute2 gives to anybody.
     */
    static final int PROTOCOL = 116;

    private final Map<IpPrefix, Route> routes = new HashMap<>();
    private final TreeSet<Integer> lengths = new TreeSet<>(Comparator.reverseOrder());

    /**
     * A table of routes of one family.
     *
     * @param all the routes of all tables and families
     * @param network the pods' network: routes into it lead to no node, and there may be thousands
     */
    DirectRoutes(List<Route> all, IpPrefix network) {
        for (Route route : all) {
            if (route.table() == Route.RT_TABLE_MAIN
                    && route.ipv6() == network.address().ipv6()
                    && !network.contains(route.destination())) {
                routes.merge(route.destination(), route, DirectRoutes::preferred);
                lengths.add(route.destination().length());
            }
        }
    }

    private static Route preferred(Route one, Route other) {
        return Integer.compareUnsigned(other.priority(), one.priority()) < 0 ? other : one;
    }

    /** Whether packets to an address leave by a link and need no gateway. */
    boolean isDirect(IpAddress address, int linkIndex) {
        Route route = lookup(address);
        return route != null
                && route.type() == Route.RTN_UNICAST
                && route.gateway() == null
                && route.linkIndex() == linkIndex;
    }

    private @Nullable Route lookup(IpAddress address) {
        for (int length : lengths) {
            Route route = routes.get(new IpPrefix(address.masked(length), length));
            if (route != null) {
                return route;
            }
        }
        return null;
    }

    /** The route to a peer's slice without a tunnel. */
    static Route route(DesiredOverlay.Peer peer, int underlay) {
        return Route.via(peer.slice(), peer.remote(), underlay).withProtocol(PROTOCOL);
    }

    /** Of routes, those of this kind, whoever's link they are by. */
    static List<Route> ours(List<Route> all) {
        List<Route> ours = new ArrayList<>();
        for (Route route : all) {
            if (route.protocol() == PROTOCOL && route.table() == Route.RT_TABLE_MAIN) {
                ours.add(route);
            }
        }
        return ours;
    }
}
