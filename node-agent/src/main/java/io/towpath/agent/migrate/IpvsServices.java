package io.towpath.agent.migrate;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The services that IPVS has in the calling thread's network namespace, whoever made them. */
final class IpvsServices {
    private static final String FILE = "/proc/thread-self/net/ip_vs";
    private static final int LIMIT = 64 << 20;
    private static final Pattern SERVICE = Pattern.compile("^(TCP|UDP|SCTP|FWM) ", Pattern.MULTILINE);

    private IpvsServices() {}

    /** How many: none where the kernel has no IPVS. */
    static long count() throws LinuxException {
        byte[] content = Linux.readFile(FILE, LIMIT);
        return content == null ? 0 : count(new String(content, StandardCharsets.US_ASCII));
    }

    static long count(String table) {
        return SERVICE.matcher(table).results().count();
    }
}
