package io.towpath.cni.protocol;

/**
 * A container's place in a network (SPEC section 3, "Attachment Parameters").
 *
 * @param containerId as in {@code CNI_CONTAINERID}
 * @param ifName as in {@code CNI_IFNAME}
 */
public record Attachment(String containerId, String ifName) {}
