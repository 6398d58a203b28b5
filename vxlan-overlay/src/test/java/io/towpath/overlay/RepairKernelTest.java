package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What others did to the devices, undone. */
@NeedsRoot
class RepairKernelTest extends KernelScene {
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
            "bridge fdb replace MAC2 dst 192.168.0.2 port 4789 dev flannel.1 self permanent",
            "bridge fdb replace MAC2 dst 192.168.0.2 vni 0 dev flannel.1 self permanent",
            "bridge fdb replace MAC2 dst 192.168.0.2 via lo dev flannel.1 self permanent",
            "bridge fdb replace MAC2 dst 192.168.0.2 dev flannel.1 self static",
            "ip nexthop add id 7 via 192.168.9.9 fdb & ip nexthop add id 8 group 7 fdb"
                    + " & bridge fdb delete MAC2 dev flannel.1 self & bridge fdb add MAC2 nhid 8 dev flannel.1 self permanent",
            "ip nexthop add id 17 via 192.168.9.9 fdb & ip nexthop add id 18 group 17 fdb"
                    + " & bridge fdb add 02:00:00:00:00:98 nhid 18 dev flannel.1 self permanent",
            "bridge fdb add 02:00:00:00:00:97 dst 192.168.9.9 port 4789 dev flannel.1 self permanent",
            "bridge fdb add 02:00:00:00:00:99 dst 192.168.9.9 dev flannel.1 self permanent",
            "bridge fdb append 00:00:00:00:00:00 dst 192.168.9.9 dev flannel.1 self permanent",
            "sysctl -qw net.ipv6.conf.flannel/1.accept_ra=2",
            "sysctl -qw net.ipv6.conf.flannel-v6/1.disable_ipv6=1",
            "sysctl -qw net.ipv4.ip_forward=0",
            "sysctl -qw net.ipv4.conf.flannel/1.forwarding=0",
            "sysctl -qw net.ipv6.conf.all.forwarding=0");

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

    @ParameterizedTest
    @CsvSource({"10.64.1.0/32,10.64.1.0/24,flannel.1", "fd00:a:1::/128,fd00:a:1::/64,flannel-v6.1"})
    void mendsAnAddressOfAnotherLength(String right, String wrong, String device) throws Exception {
        cluster(3, true);
        node.sync();
        String before = node.witness();
        node.ip("addr delete " + right + " dev " + device);
        node.ip("addr add " + wrong + " dev " + device);
        assertEquals(List.of(), node.sync().failures());
        assertEquals(before, node.witness());
        assertEquals(List.of(), node.sync().changes());
    }

    private void damage(String damage) {
        for (String command :
                damage.replace("MAC2", VtepMac.of("n2", false).toString()).split(" & ", -1)) {
            node.execute(command);
        }
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
}
