package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sync makes, and what it leaves alone. */
@NeedsRoot
class OverlayKernelTest extends KernelScene {
    @Test
    void looksAsFlannelsDoes() throws Exception {
        cluster(3, false);
        node.sync();
        String device = node.ip("-d addr show flannel.1");
        assertContains(
                "vxlan id 1 local 192.168.0.1 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum",
                device);
        assertContains("<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 ", device);
        assertContains("link/ether " + VtepMac.of("n1", false) + " ", device);
        assertContains("inet 10.64.1.0/32 scope global flannel.1", device);
        assertEquals("""
                10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink\s
                10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink\s
                192.168.0.0/16 dev eth0 proto kernel scope link src 192.168.0.1\s
                """, node.ip("route"));
        assertContains(
                "10.64.2.0 lladdr " + VtepMac.of("n2", false) + " PERMANENT", node.ip("neigh show dev flannel.1"));
        assertContains(
                VtepMac.of("n3", false) + " dst 192.168.0.3 self permanent",
                node.execute("bridge fdb show dev flannel.1"));
        assertEquals("0\n", node.execute("cat /proc/sys/net/ipv6/conf/flannel.1/accept_ra"));
        assertEquals("1\n", node.execute("cat /proc/sys/net/ipv4/ip_forward"));
        assertEquals(
                "{\"node\":\"n1\",\"networks\":[\"10.64.0.0/10\"],\"slices\":[\"10.64.1.0/24\"],\"mtu\":1450,\"device\":\"flannel.1\"}\n",
                Files.readString(node.file("run/node.json")));
        assertEquals(
                "FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_SUBNET=10.64.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n",
                Files.readString(node.file("flannel/subnet.env")));
    }

    @Test
    void looksAsFlannelsDoesForIpv6() throws Exception {
        cluster(3, true);
        node.sync();
        String device = node.ip("-d addr show flannel-v6.1");
        assertContains("vxlan id 1 local fd00::1 dev eth0 srcport 0 0 dstport 8472 nolearning", device);
        assertContains(" mtu 1430 ", device);
        assertContains("inet6 fd00:a:1::/128 scope global", device);
        assertContains(
                "fd00:a:2::/64 via fd00:a:2:: dev flannel-v6.1 metric 1024 onlink pref medium", node.ip("-6 route"));
        assertContains(
                "fd00:a:2:: lladdr " + VtepMac.of("n2", true) + " PERMANENT",
                node.ip("-6 neigh show dev flannel-v6.1"));
        assertEquals("1\n", node.execute("cat /proc/sys/net/ipv6/conf/all/forwarding"));
        assertContains("\"mtu\":1430,\"device\":\"flannel.1\"", Files.readString(node.file("run/node.json")));
        assertContains(
                "FLANNEL_IPV6_NETWORK=fd00:a::/32\nFLANNEL_IPV6_SUBNET=fd00:a:1::1/64\nFLANNEL_MTU=1430\n",
                Files.readString(node.file("flannel/subnet.env")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 1000})
    void aSecondRunSendsAndWritesNothing(int nodes) throws Exception {
        cluster(nodes, true);
        node.sync();
        List<FileTime> times = times();
        try (TestNode.Running monitor = node.start("ip monitor all", false)) {
            // The monitor says nothing when it is ready: it is when it tells of this.
            awaitInMonitor(monitor, "192.0.2.1", () -> node.ip("addr add 192.0.2.1/32 dev lo"), new ArrayList<>());
            SyncReport report = node.sync();
            assertEquals(List.of(), report.changes());
            assertEquals(Ensured.Outcome.STOOD, node.ensure().outcome());
            List<String> told = new ArrayList<>();
            awaitInMonitor(monitor, "192.0.2.2", () -> node.ip("addr add 192.0.2.2/32 dev lo"), told);
            told.removeIf(line -> line.contains("192.0.2.") || line.contains("dev lo"));
            // The devices' link-local addresses, which the kernel makes and tells of in its own time.
            told.removeIf(line -> line.contains("fe80:") || line.contains("valid_lft"));
            assertEquals(List.of(), told);
        }
        assertEquals(times, times());
    }

    private void awaitInMonitor(TestNode.Running monitor, String sign, Runnable event, List<String> told)
            throws Exception {
        // Repeated until the monitor has been there to see it.
        event.run();
        while (!monitor.output().ready()) {
            node.ip("addr del " + sign + "/32 dev lo");
            event.run();
        }
        String line = monitor.output().readLine();
        while (line != null && !(line.contains(sign) && line.contains("inet "))) {
            told.add(line);
            line = monitor.output().readLine();
        }
        while (monitor.output().ready()) {
            monitor.output().readLine();
        }
    }

    private List<FileTime> times() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (String file : List.of("run/node.json", "run/overlay.state", "run/cluster.json", "flannel/subnet.env")) {
            times.add(Files.getLastModifiedTime(node.file(file)));
        }
        return times;
    }

    @Test
    void leavesOthersThingsAlone() throws Exception {
        cluster(2, false);
        node.ip("link add br0 type bridge");
        node.ip("addr add 10.64.1.1/24 dev br0");
        node.ip("link set br0 up");
        node.ip("route add 10.64.200.0/24 via 192.168.0.2");
        node.ip("route add blackhole 10.64.201.0/24");
        node.ip("neigh add 192.168.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud permanent");
        node.ip("route add 203.0.113.0/24 dev eth0 table 77");
        String before = node.ip("addr show dev br0") + node.ip("route show table all") + node.ip("neigh show dev eth0");
        node.sync();
        node.sync();
        node.ip("link delete flannel.1");
        assertEquals(
                before,
                node.ip("addr show dev br0") + node.ip("route show table all") + node.ip("neigh show dev eth0"));
    }

    @Test
    void aRouteInTheWayIsToldAndTheOtherPeersAreReached() throws Exception {
        cluster(3, false);
        node.ip("route add 10.64.2.0/24 via 192.168.0.2");
        SyncReport report = node.sync();
        assertEquals(1, report.failures().size());
        assertEquals(
                "flannel.1: node n2: route add 10.64.2.0/24 via 10.64.2.0 dev "
                        + node.ip("-o link show flannel.1").split(":", 2)[0]
                        + " onlink: EEXIST File exists; a route that is not of this overlay is in the way",
                report.failures().getFirst().toString());
        assertContains("10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink", node.ip("route"));
        assertContains("10.64.2.0/24 via 192.168.0.2 dev eth0", node.ip("route"));
        assertContains("\"slices\"", Files.readString(node.file("run/node.json")));
        assertEquals(1, node.ensure().warnings().size());
        node.ip("route delete 10.64.2.0/24");
        assertEquals(List.of(), node.ensure().warnings());
        assertContains("10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink", node.ip("route"));
        assertEquals(Ensured.Outcome.STOOD, node.ensure().outcome());
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.64.2.0", "fd00:a:2::"})
    void carriesPacketsInVxlan(String target) throws Exception {
        cluster(2, true);
        node.sync();
        other.sync();
        String outer = target.contains(":") ? "IP6 fd00::1." : "IP 192.168.0.1.";
        try (TestNode.Running capture = node.start("tcpdump -l -nn -c 1 -i eth0 -Q out udp dst port 8472", true)) {
            String ping = node.execute("ping -c 2 -i 0.1 -W 5 " + target);
            assertContains(" 0% packet loss", ping);
            String packet = capture.output().readLine();
            assertContains(outer, packet);
            assertContains(".8472: OTV", packet.replace("VXLAN", "OTV"));
        }
        // The largest packet that fits, and that one byte more does not fit in the underlay.
        int payload = target.contains(":") ? 1430 - 48 : 1450 - 28;
        assertContains(" 0% packet loss", node.execute("ping -c 1 -W 5 -M do -s " + payload + " " + target));
    }

    @Test
    void checksumsAreComputedWhereOffloadIsBroken() throws Exception {
        cluster(2, true);
        node.sync();
        assertContains("tx-checksum-ip-generic: on", node.execute("ethtool -k flannel.1"));
        Host old = new LinuxHost() {
            @Override
            public String kernelRelease() {
                return "5.4.0";
            }
        };
        for (int i = 0; i < 2; i++) {
            SyncReport report = node.inside(() -> {
                try (Rtnl rtnl = Rtnl.open()) {
                    return new Overlay(node.config(), rtnl, old).sync();
                }
            });
            assertEquals(i == 0 ? 2 : 0, report.plan().size());
        }
        assertContains("tx-checksum-ip-generic: off", node.execute("ethtool -k flannel.1"));
        assertContains("tx-checksum-ip-generic: off", node.execute("ethtool -k flannel-v6.1"));
        assertContains("tx-checksum-ip-generic: on", node.execute("ethtool -k eth0"));
        assertEquals(List.of(), node.sync().changes());
    }

    @Test
    void thousandsOfPeers() throws Exception {
        cluster(5000, false);
        SyncReport report = node.sync();
        assertEquals(List.of(), report.failures());
        assertEquals(4999, node.ip("route show dev flannel.1").lines().count());
        assertEquals(
                4999, node.ip("neigh show dev flannel.1 nud permanent").lines().count());
        assertEquals(4999, node.execute("bridge fdb show dev flannel.1").lines().count());
        assertEquals(List.of(), node.sync().changes());
        cluster(10, false);
        node.sync();
        assertEquals(9, node.ip("route show dev flannel.1").lines().count());
        assertEquals(
                9, node.ip("neigh show dev flannel.1 nud permanent").lines().count());
        assertEquals(9, node.execute("bridge fdb show dev flannel.1").lines().count());
    }

    @Test
    void peersComeChangeAndGo() throws Exception {
        cluster(4, true);
        node.sync();
        String json = Clusters.json(4, true, "");
        Files.writeString(
                node.clusterFile(),
                json.replace("192.168.0.2", "192.168.7.2")
                        .replace("10.64.3.0/24", "10.64.33.0/24")
                        .replace("\"n4\"", "\"n44\"")
                        .replace("fd00::2\"", "fd00::7:2\""));
        node.sync();
        String changed = node.witness();
        node.ip("link delete flannel.1");
        node.ip("link delete flannel-v6.1");
        node.sync();
        assertEquals(sorted(node.witness()), sorted(changed));
        assertContains("dst 192.168.7.2", changed);
        assertFalse(changed.contains("192.168.0.2") || changed.contains("10.64.3.0"), changed);
    }

    private static List<String> sorted(String text) {
        return text.lines().sorted().toList();
    }
}
