package io.towpath.netlink.rtnl;

import java.util.List;

/**
 * A default route of the main table by which packets leave the node.
 *
 * @param ipv6 its family
 * @param metric the lowest wins, as of unsigned numbers
 * @param links the links of its next hops, by index and in order, those that are down last; at least one
 */
public record DefaultRoute(boolean ipv6, int metric, List<Integer> links) {
    public DefaultRoute {
        links = List.copyOf(links);
    }

    /** A route by one link. */
    public static DefaultRoute by(boolean ipv6, int metric, int link) {
        return new DefaultRoute(ipv6, metric, List.of(link));
    }
}
