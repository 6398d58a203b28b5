package io.towpath.netlink.xtables;

/**
 * What a rule of iptables, or the policy at a chain's end, does with packets.
 *
 * @param chain where it stands
 * @param target such as {@code "ACCEPT"}, {@code "DROP"} or {@code "REJECT"}, or the name of the chain that it leads to; empty if the
 *     packet just goes on
 * @param isForAll whether it is for all packets that come to it
 * @param isPolicy whether it is the chain's policy
 */
public record XStep(String chain, String target, boolean isForAll, boolean isPolicy) {
    /** Whether it ends all packets that come to it. */
    public boolean endsAll() {
        return isForAll && (target.equals("DROP") || target.equals("REJECT"));
    }

    /** As iptables would write it, as far as it is known here. */
    @Override
    public String toString() {
        if (isPolicy) {
            return "-P " + chain + " " + target;
        }
        return "-A " + chain + (isForAll ? "" : " ...") + (target.isEmpty() ? "" : " -j " + target);
    }
}
