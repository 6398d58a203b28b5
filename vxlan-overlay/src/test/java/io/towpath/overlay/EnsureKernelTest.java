package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.rtnl.Rtnl;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every ADD relies on. */
@NeedsRoot
class EnsureKernelTest extends KernelScene {
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
    void whatAnAgentSyncedHoldsWithoutAClusterFile() throws Exception {
        ClusterSnapshot snapshot = ClusterSnapshot.of(Clusters.of(3, true));
        assertFalse(node.overlay(overlay -> overlay.sync(snapshot)).changes().isEmpty());
        String before = node.witness();
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
        node.ip("link delete flannel.1");
        assertEquals(new Ensured(Ensured.Outcome.SYNCED, List.of()), node.ensure());
        assertEquals(before, node.witness());
        assertEquals(List.of(), node.overlay(overlay -> overlay.sync(snapshot)).changes());
        Cluster kept = node.overlay(
                overlay -> Objects.requireNonNull(overlay.lastKnown()).cluster());
        assertEquals(snapshot.cluster(), kept);
    }

    @Test
    void clusterFileIsForWhoeverAsksForItWhileAnAgentsClusterHolds() throws Exception {
        node.overlay(overlay -> overlay.sync(ClusterSnapshot.of(Clusters.of(3, false))));
        cluster(5, false);
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
        assertFalse(node.witness().contains("10.64.5.0"));
        assertFalse(node.sync().changes().isEmpty());
        assertContains("10.64.5.0", node.witness());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
    }

    @Test
    void agentsClusterHoldsForAsLongAsTheAgentIsAway() throws Exception {
        Cluster cluster = Clusters.of(3, true);
        node.overlay(overlay -> overlay.sync(cluster));
        String before = node.witness();
        for (int i = 0; i < 3; i++) {
            node.ip(i == 1 ? "link set flannel.1 mtu 1300" : "link delete flannel-v6.1");
            assertEquals(new Ensured(Ensured.Outcome.SYNCED, List.of()), node.ensure());
            assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
            assertEquals(before, node.witness());
        }
        // Nobody has written a cluster file, and nobody misses it.
        OverlayView view = node.overlay(Overlay::show);
        assertEquals(List.of(), view.remarks());
        assertEquals(List.of(), view.pending());
        SyncReport report = node.sync();
        assertEquals(List.of(), report.changes());
        assertEquals(List.of(), report.warnings());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
    }

    @Test
    void anAgentThatDiedBeforeItChangedTheKernelIsFinishedByTheNextPod() throws Exception {
        node.overlay(overlay -> overlay.sync(Clusters.of(3, false)));
        Files.write(node.file("run/cluster.json"), ClusterFileWriter.write(Clusters.of(5, false)));
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        assertContains("10.64.5.0", node.witness());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
    }

    @Test
    void anAgentThatDiedWhileItTookOverFromTheClusterFileIsFinishedByTheNextPod() throws Exception {
        cluster(3, false);
        node.sync();
        byte[] state = Files.readAllBytes(node.file("run/overlay.state"));
        node.overlay(overlay -> overlay.sync(Clusters.of(5, false)));
        String after = node.witness();
        // As it is after the first of all that an agent's first sync writes.
        Files.write(node.file("run/cluster.json"), Files.readAllBytes(node.clusterFile()));
        Files.writeString(
                node.file("run/overlay.state"),
                new String(state, StandardCharsets.UTF_8)
                        .replaceAll("cluster .*", "cluster agent ")
                        .replace("complete true", "complete false"));
        assertEquals(new Ensured(Ensured.Outcome.SYNCED, List.of()), node.ensure());
        assertFalse(node.witness().contains("10.64.5.0"));
        node.overlay(overlay -> overlay.sync(Clusters.of(5, false)));
        assertEquals(after, node.witness());
    }

    @Test
    void aPeerThatTheAgentCouldNotServeIsTheAgentsToTryAgain() throws Exception {
        node.ip("route add 10.64.2.0/24 via 192.168.0.2");
        assertEquals(
                1,
                node.overlay(overlay -> overlay.sync(Clusters.of(3, false)))
                        .failures()
                        .size());
        assertEquals(new Ensured(Ensured.Outcome.STOOD, List.of()), node.ensure());
    }

    @Test
    void fromKubernetesToAClusterFileAndBack() throws Exception {
        node.overlay(overlay -> overlay.sync(Clusters.of(3, false)));
        cluster(5, false);
        node.ip("link delete flannel.1");
        assertEquals(new Ensured(Ensured.Outcome.SYNCED, List.of()), node.ensure());
        assertFalse(node.witness().contains("10.64.5.0"));
        // From here on the file rules, and every change of it.
        node.sync();
        assertContains("10.64.5.0", node.witness());
        cluster(6, false);
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        assertContains("10.64.6.0", node.witness());
        node.overlay(overlay -> overlay.sync(Clusters.of(4, false)));
        cluster(7, false);
        assertEquals(Ensured.Outcome.STOOD, node.ensure().outcome());
        assertFalse(node.witness().contains("10.64.5.0"));
    }

    @Test
    void whatSubnetEnvSaysOfMasqueradingStaysAsTheAgentSaid() throws Exception {
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                return new Overlay(node.config().withMasquerades(true), rtnl).sync(Clusters.of(3, false));
            }
        });
        assertContains("FLANNEL_IPMASQ=true\n", Files.readString(node.file("flannel/subnet.env")));
        node.ip("link delete flannel.1");
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        assertContains("FLANNEL_IPMASQ=true\n", Files.readString(node.file("flannel/subnet.env")));
    }

    @Test
    void flanneldTakesOverFromAnAgent() throws Exception {
        node.overlay(overlay -> overlay.sync(Clusters.of(3, false)));
        node.ip("link set flannel.1 address 02:00:00:00:00:05");
        Files.writeString(node.file("flannel/subnet.env"), "FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_IPMASQ=true\n");
        assertEquals(Ensured.Outcome.NOT_OURS, node.ensure().outcome());
        assertContains("02:00:00:00:00:05", node.ip("link show flannel.1"));
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
