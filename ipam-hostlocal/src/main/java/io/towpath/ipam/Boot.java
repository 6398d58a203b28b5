package io.towpath.ipam;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;

/** The node's current boot. */
interface Boot {
    /** What differs from boot to boot, never empty. */
    String id() throws LinuxException;

    /** When the node was booted, in milliseconds since the epoch as the clock is set now. */
    long time() throws LinuxException;

    /** The kernel's word for it. */
    static Boot current() {
        return new Boot() {
            @Override
            public String id() throws LinuxException {
                return read("/proc/sys/kernel/random/boot_id");
            }

            @Override
            public long time() throws LinuxException {
                String uptime = read("/proc/uptime");
                long seconds = Long.parseLong(uptime.substring(0, uptime.indexOf('.')));
                return System.currentTimeMillis() - (seconds + 1) * 1000;
            }
        };
    }

    private static String read(String path) throws LinuxException {
        byte[] content = Linux.readFile(path, 4096);
        String text = content == null ? "" : new String(content, StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            throw new IllegalStateException(path + " cannot be read: is /proc mounted?");
        }
        return text;
    }
}
