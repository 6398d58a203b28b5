package io.towpath.cni.wiring;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Route;
import org.jspecify.annotations.Nullable;

/**
 * A route of the pod's through its link.
 *
 * @param destination where to
 * @param gateway the next hop, null if destinations are on the link itself
 * @param mtu bytes, 0 for the link's
 * @param advmss the TCP segment size to advertise in bytes, 0 for the default
 * @param priority an unsigned 32-bit number, lower is preferred; 0 for the kernel's choice
 * @param table the routing table, an unsigned 32-bit number
 */
public record PodRoute(
        IpPrefix destination, @Nullable IpAddress gateway, int mtu, int advmss, int priority, int table) {
    private static final IpPrefix ALL_V4 = IpPrefix.parse("0.0.0.0/0");
    private static final IpPrefix ALL_V6 = IpPrefix.parse("::/0");

    /** The default route of a family. */
    public static PodRoute byDefault(boolean ipv6) {
        return new PodRoute(ipv6 ? ALL_V6 : ALL_V4, Endpoint.gateway(ipv6), 0, 0, 0, Route.RT_TABLE_MAIN);
    }

    boolean ipv6() {
        return destination.address().ipv6();
    }

    /** Whether both lead to the same place by the same table. */
    public boolean isSamePlace(PodRoute other) {
        return destination.equals(other.destination) && table == other.table && priority == other.priority;
    }

    /** This route, with a priority if it has none. */
    public PodRoute orPriority(int otherwise) {
        return priority != 0 ? this : new PodRoute(destination, gateway, mtu, advmss, otherwise, table);
    }

    Route on(int linkIndex) {
        Route route =
                gateway == null ? Route.direct(destination, linkIndex) : Route.via(destination, gateway, linkIndex);
        if (table != Route.RT_TABLE_MAIN) {
            route = route.withTable(table);
        }
        return mtu == 0 && advmss == 0 && priority == 0
                ? route
                : route.withMtu(mtu).withAdvmss(advmss).withPriority(priority);
    }
}
