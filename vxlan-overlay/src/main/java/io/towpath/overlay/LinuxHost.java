package io.towpath.overlay;

import io.towpath.linux.Errno;
import io.towpath.linux.KernelRelease;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetNs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The node whose network namespace the calling thread is in. */
class LinuxHost implements Host {
    private static final int LIMIT = 4096;

    @Override
    public String name() throws LinuxException {
        String key = "kernel/hostname";
        String name = sysctl(key);
        if (name == null) {
            throw new LinuxException("read /proc/sys/" + key, Errno.ENOENT);
        }
        return name;
    }

    @Override
    public String kernelRelease() throws LinuxException {
        return KernelRelease.running();
    }

    @Override
    public @Nullable String sysctl(String key) throws LinuxException {
        byte[] value = Linux.readFile("/proc/sys/" + key, LIMIT);
        return value == null ? null : new String(value, StandardCharsets.UTF_8).strip();
    }

    @Override
    public void setSysctl(String key, String value) throws LinuxException {
        // Not through a descriptor, which could only be entered with CAP_SYS_ADMIN.
        try (NetNs own = NetNs.own()) {
            own.writeSysctl(key, value);
        }
    }

    @Override
    public boolean canSet(String key) {
        return Files.isWritable(Path.of("/proc/sys", key));
    }

    @Override
    public @Nullable String driver(String device) {
        try {
            Path target = Files.readSymbolicLink(Path.of("/sys/class/net", device, "device", "driver"));
            Path name = target.getFileName();
            return name == null ? null : name.toString();
        } catch (IOException e) {
            // Virtual devices have no driver, and /sys may belong to another namespace or be absent.
            return null;
        }
    }

    @Override
    public boolean txChecksumOffload(String device) throws LinuxException {
        return Linux.txChecksumOffload(device);
    }

    @Override
    public void disableTxChecksumOffload(String device) throws LinuxException {
        Linux.setTxChecksumOffload(device, false);
    }
}
