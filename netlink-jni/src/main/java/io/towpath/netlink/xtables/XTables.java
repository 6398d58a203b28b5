package io.towpath.netlink.xtables;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.linux.Native;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The tables of iptables-legacy or ip6tables-legacy in the calling thread's network namespace, by the kernel's socket options
 * ({@code linux/netfilter_ipv4/ip_tables.h}, {@code linux/netfilter_ipv6/ip6_tables.h}). Who changes them holds {@link #LOCK}, as those
 * programs do. Not for use by several threads at once.
 */
public final class XTables implements AutoCloseable {
    /** What iptables-legacy and ip6tables-legacy lock while they read and write. */
    public static final String LOCK = "/run/xtables.lock";

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int IPPROTO_IP = 0;
    private static final int IPPROTO_IPV6 = 41;

    // IPT_BASE_CTL and IP6T_BASE_CTL, and what is counted from there.
    private static final int SET_REPLACE = 64;
    private static final int SET_ADD_COUNTERS = 65;
    private static final int GET_INFO = 64;
    private static final int GET_ENTRIES = 65;

    private static final int NAMES_LIMIT = 1 << 16;

    private final boolean ipv6;
    private final int fd;

    private XTables(boolean ipv6, int fd) {
        this.ipv6 = ipv6;
        this.fd = fd;
    }

    /**
     * Opens a session.
     *
     * @throws LinuxException with EAFNOSUPPORT if the kernel has no such family
     */
    public static XTables open(boolean ipv6) throws LinuxException {
        int fd = Native.datagramOpen(ipv6 ? AF_INET6 : AF_INET);
        return new XTables(ipv6, check("open a socket for " + family(ipv6), fd));
    }

    private static String family(boolean ipv6) {
        return ipv6 ? "ip6tables" : "iptables";
    }

    /** The tables that there are: asking for another one would make it. None where iptables-legacy was never used. */
    public static List<String> names(boolean ipv6) throws LinuxException {
        byte[] content = Linux.readFile(
                ipv6 ? "/proc/thread-self/net/ip6_tables_names" : "/proc/thread-self/net/ip_tables_names", NAMES_LIMIT);
        return content == null
                ? List.of()
                : new String(content, StandardCharsets.US_ASCII).lines().toList();
    }

    /**
     * A table as it is.
     *
     * @throws LinuxException with EAGAIN if it changed meanwhile, with EBADMSG if it cannot be understood
     */
    public XTable read(String name) throws LinuxException {
        byte[] info = XTable.info(name);
        option("read table ", name, GET_INFO, info);
        byte[] entries = XTable.room(info);
        option("read table ", name, GET_ENTRIES, entries);
        return XTable.of(ipv6, info, entries);
    }

    /**
     * Removes chains and rules from a table in one step, which no packet meets halfway; what the others have counted stays.
     *
     * @param chains those to remove with their rules; no rule that stays leads to one of them
     * @param rules those to remove from other chains
     * @throws LinuxException with EAGAIN if the table has changed since it was read; then nothing is removed
     */
    public void remove(XTable table, Set<String> chains, Set<XRule> rules) throws LinuxException {
        XTable.Replacement replacement = table.without(chains, rules);
        byte[] counters = new byte[table.counters()];
        int result = Native.replaceTable(fd, level(), SET_REPLACE, replacement.bytes(), counters);
        check("replace table " + table.name() + " of " + family(ipv6), result);
        // The kernel begins with zeros.
        int counted = Native.setOption(fd, level(), SET_ADD_COUNTERS, replacement.counted(counters));
        check("restore the counters of table " + table.name() + " of " + family(ipv6), counted);
    }

    private int level() {
        return ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    }

    private void option(String operation, String name, int option, byte[] value) throws LinuxException {
        int length = check(operation + name + " of " + family(ipv6), Native.getOption(fd, level(), option, value));
        if (length < value.length) {
            Arrays.fill(value, length, value.length, (byte) 0);
        }
    }

    private static int check(String operation, int result) throws LinuxException {
        if (result < 0) {
            throw new LinuxException(operation, -result, -result == Errno.EAGAIN ? "it changes all the time" : null);
        }
        return result;
    }

    @Override
    public void close() {
        Native.close(fd);
    }
}
