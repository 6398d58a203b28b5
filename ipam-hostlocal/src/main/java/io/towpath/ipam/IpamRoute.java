package io.towpath.ipam;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * A route of the configuration, handed through to the result.
 *
 * @param mtu bytes; 0 if unset
 * @param advmss the TCP segment size to advertise, bytes; 0 if unset
 * @param priority lower is preferred; 0 if unset
 * @param table the routing table, null for the main one
 * @param scope as the kernel counts; null if unset
 */
public record IpamRoute(
        IpPrefix destination,
        @Nullable IpAddress gateway,
        int mtu,
        int advmss,
        long priority,
        @Nullable Long table,
        @Nullable Integer scope) {}
