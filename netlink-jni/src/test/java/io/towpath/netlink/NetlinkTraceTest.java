package io.towpath.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.rtnl.Rtnl;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetlinkTraceTest {
    /** RTM_GETLINK is 18, RTM_NEWLINK 16: linux/rtnetlink.h. */
    @Test
    void everyMessageIsALine() throws Exception {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int links;
        NetlinkTrace.to(new PrintStream(lines, true, StandardCharsets.UTF_8));
        try (Rtnl rtnl = Rtnl.open()) {
            links = rtnl.links().size();
        } finally {
            NetlinkTrace.to(null);
        }
        List<String> told = lines.toString(StandardCharsets.UTF_8).lines().toList();
        assertTrue(
                told.getFirst()
                        .matches(
                                "netlink route > type=18 flags=0x\\p{XDigit}+ seq=\\d+ port=\\d+ length=\\d+ [0-9a-f]+"),
                told::toString);
        assertEquals(
                links,
                told.stream()
                        .filter(each -> each.startsWith("netlink route < type=16 "))
                        .count());
        assertTrue(told.getLast().startsWith("netlink route < type=done "), told::toString);
        for (String each : told) {
            int length = Integer.parseInt(each.replaceAll(".* length=(\\d+) .*", "$1"));
            String digits = each.substring(each.lastIndexOf(' ') + 1);
            assertEquals(length, Nl.NLMSG_HDRLEN + digits.length() / 2, each);
        }
        lines.reset();
        try (Rtnl rtnl = Rtnl.open()) {
            rtnl.links();
        }
        assertEquals(0, lines.size());
    }
}
