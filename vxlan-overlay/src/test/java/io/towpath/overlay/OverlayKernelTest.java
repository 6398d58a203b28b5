package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Node n1 of clusters of {@link Clusters}, with n2 at the other end of its eth0. */
@NeedsRoot
class OverlayKernelTest {
    private static final List<String> DAMAGES = List.of(
            "ip link set flannel.1 down",
            "ip link delete flannel.1",
            "ip link set flannel.1 mtu 1400",
            "ip link set flannel-v6.1 mtu 1200",
            "ip link set flannel.1 address 02:00:00:00:00:77",
            "ip link set flannel.1 type vxlan learning",
            "ip addr flush dev flannel.1",
            "ip addr delete 10.64.1.0/32 dev flannel.1",
            "ip addr add 10.64.1.0/24 dev flannel.1",
            "ip addr add 10.64.77.1/16 dev flannel.1",
            "ip addr delete fd00:a:1::/128 dev flannel-v6.1",
            "ip addr add fd00:a:9::/64 dev flannel-v6.1",
            "ip route delete 10.64.2.0/24",
            "ip route add 10.64.99.0/24 via 10.64.99.0 dev flannel.1 onlink",
            "ip route replace 10.64.2.0/24 dev flannel.1",
            "ip route replace 10.64.2.0/24 via 10.64.3.0 dev flannel.1 onlink",
            "ip route add 10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink metric 7",
            "ip route replace 10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink mtu 1000 proto static",
            "ip -6 route delete fd00:a:2::/64",
            "ip -6 route add fd00:a:99::/64 via fd00:a:99:: dev flannel-v6.1 onlink",
            "ip -6 route flush dev flannel-v6.1 proto boot",
            "ip neigh delete 10.64.2.0 dev flannel.1",
            "ip neigh replace 10.64.2.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent",
            "ip neigh replace 10.64.2.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud stale",
            "ip neigh add 10.64.99.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent",
            "ip neigh flush dev flannel-v6.1 nud permanent",
            "bridge fdb delete MAC2 dev flannel.1 self",
            "bridge fdb replace MAC2 dst 192.168.9.9 dev flannel.1 self permanent",
            "bridge fdb add 02:00:00:00:00:99 dst 192.168.9.9 dev flannel.1 self permanent",
            "bridge fdb append 00:00:00:00:00:00 dst 192.168.9.9 dev flannel.1 self permanent",
            "sysctl -qw net.ipv6.conf.flannel/1.accept_ra=2",
            "sysctl -qw net.ipv6.conf.flannel-v6/1.disable_ipv6=1",
            "sysctl -qw net.ipv4.ip_forward=0",
            "sysctl -qw net.ipv6.conf.all.forwarding=0");

    @TempDir
    private Path folder;

    private TestNode node;
    private TestNode other;

    @BeforeEach
    void connect() throws IOException {
        node = new TestNode(folder);
        other = new TestNode(folder);
        TestNode.connect(node, other);
        node.ip("addr add 192.168.0.1/16 dev eth0");
        other.ip("addr add 192.168.0.2/16 dev eth0");
        node.ip("addr add fd00::1/64 dev eth0 nodad");
        other.ip("addr add fd00::2/64 dev eth0 nodad");
    }

    @AfterEach
    void close() {
        node.close();
        other.close();
    }

    private void cluster(int nodes, boolean ipv6) throws IOException {
        Files.writeString(node.clusterFile(), Clusters.json(nodes, ipv6, ""));
        Files.writeString(
                other.clusterFile(), Clusters.json(nodes, ipv6, "").replace("\"n1\",\"nodes\"", "\"n2\",\"nodes\""));
    }

    private static void assertContains(String part, String text) {
        assertTrue(text.contains(part), () -> "\"" + part + "\" is not in\n" + text);
    }

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

    static List<String> damages() {
        return DAMAGES;
    }

    @ParameterizedTest
    @MethodSource("damages")
    void mends(String damage) throws Exception {
        cluster(3, true);
        node.sync();
        String before = node.witness();
        damage(damage);
        assertNotEquals(before, node.witness());
        SyncReport report = node.sync();
        assertFalse(report.changes().isEmpty());
        assertEquals(List.of(), report.failures());
        assertEquals(before, node.witness());
        assertEquals(List.of(), node.sync().changes());
    }

    private void damage(String damage) {
        node.execute(damage.replace("MAC2", VtepMac.of("n2", false).toString()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void mendsManyThingsAtOnce(long seed) throws Exception {
        cluster(3, true);
        node.sync();
        String before = node.witness();
        List<String> some = new ArrayList<>(DAMAGES);
        Collections.shuffle(some, new Random(seed));
        List<String> done = new ArrayList<>();
        for (String each : some.subList(0, 8)) {
            try {
                damage(each);
                done.add(each);
            } catch (AssertionError e) {
                done.add("not possible any more: " + each);
            }
        }
        assertEquals(List.of(), node.sync().failures());
        assertEquals(before, node.witness(), done::toString);
        assertEquals(List.of(), node.sync().changes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "id 2 local 192.168.0.1 dev eth0 dstport 8472 nolearning",
                "id 1 local 192.168.0.9 dev eth0 dstport 8472 nolearning",
                "id 1 local 192.168.0.1 dstport 8472 nolearning",
                "id 1 local 192.168.0.1 dev eth0 dstport 4789 nolearning",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 learning",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning gbp",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning l2miss",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning l3miss",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning proxy",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning rsc",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning ttl 3",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning noudpcsum",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning srcport 5000 6000",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning remote 192.168.0.2",
                "id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning group 239.1.1.1",
                "external dstport 8472",
            })
    void replacesADeviceOfAnotherMake(String attributes) throws Exception {
        cluster(3, false);
        node.sync();
        String before = node.witness();
        node.ip("link delete flannel.1");
        node.ip("link add flannel.1 type vxlan " + attributes);
        node.ip("link set flannel.1 up");
        node.sync();
        assertEquals(before, node.witness());
        assertEquals(List.of(), node.sync().changes());
    }

    @Test
    void replacesADeviceOfAnotherKind() throws Exception {
        cluster(3, false);
        node.ip("link add flannel.1 type bridge");
        node.sync();
        assertContains("vxlan id 1", node.ip("-d link show flannel.1"));
        assertEquals(List.of(), node.sync().changes());
    }

    @Test
    void takesOverFlanneldsDeviceInPlace() throws Exception {
        cluster(2, false);
        node.ip("link add flannel.1 address 02:00:00:00:00:05 mtu 1450 type vxlan id 1 local 192.168.0.1 dev eth0"
                + " dstport 8472 nolearning");
        String index = node.ip("-o link show flannel.1").split(":", 2)[0];
        node.sync();
        assertEquals(index, node.ip("-o link show flannel.1").split(":", 2)[0]);
        assertContains(VtepMac.of("n1", false).toString(), node.ip("link show flannel.1"));
    }

    @Test
    void removesItsDeviceOfAnEarlierVniAndNobodyElses() throws Exception {
        cluster(2, true);
        node.sync();
        node.ip("link add flannel.9 type vxlan id 9 dstport 8472");
        Files.writeString(node.clusterFile(), Clusters.json(2, false, "\"vni\":2,"));
        node.sync();
        String links = node.ip("-o link");
        assertContains(": flannel.2:", links);
        assertContains(": flannel.9:", links);
        assertFalse(links.contains("flannel.1:") || links.contains("flannel-v6.1:"), links);
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

    @Test
    void ensureBuildsWhatIsNotThere() throws Exception {
        cluster(3, true);
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        String before = node.witness();
        assertEquals(Ensured.Outcome.STOOD, node.ensure().outcome());
        for (String damage :
                List.of("link set flannel.1 down", "link delete flannel-v6.1", "link set flannel.1 mtu 1300")) {
            node.ip(damage);
            assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
            assertEquals(before, node.witness());
        }
        Files.delete(node.file("run/node.json"));
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        assertTrue(Files.exists(node.file("run/node.json")));
        cluster(4, true);
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        assertContains("10.64.4.0", node.witness());
    }

    @Test
    void ensureWorksFromTheLastKnownState() throws Exception {
        cluster(3, false);
        node.ensure();
        String before = node.witness();
        Files.delete(node.clusterFile());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
        node.ip("link delete flannel.1");
        Ensured ensured = node.ensure();
        assertEquals(Ensured.Outcome.SYNCED, ensured.outcome());
        assertContains("is gone; the last known one is used", ensured.warnings().getFirst());
        assertEquals(before, node.witness());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());

        Files.writeString(node.clusterFile(), "{");
        for (int i = 0; i < 2; i++) {
            ensured = node.ensure();
            assertContains("not valid JSON", ensured.warnings().getFirst());
            assertEquals(i == 0 ? Ensured.Outcome.SYNCED : Ensured.Outcome.STOOD, ensured.outcome());
        }
        assertEquals(before, node.witness());
    }

    @Test
    void flanneldsOverlayIsLeftAlone() throws Exception {
        Files.createDirectories(node.file("flannel"));
        Files.writeString(
                node.file("flannel/subnet.env"),
                "FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_SUBNET=10.64.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
        assertEquals(Ensured.Outcome.NOT_OURS, node.ensure().outcome());
        assertFalse(Files.exists(node.file("run")));
        assertFalse(node.ip("link").contains("flannel"));
    }

    @Test
    void flanneldTakesOver() throws Exception {
        cluster(2, false);
        node.ensure();
        Files.delete(node.clusterFile());
        node.ip("link delete flannel.1");
        Files.writeString(node.file("flannel/subnet.env"), "FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_IPMASQ=true\n");
        assertEquals(Ensured.Outcome.NOT_OURS, node.ensure().outcome());
        assertFalse(node.ip("link").contains("flannel"));
    }

    @Test
    void manyAtOnceMakeOneOverlay() throws Exception {
        cluster(50, true);
        List<Future<Ensured>> all = new ArrayList<>();
        try (var pool = Executors.newFixedThreadPool(16)) {
            for (int i = 0; i < 16; i++) {
                Callable<Ensured> one = node::ensure;
                all.add(pool.submit(one));
            }
        }
        int synced = 0;
        for (Future<Ensured> each : all) {
            assertEquals(List.of(), each.get().warnings());
            synced += each.get().outcome() == Ensured.Outcome.SYNCED ? 1 : 0;
        }
        assertEquals(1, synced);
        assertEquals(List.of(), node.sync().changes());
    }
}
