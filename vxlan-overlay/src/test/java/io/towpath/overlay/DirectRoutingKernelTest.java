package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers in the same subnet without a tunnel. */
@NeedsRoot
class DirectRoutingKernelTest extends KernelScene {
    private static final String DIRECT = "\"directRouting\":true,";

    private void cluster(int nodes, boolean ipv6, String more) throws IOException {
        Files.writeString(node.clusterFile(), Clusters.json(nodes, ipv6, more));
    }

    private String routes() {
        return node.ip("route show root 10.64.0.0/10");
    }

    private void assertSettled() throws Exception {
        assertEquals(List.of(), node.sync().changes());
    }

    @Test
    void switchedOnAndOff() throws Exception {
        for (int i = 0; i < 2; i++) {
            cluster(3, true, "");
            assertEquals(List.of(), node.sync().failures());
            assertEquals("""
                    10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink\s
                    10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink\s
                    """, routes());
            assertFalse(node.ip("-6 route").contains("proto 116"));
            assertEquals(
                    2, node.execute("bridge fdb show dev flannel.1").lines().count());
            cluster(3, true, DIRECT);
            assertEquals(List.of(), node.sync().failures());
            assertEquals("""
                    10.64.2.0/24 via 192.168.0.2 dev eth0 proto 116\s
                    10.64.3.0/24 via 192.168.0.3 dev eth0 proto 116\s
                    """, routes());
            assertContains("fd00:a:2::/64 via fd00::2 dev eth0 proto 116 metric 1024", node.ip("-6 route"));
            assertFalse(node.ip("-6 route show dev flannel-v6.1").contains("fd00:a:2::/64"));
            assertEquals("", node.execute("bridge fdb show dev flannel.1"));
            assertEquals("", node.ip("neigh show dev flannel.1 nud permanent"));
            assertSettled();
        }
    }

    @Test
    void anothersRouteBeforeItIsTold() throws Exception {
        cluster(3, true, DIRECT);
        node.sync();
        node.ip("route prepend 10.64.2.0/24 via 192.168.0.9 dev eth0");
        assertEquals(
                List.of(
                        "slice 10.64.2.0/24 of node n2: the kernel takes the route 10.64.2.0/24 via 192.168.0.9 dev eth0 before"
                                + " the overlay's"),
                node.overlay(overlay -> overlay.obstacles(overlay.sync().desired())));
    }

    @Test
    void recognisedAfterARestartThatForgotEverything() throws Exception {
        cluster(4, true, DIRECT);
        node.sync();
        String before = routes();
        for (String file : List.of("overlay.state", "cluster.json", "node.json")) {
            Files.delete(node.file("run/" + file));
        }
        assertSettled();
        assertEquals(before, routes());
        // Peers that went, and a family that went with its device, while nobody looked.
        cluster(2, false, DIRECT);
        node.sync();
        assertEquals("10.64.2.0/24 via 192.168.0.2 dev eth0 proto 116 \n", routes());
        assertFalse(node.ip("-6 route").contains("proto 116"));
        assertSettled();
    }

    @Test
    void followsTheSubnet() throws Exception {
        Files.writeString(node.clusterFile(), Clusters.json(3, false, DIRECT).replace("192.168.0.3", "192.168.1.3"));
        node.ip("addr add 192.168.0.1/24 dev eth0");
        node.ip("addr delete 192.168.0.1/16 dev eth0");
        node.ip("route add default via 192.168.0.2");
        node.sync();
        String two = "10.64.2.0/24 via 192.168.0.2 dev eth0 proto 116 \n";
        String tunnel = two + "10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink \n";
        String direct = two + "10.64.3.0/24 via 192.168.1.3 dev eth0 proto 116 \n";
        assertEquals(tunnel, routes());
        assertContains("dst 192.168.1.3", node.execute("bridge fdb show dev flannel.1"));
        assertSettled();
        for (int i = 0; i < 2; i++) {
            node.ip("route replace 192.168.1.0/24 dev eth0");
            node.sync();
            assertEquals(direct, routes());
            assertSettled();
            node.ip("route replace 192.168.1.0/24 via 192.168.0.2");
            node.sync();
            assertEquals(tunnel, routes());
            assertSettled();
        }
    }

    @Test
    void theUnderlayGoesDownAndComesBack() throws Exception {
        cluster(3, false, DIRECT);
        node.sync();
        String before = routes();
        node.ip("link set eth0 down");
        node.sync();
        assertContains("10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink", routes());
        node.ip("link set eth0 up");
        node.sync();
        assertEquals(before, routes());
        assertSettled();
    }

    @Test
    void flannelsRoutesAreTakenOverWhereTheyLeadTheSameWay() throws Exception {
        cluster(4, false, DIRECT);
        node.ip("route add 10.64.2.0/24 via 192.168.0.2");
        node.ip("route add 10.64.3.0/24 via 192.168.0.4");
        SyncReport report = node.sync();
        assertEquals(1, report.failures().size());
        assertEquals("n3", report.failures().getFirst().peer());
        assertContains("10.64.2.0/24 via 192.168.0.2 dev eth0 proto 116", routes());
        assertContains("10.64.3.0/24 via 192.168.0.4 dev eth0 \n", routes());
        node.ip("route delete 10.64.3.0/24");
        node.sync();
        assertSettled();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "route delete 10.64.2.0/24",
                "route add 10.64.99.0/24 via 192.168.0.2 proto 116",
                "route replace 10.64.2.0/24 via 192.168.0.3 proto 116",
                "route add 10.64.2.0/24 via 192.168.0.2 proto 116 metric 7",
                "route replace 10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink",
                "neigh add 10.64.2.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud permanent",
                "-6 route add fd00:a:99::/64 via fd00::2 dev eth0 proto 116",
                "-6 route delete fd00:a:2::/64",
                "link delete flannel.1",
            })
    void mends(String damage) throws Exception {
        cluster(3, true, DIRECT);
        node.sync();
        String before = node.ip("route") + node.ip("-6 route show proto 116") + node.witness();
        node.ip(damage);
        assertFalse(node.sync().changes().isEmpty());
        assertEquals(before, node.ip("route") + node.ip("-6 route show proto 116") + node.witness());
        assertSettled();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.64.2.0", "fd00:a:2::"})
    void carriesPacketsAsTheyAre(String target) throws Exception {
        cluster(2, true, DIRECT);
        Files.writeString(
                other.clusterFile(), Clusters.json(2, true, DIRECT).replace("\"node\":\"n1\"", "\"node\":\"n2\""));
        node.sync();
        other.sync();
        try (TestNode.Running capture =
                node.start("tcpdump -l -nn -c 1 -i eth0 -Q out udp dst port 8472 or dst host " + target, true)) {
            assertContains(" 0% packet loss", node.execute("ping -c 2 -i 0.1 -W 5 " + target));
            assertContains("> " + target + ": ICMP", capture.output().readLine());
        }
        // The whole of the underlay's MTU.
        int payload = 1500 - (target.contains(":") ? 48 : 28);
        assertContains(" 0% packet loss", node.execute("ping -c 1 -W 5 -M do -s " + payload + " " + target));
    }
}
