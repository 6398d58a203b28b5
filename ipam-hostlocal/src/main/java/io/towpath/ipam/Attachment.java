package io.towpath.ipam;

/**
 * Whose a lease is.
 *
 * @param containerId as in {@code CNI_CONTAINERID}
 * @param interfaceName as in {@code CNI_IFNAME}; empty for a lease in the format that names only the container
 */
public record Attachment(String containerId, String interfaceName) {}
