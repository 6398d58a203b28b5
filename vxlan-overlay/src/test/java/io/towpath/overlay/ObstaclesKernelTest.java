package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What others put in the overlay's way is seen, and nothing that is not. */
@NeedsRoot
class ObstaclesKernelTest extends KernelScene {
    private static final String VPN = "ip route add default via 192.168.0.9 table 77";
    private static final String ALL =
            "leads past the main table, by 0.0.0.0/0 via 192.168.0.9 dev eth0, for slice 10.64.2.0/24 of"
                    + " node n2 and 1 more";

    private static final String NEXT = " & ip rule add pref 101 lookup 77 => ip rule 101: from all lookup 77 " + ALL;

    /** What is done; what is told of it. */
    static final List<String> OBSTACLES = List.of(
            "ip route prepend blackhole 10.64.2.0/24"
                    + " => slice 10.64.2.0/24 of node n2: the kernel takes the route blackhole 10.64.2.0/24 before the overlay's",
            "ip route prepend 10.64.2.0/24 via 192.168.0.9 dev eth0"
                    + " => slice 10.64.2.0/24 of node n2: the kernel takes the route 10.64.2.0/24 via 192.168.0.9 dev eth0 before the"
                    + " overlay's",
            "ip route add 10.64.2.0/24 via 192.168.0.9 dev eth0 tos 0x10"
                    + " => slice 10.64.2.0/24 of node n2: the kernel takes the route 10.64.2.0/24 via 192.168.0.9 dev eth0 before the"
                    + " overlay's",
            "ip route add unreachable 10.64.2.128/25"
                    + " => slice 10.64.2.0/24 of node n2: the route unreachable 10.64.2.128/25 takes a part of it",
            "ip -6 route add blackhole fd00:a:2::/64 metric 1"
                    + " => slice fd00:a:2::/64 of node n2: the kernel takes the route blackhole fd00:a:2::/64 dev lo metric 1 before the"
                    + " overlay's",
            VPN + " & ip rule add pref 100 lookup 77 => ip rule 100: from all lookup 77 " + ALL,
            VPN + " & ip rule add pref 100 not fwmark 0x1 lookup 77"
                    + " => ip rule 100: not from all fwmark 0x1/0xffffffff lookup 77 " + ALL,
            VPN + " & ip rule add pref 100 iif cali00000000005 lookup 77"
                    + " => ip rule 100: from all iif cali00000000005 lookup 77 " + ALL,
            VPN
                    + " & ip rule add pref 100 lookup main suppress_prefixlength 24 & ip rule add pref 101 from 10.64.1.0/24 lookup 77"
                    + " => ip rule 101: from 10.64.1.0/24 lookup 77 " + ALL,
            VPN + " & ip rule add pref 100 iif lo lookup 77 => ip rule 100: from all iif lo lookup 77 " + ALL,
            VPN + " & ip rule add pref 100 ipproto tcp lookup 77 => ip rule 100: from all ... lookup 77 " + ALL,
            VPN + " & ip rule add pref 100 not to 10.64.2.128/25 lookup 77"
                    + " => ip rule 100: not from all to 10.64.2.128/25 lookup 77 " + ALL,
            // What brings some packets to the main table leaves the others to the next rule.
            VPN + " & ip rule add pref 100 ipproto tcp lookup main" + NEXT,
            VPN + " & ip rule add pref 100 dport 53 lookup main" + NEXT,
            VPN + " & ip rule add pref 100 sport 53 lookup main" + NEXT,
            VPN + " & ip rule add pref 100 tos 0x10 lookup main" + NEXT,
            VPN + " & ip rule add pref 100 iif cali00000000005 lookup main" + NEXT,
            VPN + " & ip rule add pref 100 ipproto tcp goto 32766" + NEXT,
            "ip rule add pref 100 to 10.64.3.0/24 type blackhole"
                    + " => ip rule 100: from all to 10.64.3.0/24 blackhole leads past the main table, for slice 10.64.3.0/24 of node n3",
            "ip -6 rule add pref 100 from fd00:a:1::/64 type prohibit"
                    + " => ip rule 100: from fd00:a:1::/64 prohibit leads past the main table, for slice fd00:a:2::/64 of node n2 and 1"
                    + " more",
            "ip rule add pref 100 goto 32767"
                    + " => no ip rule leads to the main table, for slice 10.64.2.0/24 of node n2 and 1 more",
            "ip rule del pref 32766 => no ip rule leads to the main table, for slice 10.64.2.0/24 of node n2 and 1 more",
            "sysctl -qw net.ipv4.conf.eth0.forwarding=0"
                    + " => net.ipv4.conf.eth0.forwarding is 0: what comes in by eth0 is not forwarded to pods");

    /** What nodes have, and hinders nobody. */
    static final List<String> HARMLESS = List.of(
            "ip route show",
            "ip route append blackhole 10.64.2.0/24",
            "ip route add blackhole 10.64.2.0/24 metric 5",
            "ip route add blackhole 10.64.0.0/16",
            "ip route add blackhole 10.64.1.128/25",
            "ip -6 route add blackhole fd00:a:2::/64 metric 4000",
            "ip route add blackhole 10.64.2.0/24 table 77",
            VPN + " & ip rule add pref 100 fwmark 0x80000/0xff0000 lookup 77",
            "ip rule add pref 100 lookup 78",
            "ip route add throw 10.64.0.0/10 table 77 & " + VPN + " & ip rule add pref 100 lookup 77",
            VPN
                    + " & ip rule add pref 10 lookup main suppress_prefixlength 0 & ip rule add pref 11 not fwmark 0xca6c lookup 77",
            VPN + " & ip rule add pref 100 lookup 77 suppress_prefixlength 0",
            VPN + " & ip rule add pref 100 from 192.168.0.1 lookup 77",
            VPN + " & ip rule add pref 100 to 172.16.0.0/12 lookup 77",
            VPN + " & ip rule add pref 100 not to 10.64.0.0/10 lookup 77",
            VPN + " & ip rule add pref 100 iif eth0 lookup 77",
            VPN + " & ip rule add pref 100 uidrange 1000-1000 lookup 77",
            VPN + " & ip rule add pref 100 oif eth0 lookup 77",
            VPN + " & ip rule add pref 100 tun_id 5 lookup 77",
            "ip rule add pref 100 l3mdev unreachable",
            VPN + " & ip rule add pref 100 to 10.64.0.0/10 lookup main & ip rule add pref 101 lookup 77",
            VPN + " & ip rule add pref 100 goto 32766 & ip rule add pref 101 lookup 77",
            "ip route add 10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink table 77 & ip rule add pref 100 lookup 77",
            "ip rule add pref 100 lookup local & ip rule del pref 0");

    private List<String> obstacles(String commands) throws Exception {
        cluster(3, true);
        node.sync();
        for (String command : commands.split(" & ", -1)) {
            node.execute(command);
        }
        return node.overlay(overlay -> {
            SyncReport report = overlay.sync();
            assertEquals(List.of(), report.failures());
            assertTrue(report.changes().isEmpty(), () -> "it is not ours to mend: " + report.changes());
            return overlay.obstacles(report.desired());
        });
    }

    @ParameterizedTest
    @FieldSource("OBSTACLES")
    void isSeen(String example) throws Exception {
        String[] parts = example.split(" => ", -1);
        assertEquals(List.of(parts[1]), obstacles(parts[0]));
        assertTrue(node.overlay(Overlay::show).remarks().contains("obstacle: " + parts[1]));
    }

    @Test
    void ofManyTheFirstAreTold() throws Exception {
        cluster(25, false);
        SyncReport report = node.sync();
        for (int peer = 2; peer <= 25; peer++) {
            node.execute("ip route prepend blackhole 10.64." + peer + ".0/24");
        }
        List<String> obstacles = node.overlay(overlay -> overlay.obstacles(report.desired()));
        assertEquals(21, obstacles.size());
        assertEquals("and 4 more", obstacles.getLast());
    }

    @ParameterizedTest
    @FieldSource("HARMLESS")
    void isNoFalseAlarm(String commands) throws Exception {
        assertEquals(List.of(), obstacles(commands));
    }
}
