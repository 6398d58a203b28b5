package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.Route.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.RouteCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The routes of a fake namespace: net/ipv4/fib_semantics.c, net/ipv4/fib_trie.c, net/ipv6/route.c. */
final class FakeRoutes {
    private static final int PRIORITY_OF_IPV6 = 1024;
    private static final int PRIORITY_OF_IPV6_PREFIX = 256;

    private final FakeNamespace namespace;
    private final List<Route> routes = new ArrayList<>();

    FakeRoutes(FakeNamespace namespace) {
        this.namespace = namespace;
    }

    FakeOperation list(int family, int linkIndex) {
        return FakeOperation.read("route list " + (linkIndex == 0 ? "all" : "dev " + linkIndex), () -> {
            if (linkIndex != 0) {
                namespace.links().get(linkIndex, null);
            }
            List<Route> listed = routes.stream()
                    .filter(route -> route.ipv6() == (family == AF_INET6))
                    .filter(route -> linkIndex == 0 || route.linkIndex() == linkIndex)
                    .toList();
            return FakeOperation.messages(RTM_NEWROUTE, listed, RouteCodec::writeBody);
        });
    }

    void add(Route asked, int flags) throws FakeRefusal {
        Route route = complete(asked);
        check(route);
        Route old = find(route);
        if (old != null && (flags & NLM_F_EXCL) != 0) {
            throw new FakeRefusal(Errno.EEXIST);
        }
        if (old == null && (flags & NLM_F_CREATE) == 0) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        if (old != null && (flags & NLM_F_REPLACE) != 0) {
            routes.set(routes.indexOf(old), route);
        } else {
            routes.add(route);
        }
    }

    private static Route complete(Route asked) {
        Route route = asked.table() == RT_TABLE_UNSPEC ? asked.withTable(RT_TABLE_MAIN) : asked;
        if (!route.ipv6()) {
            return route;
        }
        Route global = route.withScope(RT_SCOPE_UNIVERSE);
        return global.priority() == 0 ? global.withPriority(PRIORITY_OF_IPV6) : global;
    }

    private void check(Route route) throws FakeRefusal {
        if (!route.destination().isNetwork()) {
            throw new FakeRefusal(Errno.EINVAL, "Invalid prefix for given prefix length");
        }
        IpAddress source = route.source();
        if (source != null && !namespace.addresses().isLocal(source)) {
            throw new FakeRefusal(Errno.EINVAL, "Invalid prefsrc address");
        }
        if (route.type() != RTN_UNICAST) {
            return;
        }
        IpAddress gateway = route.gateway();
        if (route.linkIndex() == 0 && gateway == null) {
            throw new FakeRefusal(Errno.ENODEV);
        }
        if (route.linkIndex() != 0) {
            FakeLink link = namespace.links().get(route.linkIndex(), null);
            if (!link.isUp()) {
                throw new FakeRefusal(
                        Errno.ENETDOWN, gateway == null ? "Device for nexthop is not up" : "Nexthop device is not up");
            }
        }
        if (gateway == null && route.onlink()) {
            throw new FakeRefusal(Errno.EINVAL, "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
        }
        if (gateway != null) {
            checkGateway(route, gateway);
        }
    }

    private void checkGateway(Route route, IpAddress gateway) throws FakeRefusal {
        if (!route.ipv6() && route.scope() >= RT_SCOPE_LINK) {
            // A gateway has to be nearer than the destination, and nothing but the host itself is nearer than a link.
            throw new FakeRefusal(Errno.ENETUNREACH, "Nexthop has invalid gateway");
        }
        boolean isOwn = namespace.addresses().isLocal(gateway);
        if (isOwn && (route.onlink() || route.ipv6())) {
            throw new FakeRefusal(Errno.EINVAL, "Nexthop has invalid gateway");
        }
        boolean linkLocal = gateway.ipv6() && gateway.high() >>> 54 == 0xfe80 >>> 6;
        if (isOwn || route.onlink() || (linkLocal && route.linkIndex() != 0)) {
            return;
        }
        Route best = lookup(gateway, route.linkIndex());
        if (best == null || best.gateway() != null) {
            throw route.ipv6()
                    ? new FakeRefusal(Errno.EHOSTUNREACH)
                    : new FakeRefusal(Errno.ENETUNREACH, "Nexthop has invalid gateway");
        }
    }

    /** The route to an address, of those by a link unless it is 0. */
    private @Nullable Route lookup(IpAddress address, int linkIndex) {
        Route best = null;
        for (Route route : routes) {
            boolean matches = route.table() == RT_TABLE_MAIN
                    && (linkIndex == 0 || route.linkIndex() == linkIndex)
                    && route.destination().contains(address);
            if (matches
                    && (best == null
                            || route.destination().length() > best.destination().length())) {
                best = route;
            }
        }
        return best;
    }

    private @Nullable Route find(Route wanted) {
        return routes.stream()
                .filter(route -> route.destination().equals(wanted.destination())
                        && route.table() == wanted.table()
                        && route.priority() == wanted.priority())
                .findFirst()
                .orElse(null);
    }

    /** Removes the first route that agrees in all that the request says. */
    void delete(Route asked) throws FakeRefusal {
        for (Route route : routes) {
            if (agrees(route, asked)) {
                routes.remove(route);
                return;
            }
        }
        throw new FakeRefusal(Errno.ESRCH);
    }

    private static boolean agrees(Route route, Route asked) {
        boolean same = route.destination().equals(asked.destination())
                && route.table() == (asked.table() == RT_TABLE_UNSPEC ? RT_TABLE_MAIN : asked.table());
        return same
                && agrees(route.priority(), asked.priority(), 0)
                && agrees(route.protocol(), asked.protocol(), 0)
                && agrees(route.type(), asked.type(), RTN_UNSPEC)
                && (route.ipv6() || agrees(route.scope(), asked.scope(), RT_SCOPE_NOWHERE))
                && agrees(route.linkIndex(), asked.linkIndex(), 0)
                && (asked.gateway() == null || Objects.equals(route.gateway(), asked.gateway()))
                && (asked.source() == null || Objects.equals(route.source(), asked.source()))
                && agrees(route.mtu(), asked.mtu(), 0)
                && agrees(route.advmss(), asked.advmss(), 0);
    }

    private static boolean agrees(int value, int asked, int any) {
        return asked == any || value == asked;
    }

    /** Adds the routes that the kernel makes for an address. */
    void addOf(Address address, boolean linkIsUp) {
        routes.addAll(routesOf(address, linkIsUp));
    }

    void removeOf(Address address) {
        routesOf(address, true).forEach(routes::remove);
    }

    private static List<Route> routesOf(Address address, boolean linkIsUp) {
        IpPrefix prefix = address.prefix();
        IpAddress own = prefix.address();
        boolean ipv6 = own.ipv6();
        List<Route> made = new ArrayList<>();
        made.add(ofKernel(IpPrefix.host(own), address.linkIndex(), RTN_LOCAL, RT_SCOPE_HOST, own));
        boolean hasPrefix = linkIsUp && (ipv6 || prefix.length() < 32) && address.scope() != RT_SCOPE_HOST;
        if (hasPrefix && (address.flags() & Address.IFA_F_NOPREFIXROUTE) == 0) {
            Route route = ofKernel(prefix.network(), address.linkIndex(), RTN_UNICAST, RT_SCOPE_LINK, own);
            made.add(ipv6 ? route.withPriority(PRIORITY_OF_IPV6_PREFIX) : route);
        }
        if (hasPrefix && !ipv6 && prefix.length() < 31) {
            made.add(ofKernel(IpPrefix.host(prefix.last()), address.linkIndex(), RTN_BROADCAST, RT_SCOPE_LINK, own));
        }
        return made;
    }

    private static Route ofKernel(IpPrefix destination, int linkIndex, int type, int scope, IpAddress own) {
        Route route = Route.direct(destination, linkIndex)
                .withProtocol(RTPROT_KERNEL)
                .withType(type)
                .withTable(type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL);
        return own.ipv6() ? route : route.withScope(scope).withSource(own);
    }

    /** Of IPv4 the routes to own addresses stay when the link is down, of IPv6 none. */
    void linkIsDown(int linkIndex) {
        routes.removeIf(route -> route.linkIndex() == linkIndex && (route.ipv6() || route.type() != RTN_LOCAL));
    }

    void linkIsGone(int linkIndex) {
        routes.removeIf(route -> route.linkIndex() == linkIndex);
    }
}
