package io.towpath.cni.verbs;

import io.towpath.cni.protocol.Result;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.PodRoute;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Route;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which routes a pod gets. All lead to the one gateway there is; {@code gw} of the IPAM configuration is of no use here, as
 * every other pod is beyond that gateway too.
 */
final class PodRoutes {
    private PodRoutes() {}

    /**
     * The IPAM configuration's routes; the default routes if there are none or both are wanted. Those of a family that the
     * pod has no address of are left out, so that one configuration serves nodes with one slice and with two.
     */
    static List<PodRoute> choose(List<Result.Route> wanted, boolean withDefaults, List<IpAddress> addresses) {
        boolean[] has = new boolean[2];
        for (IpAddress address : addresses) {
            has[address.ipv6() ? 1 : 0] = true;
        }
        List<PodRoute> routes = new ArrayList<>();
        for (Result.Route route : wanted) {
            boolean ipv6 = route.destination().address().ipv6();
            boolean direct = route.scope() != null && route.scope() >= Route.RT_SCOPE_LINK;
            if (has[ipv6 ? 1 : 0]) {
                routes.add(of(route, direct ? null : Endpoint.gateway(ipv6)));
            }
        }
        if (wanted.isEmpty() || withDefaults) {
            for (int family = 0; family < 2; family++) {
                PodRoute route = PodRoute.byDefault(family == 1);
                if (has[family] && routes.stream().noneMatch(route::isSamePlace)) {
                    routes.add(route);
                }
            }
        }
        return routes;
    }

    static PodRoute of(Result.Route route, @Nullable IpAddress gateway) {
        return new PodRoute(
                route.destination(),
                gateway,
                route.mtu(),
                route.advmss(),
                (int) route.priority(),
                route.table() == null ? Route.RT_TABLE_MAIN : route.table().intValue());
    }

    /** Whether a result tells of a route as {@link #shown} does; others are those of other plugins of the list. */
    static boolean isShown(Result.Route route) {
        IpAddress gateway = route.gateway();
        return gateway == null
                ? route.scope() != null && route.scope() >= Route.RT_SCOPE_LINK
                : gateway.equals(Endpoint.gateway(gateway.ipv6()));
    }

    /** A route as the result tells of it. */
    static Result.Route shown(PodRoute route) {
        return new Result.Route(
                route.destination(),
                route.gateway(),
                route.mtu(),
                route.advmss(),
                Integer.toUnsignedLong(route.priority()),
                route.table() == Route.RT_TABLE_MAIN ? null : Integer.toUnsignedLong(route.table()),
                route.gateway() == null ? Route.RT_SCOPE_LINK : null);
    }
}
