package io.towpath.overlay;

import io.towpath.net.IpAddress;
import java.util.Set;

/**
 * The addresses of global scope that a node has, those of the overlay's own devices left out.
 *
 * @param ofInterfaces by which other hosts could reach it
 * @param ofLoopback by which they could if its routes are told to them
 */
public record NodeAddresses(Set<IpAddress> ofInterfaces, Set<IpAddress> ofLoopback) {
    public NodeAddresses {
        ofInterfaces = Set.copyOf(ofInterfaces);
        ofLoopback = Set.copyOf(ofLoopback);
    }

    /** Whether an address can be that of a host that others reach: not one of a loopback, a group, or IPv6's single link. */
    public static boolean isOfAHost(IpAddress address) {
        return ClusterRules.isOfAHost(address);
    }

    /** Whether the node has an address. */
    public boolean has(IpAddress address) {
        return ofInterfaces.contains(address) || ofLoopback.contains(address);
    }
}
