package io.towpath.agent.firewall;

import io.towpath.netlink.nft.Chain;

/**
 * Where a packet ends.
 *
 * @param chain the base chain
 * @param isReject whether its sender is told
 * @param byPolicy whether no rule decided
 * @param isSure whether it surely ends there; if not, a rule that was not understood, or is about something that is not known, may
 *     accept it before
 */
public record Fate(Chain chain, boolean isReject, boolean byPolicy, boolean isSure) {
    /** The chain as {@code nft} takes it, such as {@code ip filter INPUT}. */
    public String place() {
        return chain.table() + " " + chain.name();
    }
}
