package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others do to the device as a whole, to the underlay below it, and while a sync is under way; for an agent's cluster. */
@NeedsRoot
class StrangersKernelTest extends KernelScene {
    /** Node n1's address is its interface's, as in a live cluster. */
    private static Cluster live(int nodes) throws ClusterFileException {
        return Clusters.parse(
                Clusters.json(nodes, false, "\"interface\":\"eth0\",").replace(",\"addresses\":[\"192.168.0.1\"]", ""));
    }

    private SyncReport sync(Cluster cluster) throws Exception {
        return node.overlay(overlay -> overlay.sync(cluster));
    }

    private void assertSettled(Cluster cluster) throws Exception {
        assertEquals(List.of(), sync(cluster).changes());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Each line's commands are given one after the other.
                "link set flannel.1 down; link set flannel.1 name strange0",
                "link set flannel.1 name strange0; link add flannel.1 type bridge",
                "link set flannel.1 name strange0; link set strange0 address 02:00:00:00:00:77",
                "link set flannel.1 address 02:00:00:00:00:77",
                "link add br0 type bridge; link set flannel.1 master br0",
                "link set flannel.1 mtu 1200",
                "link delete flannel.1; link add flannel.1 type veth peer name strange1",
                "link delete flannel.1; link add flannel.1 type vxlan id 1 dstport 8472",
                "link delete flannel.1; link add strange2 type vxlan id 9 dstport 8472",
                "addr delete 10.64.1.0/32 dev flannel.1; link set flannel.1 down",
                "route flush dev flannel.1",
                "neigh flush dev flannel.1 nud permanent",
            })
    void mendsTheDevice(String damage) throws Exception {
        Cluster cluster = live(4);
        sync(cluster);
        String before = node.witness();
        for (String words : damage.split("; ", -1)) {
            node.ip(words);
        }
        assertNotEquals(before, node.witness());
        assertEquals(List.of(), sync(cluster).failures());
        assertEquals(before, node.witness());
        assertSettled(cluster);
    }

    @Test
    void followsTheUnderlaysAddress() throws Exception {
        Cluster cluster = live(3);
        sync(cluster);
        node.ip("addr delete 192.168.0.1/16 dev eth0");
        node.ip("addr add 192.168.5.1/16 dev eth0");
        SyncReport report = sync(cluster);
        assertEquals(
                "192.168.5.1", report.desired().self().addresses().getFirst().toString());
        assertContains("local 192.168.5.1 dev eth0", node.ip("-d link show flannel.1"));
        assertContains("10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink", node.ip("route"));
        assertSettled(cluster);
    }

    @Test
    void theUnderlayGoesAndComesBackAsAnother() throws Exception {
        Cluster cluster = live(3);
        sync(cluster);
        String before = node.witness();
        // Its device goes with it.
        node.ip("link delete eth0");
        assertThrows(OverlayException.class, () -> sync(cluster));
        assertFalse(node.ip("link").contains("flannel.1"));
        TestNode.connect(node, other);
        // Not yet: it has no address.
        assertThrows(OverlayException.class, () -> sync(cluster));
        node.ip("addr add 192.168.0.1/16 dev eth0");
        assertEquals(List.of(), sync(cluster).failures());
        assertEquals(before, node.witness());
        assertSettled(cluster);
    }

    @Test
    void theUnderlayIsMovedBelowABridge() throws Exception {
        Cluster cluster = live(3).withUnderlay(new UnderlayChoice(List.of("br0", "eth0"), List.of(), List.of()));
        sync(cluster);
        assertContains("dev eth0 ", node.ip("-d link show flannel.1"));
        node.ip("link add br0 type bridge");
        node.ip("link set eth0 master br0");
        node.ip("link set br0 up");
        node.ip("addr delete 192.168.0.1/16 dev eth0");
        node.ip("addr add 192.168.0.1/16 dev br0");
        sync(cluster);
        assertContains("dev br0 ", node.ip("-d link show flannel.1"));
        assertContains("10.64.3.0/24 via 10.64.3.0 dev flannel.1 onlink", node.ip("route"));
        assertSettled(cluster);
    }

    @Test
    void theUnderlayIsDown() throws Exception {
        Cluster cluster = live(3);
        sync(cluster);
        String before = node.witness();
        node.ip("link set eth0 down");
        assertEquals(List.of(), sync(cluster).failures());
        node.ip("link set eth0 up");
        sync(cluster);
        assertEquals(before, node.witness());
        assertSettled(cluster);
    }

    @Test
    void thousandRoutesAtOnce() throws Exception {
        Cluster cluster = live(1001);
        sync(cluster);
        String before = node.witness();
        node.ip("route flush root 10.64.0.0/10 dev flannel.1");
        assertFalse(node.ip("route").contains("flannel.1"));
        assertEquals(1000, sync(cluster).changes().size());
        assertEquals(before, node.witness());
        assertSettled(cluster);
    }

    @Test
    void othersAreAtItWhileASyncIsUnderWay() throws Exception {
        Cluster cluster = live(300);
        sync(cluster);
        String before = node.witness();
        AtomicInteger done = new AtomicInteger();
        Thread stranger = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 20; i++) {
                try {
                    node.ip(i % 2 == 0 ? "link delete flannel.1" : "addr flush dev flannel.1");
                    done.incrementAndGet();
                } catch (AssertionError e) {
                    // There is no device at this moment.
                    assertContains("flannel.1", String.valueOf(e.getMessage()));
                }
            }
        });
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                Overlay overlay = new Overlay(node.config(), rtnl);
                while (stranger.isAlive()) {
                    try {
                        overlay.sync(cluster);
                    } catch (OverlayException e) {
                        // Told, as it must be; the next one mends it.
                        assertFalse(String.valueOf(e.getMessage()).isEmpty());
                    }
                }
            }
            return null;
        });
        assertNotEquals(0, done.get());
        sync(cluster);
        assertEquals(before, node.witness());
        assertSettled(cluster);
    }
}
