package io.towpath.netlink;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.linux.Native;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** An open network namespace: it lives at least as long as it is open. */
public final class NetNs implements AutoCloseable {
    /** What the C side takes for the calling thread's own namespace. */
    private static final int OWN = -1;

    private static final int CLOSED = -2;

    private final String path;
    private int fd;

    private NetNs(String path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    /** A setting below /proc/sys, such as {@code net/ipv6/conf/eth0/accept_dad}. */
    public record Sysctl(String key, String value) {}

    /**
     * Opens the namespace that a file stands for, such as {@code /run/netns/pod} or {@code /proc/1/ns/net}.
     *
     * @throws NetlinkException with ENOENT if there is no such file, EINVAL if it is not a network namespace's
     */
    public static NetNs open(String path) throws NetlinkException {
        String operation = "open network namespace " + path;
        int fd = Native.openNetNs(path(operation, path));
        if (fd == -Errno.EINVAL) {
            throw new NetlinkException(operation, Errno.EINVAL, "the file is not a network namespace", 0);
        }
        check(operation, fd);
        return new NetNs(path, fd);
    }

    /** Opens the calling thread's own namespace. */
    public static NetNs current() throws NetlinkException {
        return open("/proc/thread-self/ns/net");
    }

    /**
     * The calling thread's own namespace, whichever that is at each call, without a descriptor: reached without a detour, but not
     * to be handed to the kernel.
     */
    public static NetNs own() {
        return new NetNs("the own network namespace", OWN);
    }

    /**
     * The descriptor, for IFLA_NET_NS_FD; valid until closed. -1 for {@link #own}.
     *
     * @throws IllegalStateException if it is closed
     */
    public int fd() {
        if (fd == CLOSED) {
            throw new IllegalStateException(path + " is closed");
        }
        return fd;
    }

    /** Whether both are the same namespace, whatever the paths were. */
    public boolean isSame(NetNs other) throws NetlinkException {
        long[] mine = new long[2];
        long[] its = new long[2];
        check("stat " + path, Native.identity(fd(), mine));
        check("stat " + other.path, Native.identity(other.fd(), its));
        return mine[0] == its[0] && mine[1] == its[1];
    }

    /** Writes one setting inside the namespace. */
    public void writeSysctl(String key, String value) throws NetlinkException {
        writeSysctls(List.of(new Sysctl(key, value)));
    }

    /**
     * Writes settings inside the namespace, in order, up to the first that fails. The calling thread is in the namespace
     * meanwhile, within one native call; should there be no way back, the process ends.
     */
    public void writeSysctls(List<Sysctl> settings) throws NetlinkException {
        StringBuilder pairs = new StringBuilder();
        for (Sysctl setting : settings) {
            checkKey(setting.key);
            pairs.append(setting.key).append('\0').append(setting.value).append('\0');
        }
        int result = Native.writeSysctls(fd(), pairs.toString().getBytes(StandardCharsets.UTF_8));
        if (result < 0) {
            Sysctl failed = settings.get(Math.min(-result >> 12, settings.size() - 1));
            throw new NetlinkException("write sysctl " + failed.key + " = " + failed.value, -result & 0xfff);
        }
    }

    /** Reads one setting inside the namespace, without the final newline. */
    public String readSysctl(String key) throws NetlinkException {
        String operation = "read sysctl " + key;
        checkKey(key);
        byte[] value = new byte[4096];
        int length = check(operation, Native.readSysctl(fd(), path(operation, key), value));
        return new String(value, 0, length, StandardCharsets.UTF_8).strip();
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Native.close(fd);
        }
        fd = CLOSED;
    }

    @Override
    public String toString() {
        return path;
    }

    private static void checkKey(String key) throws NetlinkException {
        if (key.startsWith("/") || key.contains("..") || key.indexOf('\0') >= 0) {
            throw new NetlinkException("sysctl " + key.replace('\0', '?'), Errno.EINVAL);
        }
    }

    static int check(String operation, int result) throws NetlinkException {
        if (result < 0) {
            throw new NetlinkException(operation, -result);
        }
        return result;
    }

    private static byte[] path(String operation, String path) throws NetlinkException {
        try {
            return Linux.path(path);
        } catch (LinuxException e) {
            throw new NetlinkException(operation.replace('\0', '?'), e.errno());
        }
    }
}
