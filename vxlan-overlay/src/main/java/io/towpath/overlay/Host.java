package io.towpath.overlay;

import io.towpath.linux.LinuxException;
import org.jspecify.annotations.Nullable;

/** What netlink does not tell of the node: settings below /proc/sys, drivers, offloads. */
interface Host {
    /** The host's name. */
    String name() throws LinuxException;

    /** The kernel's release, such as {@code "6.1.0-32-amd64"}. */
    String kernelRelease() throws LinuxException;

    /** A setting below /proc/sys without the final newline, null if there is none such. */
    @Nullable
    String sysctl(String key) throws LinuxException;

    /** Writes a setting below /proc/sys. */
    void setSysctl(String key, String value) throws LinuxException;

    /** Whether a setting below /proc/sys could be written: in a container that is not privileged, none can. */
    default boolean canSet(String key) {
        return true;
    }

    /** The driver of a physical device, such as {@code "virtio_net"}; null if there is none to tell. */
    @Nullable
    String driver(String device);

    /** Whether a device leaves the checksums of transmitted packets to be computed later. */
    boolean txChecksumOffload(String device) throws LinuxException;

    /** Has a device compute the checksums of transmitted packets itself. */
    void disableTxChecksumOffload(String device) throws LinuxException;
}
