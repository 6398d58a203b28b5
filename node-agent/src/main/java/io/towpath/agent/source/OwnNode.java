package io.towpath.agent.source;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the other nodes must know of this one.
 *
 * @param addresses where tunnel packets for it go: at most one of each family
 * @param vni the VXLAN network identifier
 * @param mac the MAC address of its device for IPv4, null if it has none
 * @param macV6 as mac, of its device for IPv6
 */
public record OwnNode(
        List<IpAddress> addresses,
        int vni,
        @Nullable MacAddress mac,
        @Nullable MacAddress macV6) {
    public OwnNode {
        addresses = List.copyOf(addresses);
    }
}
