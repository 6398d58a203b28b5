package io.towpath.overlay;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Route;
import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What to do with the routes to the peers of one device: those by the device, and those that use no tunnel. */
final class RoutePlan {
    private static final int IPV6_METRIC = 1024;

    private final int underlay;
    private final Set<IpPrefix> present = new HashSet<>();
    private final Set<IpPrefix> replaced = new HashSet<>();
    private final List<Step> removals = new ArrayList<>();

    /**
     * Compares.
     *
     * @param link the device's index, 0 if it is to be created
     * @param byDevice the routes by the device
     * @param elsewhere all other routes, or only those that {@link DirectRoutes} are
     */
    RoutePlan(Device desired, int link, List<Route> byDevice, List<Route> elsewhere) {
        underlay = desired.attributes().linkIndex();
        Map<IpPrefix, Route> wanted = new HashMap<>(desired.peers().size() * 2);
        for (Peer peer : desired.peers()) {
            wanted.put(peer.slice(), route(peer, link));
        }
        List<Route> wrong = new ArrayList<>();
        for (Route route : byDevice) {
            if (route.table() == Route.RT_TABLE_MAIN && route.protocol() != Route.RTPROT_KERNEL) {
                compare(route, wanted.get(route.destination()), wrong);
            }
        }
        for (Route route : elsewhere) {
            Route right = route.ipv6() == desired.ipv6() ? wanted.get(route.destination()) : null;
            if (route.ipv6() == desired.ipv6() && isDirect(route, right)) {
                compare(route, right, wrong);
            }
        }
        for (Route route : wrong) {
            IpPrefix slice = route.destination();
            Route right = wanted.get(slice);
            // A route with the same metric gives its place to the right one, so that the slice is never without. But
            // IPv6
            // takes no gateway by one device while a route leads to it by another.
            boolean inPlace = right != null
                    && comparable(route).priority() == 0
                    && (!right.ipv6() || right.linkIndex() == underlay || route.linkIndex() == right.linkIndex());
            if (!inPlace || present.contains(slice) || !replaced.add(slice)) {
                removals.add(Step.remove("route " + slice, (batch, index) -> batch.deleteRoute(route)));
            }
        }
    }

    private void compare(Route route, @Nullable Route right, List<Route> wrong) {
        if (comparable(route).equals(right)) {
            present.add(route.destination());
        } else {
            wrong.add(route);
        }
    }

    /** Whether it is ours, or flannel's that leads the same way. */
    private static boolean isDirect(Route route, @Nullable Route right) {
        return route.table() == Route.RT_TABLE_MAIN
                && (route.protocol() == DirectRoutes.PROTOCOL
                        || (route.protocol() == Route.RTPROT_BOOT
                                && comparable(route)
                                        .withProtocol(DirectRoutes.PROTOCOL)
                                        .equals(right)));
    }

    /** The removals of what leads nowhere any more. */
    List<Step> removals() {
        return removals;
    }

    /** Adds what a peer's route needs, if anything. */
    void put(Peer peer, List<Step> steps) {
        if (replaced.contains(peer.slice())) {
            steps.add(Step.put(peer.node(), "route", (batch, link) -> batch.replaceRoute(route(peer, link))));
        } else if (!present.contains(peer.slice())) {
            // Never a replacement: a route of somebody else's to the same destination is not ours to take away.
            steps.add(Step.put(peer.node(), "route", (batch, link) -> batch.addRoute(route(peer, link))));
        }
    }

    private Route route(Peer peer, int link) {
        return peer.direct()
                ? DirectRoutes.route(peer, underlay)
                : Route.via(peer.slice(), peer.gateway(), link).withOnlink();
    }

    // The kernel shows its default metric of IPv6 routes, which nobody asked for.
    private static Route comparable(Route route) {
        return route.ipv6() && route.priority() == IPV6_METRIC ? route.withPriority(0) : route;
    }
}
