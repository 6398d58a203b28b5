package io.towpath.ipam;

import io.towpath.net.IpAddress;
import java.util.List;

/**
 * What the configuration says of addresses.
 *
 * @param rangeSets at least one, disjoint; each gives one address
 * @param requested addresses asked for by the runtime or the operator, of every source
 * @param routes for the result
 * @param resolvConf path of a file in the format of resolv.conf(5); empty if there is none
 */
public record IpamConfig(
        List<RangeSet> rangeSets, List<IpAddress> requested, List<IpamRoute> routes, String resolvConf) {
    /** Where leases are kept unless the key {@code dataDir} says otherwise. */
    public static final String DEFAULT_DATA_DIR = "/var/lib/cni/networks";
}
