package io.towpath.netlink.rtnl;

import io.towpath.net.MacAddress;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network device as the kernel shows it.
 *
 * @param index its number in its namespace
 * @param name its name
 * @param mac its hardware address, null if it is not one of Ethernet
 * @param mtu in bytes
 * @param flags IFF_* of {@code linux/if.h}
 * @param operState IF_OPER_*
 * @param parentIndex IFLA_LINK: the device below, or the other end of a pair; 0 for none
 * @param peerNsid the id, in this namespace, of the one that parentIndex is in; -1 if it is in this one
 * @param masterIndex the bridge it is in, 0 for none
 * @param txQueues the number of transmit queues
 * @param rxQueues the number of receive queues
 * @param addrGenMode how IPv6 link-local addresses are made, IN6_ADDR_GEN_MODE_*; -1 without IPv6
 * @param alias what somebody noted on it (IFLA_IFALIAS), null for nothing
 * @param kind what it is
 * @param ipv4 its settings for IPv4, as far as the kernel told
 */
public record Link(
        int index,
        String name,
        @Nullable MacAddress mac,
        int mtu,
        int flags,
        int operState,
        int parentIndex,
        int peerNsid,
        int masterIndex,
        int txQueues,
        int rxQueues,
        int addrGenMode,
        @Nullable String alias,
        LinkKind kind,
        Map<Ipv4Devconf, Integer> ipv4) {

    /** {@code linux/if.h}. */
    public static final int IFF_UP = 1;

    /** {@code linux/if.h}. */
    public static final int IFF_LOOPBACK = 8;

    public Link {
        ipv4 = ipv4.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(ipv4));
    }

    /** Whether it is administratively up. */
    public boolean isUp() {
        return (flags & IFF_UP) != 0;
    }

    /** A setting for IPv4, -1 if the kernel did not tell. */
    public int ipv4(Ipv4Devconf setting) {
        return ipv4.getOrDefault(setting, -1);
    }

    /** The attributes of a VXLAN device, null for another kind. */
    public @Nullable Vxlan vxlan() {
        return kind instanceof LinkKind.VxlanTunnel(Vxlan attributes) ? attributes : null;
    }
}
