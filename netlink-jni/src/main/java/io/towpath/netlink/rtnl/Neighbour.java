package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the neighbour table (ARP, NDISC).
 *
 * @param linkIndex the link
 * @param address the neighbour's IP address
 * @param mac its hardware address, null while it is not resolved
 * @param state NUD_* of {@code linux/neighbour.h}
 * @param flags NTF_*
 */
public record Neighbour(
        int linkIndex, IpAddress address, @Nullable MacAddress mac, int state, int flags) {
    public static final int NUD_INCOMPLETE = 0x01;
    public static final int NUD_REACHABLE = 0x02;
    public static final int NUD_STALE = 0x04;
    public static final int NUD_DELAY = 0x08;
    public static final int NUD_PROBE = 0x10;
    public static final int NUD_FAILED = 0x20;
    public static final int NUD_NOARP = 0x40;
    public static final int NUD_PERMANENT = 0x80;

    /** An entry of the device's own forwarding table, not of a bridge's. */
    public static final int NTF_SELF = 0x02;

    /** An address to answer for, not one to reach. */
    public static final int NTF_PROXY = 0x08;

    /** An entry that stays until it is removed. */
    public static Neighbour permanent(int linkIndex, IpAddress address, MacAddress mac) {
        return new Neighbour(linkIndex, address, mac, NUD_PERMANENT, 0);
    }

    public boolean isPermanent() {
        return (state & NUD_PERMANENT) != 0;
    }

    /** One line, such as {@code "10.244.2.0 lladdr 02:00:00:00:00:02 dev 7 nud permanent"}. */
    @Override
    public String toString() {
        return address + (mac == null ? "" : " lladdr " + mac) + " dev " + linkIndex + " nud " + stateName(state)
                + ((flags & NTF_PROXY) != 0 ? " proxy" : "");
    }

    static String stateName(int state) {
        return switch (state) {
            case NUD_PERMANENT -> "permanent";
            case NUD_REACHABLE -> "reachable";
            case NUD_NOARP -> "noarp";
            case NUD_STALE -> "stale";
            default -> "0x" + Integer.toHexString(state);
        };
    }
}
