package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * A route. One with several next hops is shown without link and gateway.
 *
 * @param destination where it leads; 0.0.0.0/0 or ::/0 for the default route
 * @param gateway the next hop, null if the destination is on the link
 * @param linkIndex the link, 0 for none
 * @param table the routing table, {@link #RT_TABLE_MAIN} and others
 * @param protocol who made it, RTPROT_*
 * @param scope how far the destination is, RT_SCOPE_*; IPv6 has only RT_SCOPE_UNIVERSE
 * @param type what becomes of packets, RTN_*
 * @param priority the metric: the lowest wins; for IPv6 the kernel takes 0 for 1024
 * @param onlink whether the gateway is taken to be on the link, though no route says so
 * @param mtu in bytes, 0 for the link's
 * @param advmss the advertised TCP maximum segment size in bytes, 0 for the default
 * @param source the preferred source address, null for none
 */
public record Route(
        IpPrefix destination,
        @Nullable IpAddress gateway,
        int linkIndex,
        int table,
        int protocol,
        int scope,
        int type,
        int priority,
        boolean onlink,
        int mtu,
        int advmss,
        @Nullable IpAddress source) {

    public static final int RT_TABLE_MAIN = 254;
    public static final int RT_TABLE_LOCAL = 255;
    public static final int RTPROT_KERNEL = 2;
    public static final int RTPROT_BOOT = 3;
    public static final int RTPROT_STATIC = 4;
    public static final int RT_SCOPE_UNIVERSE = 0;
    public static final int RT_SCOPE_LINK = 253;
    public static final int RT_SCOPE_HOST = 254;
    public static final int RTN_UNICAST = 1;
    public static final int RTN_LOCAL = 2;
    public static final int RTN_BROADCAST = 3;
    public static final int RTN_BLACKHOLE = 6;
    public static final int RTN_UNREACHABLE = 7;
    public static final int RTN_PROHIBIT = 8;
    public static final int RTN_THROW = 9;
    public static final int RT_TABLE_DEFAULT = 253;

    /** A route of the main table to a destination on the link itself, as {@code ip route add DESTINATION dev LINK} makes. */
    public static Route direct(IpPrefix destination, int linkIndex) {
        int scope = destination.address().ipv6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
        return new Route(
                destination, null, linkIndex, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0, false, 0, 0, null);
    }

    /** A route of the main table by a gateway, as {@code ip route add DESTINATION via GATEWAY dev LINK} makes. */
    public static Route via(IpPrefix destination, IpAddress gateway, int linkIndex) {
        return new Route(
                destination,
                gateway,
                linkIndex,
                RT_TABLE_MAIN,
                RTPROT_BOOT,
                RT_SCOPE_UNIVERSE,
                RTN_UNICAST,
                0,
                false,
                0,
                0,
                null);
    }

    public Route withOnlink() {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, type, priority, true, mtu, advmss, source);
    }

    public Route withTable(int value) {
        return new Route(
                destination, gateway, linkIndex, value, protocol, scope, type, priority, onlink, mtu, advmss, source);
    }

    public Route withProtocol(int value) {
        return new Route(
                destination, gateway, linkIndex, table, value, scope, type, priority, onlink, mtu, advmss, source);
    }

    public Route withScope(int value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, value, type, priority, onlink, mtu, advmss, source);
    }

    public Route withType(int value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, value, priority, onlink, mtu, advmss, source);
    }

    public Route withPriority(int value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, type, value, onlink, mtu, advmss, source);
    }

    public Route withMtu(int value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, type, priority, onlink, value, advmss, source);
    }

    public Route withAdvmss(int value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, type, priority, onlink, mtu, value, source);
    }

    public Route withSource(IpAddress value) {
        return new Route(
                destination, gateway, linkIndex, table, protocol, scope, type, priority, onlink, mtu, advmss, value);
    }

    /** Whether it is of IPv6. */
    public boolean ipv6() {
        return destination.address().ipv6();
    }

    /** Whether it leads to a single address, by the main table. */
    public boolean isToOne() {
        return table == RT_TABLE_MAIN
                && type == RTN_UNICAST
                && destination.length() == destination.address().bits();
    }

    /** One line, such as {@code "10.244.2.0/24 via 10.244.2.0 dev 7 onlink"}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        if (type != RTN_UNICAST) {
            text.append("type ").append(type).append(' ');
        }
        text.append(destination);
        if (gateway != null) {
            text.append(" via ").append(gateway);
        }
        if (linkIndex != 0) {
            text.append(" dev ").append(linkIndex);
        }
        if (table != RT_TABLE_MAIN) {
            text.append(" table ").append(table);
        }
        if (scope != RT_SCOPE_UNIVERSE) {
            text.append(" scope ").append(scopeName(scope));
        }
        append(text, " src ", source);
        append(text, " metric ", priority);
        append(text, " mtu ", mtu);
        append(text, " advmss ", advmss);
        return onlink ? text.append(" onlink").toString() : text.toString();
    }

    static String scopeName(int scope) {
        return switch (scope) {
            case RT_SCOPE_UNIVERSE -> "global";
            case RT_SCOPE_LINK -> "link";
            case RT_SCOPE_HOST -> "host";
            default -> Integer.toString(scope);
        };
    }

    private static void append(StringBuilder text, String word, int value) {
        if (value != 0) {
            text.append(word).append(value);
        }
    }

    private static void append(StringBuilder text, String word, @Nullable Object value) {
        if (value != null) {
            text.append(word).append(value);
        }
    }
}
