package io.towpath.ipam;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;

/**
 * An address leased by one call.
 *
 * @param address the address with its subnet's prefix length
 * @param gateway the subnet's gateway
 */
public record AllocatedIp(IpPrefix address, IpAddress gateway) {}
