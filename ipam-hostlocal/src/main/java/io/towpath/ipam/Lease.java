package io.towpath.ipam;

import io.towpath.net.IpAddress;

/**
 * An address in use.
 *
 * @param attachment whose it is
 * @param since when it was leased, milliseconds since the epoch
 */
public record Lease(IpAddress address, Attachment attachment, long since) {}
