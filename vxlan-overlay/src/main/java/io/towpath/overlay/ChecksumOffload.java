package io.towpath.overlay;

import io.towpath.linux.KernelRelease;
import org.jspecify.annotations.Nullable;

/**
 * Where leaving checksums to be computed later (tx-checksum-ip-generic) goes wrong for packets in a VXLAN tunnel, so that the
 * overlay's device must compute them itself. That costs throughput, as segmentation offload goes with it, so it is not done
 * where nothing is known to be wrong; and an offload that the operator turned off is never turned on again.
 */
public final class ChecksumOffload {
    private ChecksumOffload() {}

    /**
     * Whether checksums come out wrong.
     *
     * <p>Before Linux 5.7, source NAT with random ports of the tunnel's own packets updates a UDP checksum of 0, which means
     * none (kernel commit ea64d8d6c675, "netfilter: nat: never update the UDP checksum when it's 0"). VMware's vmxnet3 asks
     * the hypervisor to compute inner checksums, which several of its versions do for other UDP ports only.
     *
     * @param kernelRelease as uname(2) tells, such as {@code "5.4.0-150-generic"}
     * @param driver the underlay device's, null if unknown
     */
    public static boolean isBroken(String kernelRelease, @Nullable String driver) {
        return "vmxnet3".equals(driver) || KernelRelease.isBefore(kernelRelease, 5, 7);
    }
}
