package io.towpath.netlink.rtnl;

/**
 * A traffic control filter.
 *
 * @param linkIndex the link
 * @param parent the handle of the queueing discipline it is at
 * @param priority 1 to 65535, the lowest is asked first
 * @param protocol ETH_P_* of the packets it looks at
 * @param kind the name the kernel knows the kind by
 * @param redirectTo the index of the link by which it sends all of these packets instead; 0 if it does anything else
 */
public record Filter(int linkIndex, int parent, int priority, int protocol, String kind, int redirectTo) {
    /** Packets of all protocols, {@code linux/if_ether.h}. */
    public static final int ETH_P_ALL = 3;

    /** The kind that is used to match everything: every kernel that has filters has it. */
    static final String U32 = "u32";

    /** A filter that sends all that comes in by a link out by another; it needs a {@link Qdisc#ingress}. */
    public static Filter redirect(int linkIndex, int priority, int redirectTo) {
        return new Filter(linkIndex, Qdisc.INGRESS_HANDLE, priority, ETH_P_ALL, U32, redirectTo);
    }

    /** One line, such as {@code "dev 7 in pref 1 redirect dev 8"}. */
    @Override
    public String toString() {
        String place = parent == Qdisc.INGRESS_HANDLE ? "in" : "parent 0x" + Integer.toHexString(parent);
        return "dev " + linkIndex + " " + place + " pref " + priority + " "
                + (redirectTo == 0 ? kind : "redirect dev " + redirectTo);
    }
}
