package io.towpath.netlink.rtnl;

import io.towpath.net.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * A rule of policy routing: which packets are looked up in which table.
 *
 * @param ipv6 its family
 * @param priority the lowest is asked first
 * @param selector which packets
 * @param action what becomes of them, FR_ACT_*
 * @param table the table for {@link #FR_ACT_TO_TBL}
 * @param target the priority of the rule to go on with for {@link #FR_ACT_GOTO}
 * @param suppressed routes of the table whose prefixes are at most so long are not taken; -1 for none
 */
public record IpRule(boolean ipv6, int priority, Selector selector, int action, int table, int target, int suppressed) {
    public static final int FR_ACT_TO_TBL = 1;
    public static final int FR_ACT_GOTO = 2;
    public static final int FR_ACT_NOP = 3;
    public static final int FR_ACT_BLACKHOLE = 6;
    public static final int FR_ACT_UNREACHABLE = 7;
    public static final int FR_ACT_PROHIBIT = 8;

    /**
     * Which packets a rule is for: those that are as all of this says.
     *
     * @param inverted whether it is for all others instead
     * @param source where they come from, null for anywhere
     * @param destination where they go, null for anywhere
     * @param inLink the name of the link by which they come, {@code "lo"} for the node's own; empty for any
     * @param outLink the name of the link that their socket is bound to; empty for any
     * @param mark what of their mark must be, as far as the mask says
     * @param mask the bits of the mark that count, 0 for none
     * @param narrow whether it asks for a type of service, a protocol or ports, too
     * @param special whether it asks for a user, a tunnel or a VRF, too
     */
    public record Selector(
            boolean inverted,
            @Nullable IpPrefix source,
            @Nullable IpPrefix destination,
            String inLink,
            String outLink,
            int mark,
            int mask,
            boolean narrow,
            boolean special) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(inverted ? "not from " : "from ");
            text.append(source == null ? "all" : source);
            append(text, " to ", destination == null ? "" : destination.toString());
            append(text, " iif ", inLink);
            append(text, " oif ", outLink);
            append(
                    text,
                    " fwmark ",
                    mask == 0 ? "" : "0x" + Integer.toHexString(mark) + "/0x" + Integer.toHexString(mask));
            return text.append(narrow || special ? " ..." : "").toString();
        }
    }

    /** One line, such as {@code "100: from all to 10.0.0.0/8 lookup 7"}. */
    @Override
    public String toString() {
        String what = switch (action) {
            case FR_ACT_TO_TBL -> "lookup " + (table == Route.RT_TABLE_MAIN ? "main" : Integer.toUnsignedString(table));
            case FR_ACT_GOTO -> "goto " + Integer.toUnsignedString(target);
            case FR_ACT_NOP -> "nop";
            case FR_ACT_BLACKHOLE -> "blackhole";
            case FR_ACT_UNREACHABLE -> "unreachable";
            case FR_ACT_PROHIBIT -> "prohibit";
            default -> "action " + action;
        };
        return Integer.toUnsignedString(priority) + ": " + selector + " " + what
                + (suppressed < 0 ? "" : " suppress_prefixlength " + suppressed);
    }

    private static void append(StringBuilder text, String word, String value) {
        if (!value.isEmpty()) {
            text.append(word).append(value);
        }
    }
}
