package io.towpath.ipam;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;

/** The node's current boot. */
public interface Boot {
    /** {@code random(4)}: what differs from boot to boot, never empty. */
    String FILE = "/proc/sys/kernel/random/boot_id";

    /** The kernel's word for it. */
    Boot CURRENT = Boot::read;

    /**
     * Its id.
     *
     * @throws LinuxException if the kernel does not tell
     */
    String id() throws LinuxException;

    private static String read() throws LinuxException {
        byte[] content = Linux.readFile(FILE, 4096);
        String id = content == null ? "" : new String(content, StandardCharsets.UTF_8).strip();
        if (id.isEmpty()) {
            throw new LinuxException("read " + FILE, Errno.ENOENT, "is /proc mounted?");
        }
        return id;
    }
}
