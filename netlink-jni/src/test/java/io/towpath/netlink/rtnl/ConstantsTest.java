package io.towpath.netlink.rtnl;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.netlink.Nl;
import io.towpath.netlink.conntrack.Ctnetlink;
import io.towpath.netlink.ipset.IpsetNetlink;
import io.towpath.netlink.nflog.NfnetlinkLog;
import io.towpath.netlink.nft.NfTables;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every constant that has a name of the kernel's headers has its value too, by the compiler's witness. */
class ConstantsTest {
    private static final List<Class<?>> CLASSES = List.of(
            Nl.class,
            IfLink.class,
            Rtnetlink.class,
            NeighbourTable.class,
            TrafficControl.class,
            Qdisc.class,
            Filter.class,
            Route.class,
            Address.class,
            Neighbour.class,
            Link.class,
            LinkChange.class,
            Errno.class,
            Linux.class,
            NfTables.class,
            Ctnetlink.class,
            IpsetNetlink.class,
            NfnetlinkLog.class);
    private static final String INCLUDES = """
            #include <stdio.h>
            #include <errno.h>
            #include <netinet/in.h>
            #include <sys/socket.h>
            #include <linux/if_addr.h>
            #include <linux/if_ether.h>
            #include <linux/if_link.h>
            #include <linux/if.h>
            #include <linux/ip.h>
            #include <linux/magic.h>
            #include <linux/netconf.h>
            #include <linux/neighbour.h>
            #include <linux/net_namespace.h>
            #include <linux/nexthop.h>
            #include <linux/netfilter.h>
            #include <linux/netfilter/ipset/ip_set.h>
            #include <linux/netfilter/nf_conntrack_common.h>
            #include <linux/netfilter/nf_nat.h>
            #include <linux/netfilter/nf_tables.h>
            #include <linux/netfilter/nfnetlink.h>
            #include <linux/netfilter/nfnetlink_conntrack.h>
            #include <linux/netfilter/nfnetlink_log.h>
            #include <linux/netlink.h>
            #include <linux/pkt_cls.h>
            #include <linux/pkt_sched.h>
            #include <linux/rtnetlink.h>
            #include <linux/tc_act/tc_mirred.h>
            #include <linux/veth.h>
            """;

    @TempDir
    private Path folder;

    @Test
    void haveTheValuesOfTheHeaders() throws Exception {
        Map<String, Long> ours = new TreeMap<>();
        for (Class<?> type : CLASSES) {
            for (Field field : type.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (Modifier.isStatic(modifiers)
                        && Modifier.isPublic(modifiers)
                        && field.getType().isPrimitive()) {
                    ours.put(field.getName(), field.getLong(null));
                }
            }
        }
        for (Ipv4Devconf setting : Ipv4Devconf.values()) {
            ours.put("IPV4_DEVCONF_" + setting.name().toUpperCase(Locale.ROOT), (long) setting.number());
        }
        Map<String, Long> theirs = headers(new ArrayList<>(ours.keySet()));
        theirs.entrySet().removeAll(ours.entrySet());
        assertEquals(Map.of(), theirs);
    }

    private Map<String, Long> headers(List<String> names) throws IOException, InterruptedException {
        StringBuilder source = new StringBuilder(INCLUDES).append("int main(void) {\n");
        for (String name : names) {
            // Of unsigned ones the same bits count.
            source.append("printf(\"%d\\n\", (int)").append(name).append(");\n");
        }
        source.append("}\n");
        Path file = Files.writeString(folder.resolve("constants.c"), source, US_ASCII);
        Path program = folder.resolve("constants");
        run("gcc", "-w", "-o", program.toString(), file.toString());
        List<String> values = run(program.toString()).lines().toList();
        Map<String, Long> result = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            result.put(names.get(i), Long.valueOf(values.get(i)));
        }
        return new TreeMap<>(result);
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), US_ASCII);
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
