package io.towpath.overlay;

import io.towpath.net.MacAddress;
import java.nio.charset.StandardCharsets;

/**
 * The hardware address of a node's VXLAN device, derived from the node's name so that nodes need not tell each other.
 *
 * <p>Definition: FNV-1a (64 bits) over the UTF-8 bytes of {@code "towpath-vtep-4/"} or, for the device of IPv6, {@code
 * "towpath-vtep-6/"}, followed by the name; then MurmurHash3's 64-bit finaliser; of the result the lower 48 bits, the group
 * bit cleared and the locally-administered bit set. It must never change: nodes of different releases share a cluster.
 *
 * <p>The name alone goes in, so a node keeps its MAC when its slice or address changes. A cryptographic hash would gain
 * nothing, as whoever writes the cluster file is trusted, and its providers cost a native image at start-up. With 46
 * bits, 5,000 nodes collide with a probability of 2 in 10 million; the cluster file's reader refuses such names.
 */
public final class VtepMac {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private VtepMac() {}

    /** The MAC of a node's device for one family of slices. */
    public static MacAddress of(String node, boolean ipv6) {
        long hash = FNV_OFFSET;
        for (byte b :
                (ipv6 ? "towpath-vtep-6/" : "towpath-vtep-4/").concat(node).getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        return MacAddress.locallyAdministered(mix(hash));
    }

    private static long mix(long value) {
        long hash = value;
        hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
        return hash ^ hash >>> 33;
    }
}
