package io.towpath.netlink.conntrack;

/**
 * A tracked connection.
 *
 * @param original the direction of its first packet, as that came
 * @param reply the direction of the answers, as they come: to and from translated addresses
 * @param status IPS_* of {@code linux/netfilter/nf_conntrack_common.h}
 * @param mark the connection's mark
 * @param zone the zone it is tracked in, usually 0
 * @param id tells it from another with the same addresses that came later
 */
public record Connection(Flow original, Flow reply, int status, int mark, int zone, int id) {
    @Override
    public String toString() {
        return original + " reply " + reply;
    }
}
