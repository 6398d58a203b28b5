package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * A traffic control filter.
 *
 * @param linkIndex the link
 * @param parent the handle of the queueing discipline it is at
 * @param priority 1 to 65535, the lowest is asked first
 * @param protocol ETH_P_* of the packets it looks at
 * @param kind the name the kernel knows the kind by
 * @param source the only address that packets come from which it looks at; null if it looks at all
 * @param redirectTo the index of the link by which it sends these packets instead; 0 if it does anything else
 */
public record Filter(
        int linkIndex,
        int parent,
        int priority,
        int protocol,
        String kind,
        @Nullable IpAddress source,
        int redirectTo) {
    /** Packets of all protocols, {@code linux/if_ether.h}. */
    public static final int ETH_P_ALL = 3;

    private static final int ETH_P_IP = 0x0800;
    private static final int ETH_P_IPV6 = 0x86dd;

    /** The kind that is used: every kernel that has filters has it. */
    static final String U32 = "u32";

    /** A filter that sends all that comes in by a link out by another; it needs a {@link Qdisc#ingress}. */
    public static Filter redirect(int linkIndex, int priority, int redirectTo) {
        return new Filter(linkIndex, Qdisc.INGRESS_HANDLE, priority, ETH_P_ALL, U32, null, redirectTo);
    }

    /** As {@link #redirect(int, int, int)}, of what comes from an address alone. Filters of one priority are of one family. */
    public static Filter redirect(int linkIndex, int priority, IpAddress source, int redirectTo) {
        int protocol = source.ipv6() ? ETH_P_IPV6 : ETH_P_IP;
        return new Filter(linkIndex, Qdisc.INGRESS_HANDLE, priority, protocol, U32, source, redirectTo);
    }

    /** One line, such as {@code "dev 7 in pref 1 src 10.1.2.3 redirect dev 8"}. */
    @Override
    public String toString() {
        String place = parent == Qdisc.INGRESS_HANDLE ? "in" : "parent 0x" + Integer.toHexString(parent);
        return "dev " + linkIndex + " " + place + " pref " + priority + " "
                + (source == null ? "" : "src " + source + " ")
                + (redirectTo == 0 ? kind : "redirect dev " + redirectTo);
    }
}
