package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OverlayFakeTest {
    @TempDir
    private Path folder;

    private FakeNode node;

    @BeforeEach
    void open() throws Exception {
        node = new FakeNode(folder);
    }

    @AfterEach
    void close() {
        node.close();
    }

    private void forget() {
        node.kernel.forgetRequests();
        node.host.writes().clear();
    }

    @Test
    void asksInTheOrderThatKeepsPacketsFromGoingAstray() throws Exception {
        node.cluster(3, false);
        forget();
        node.overlay.sync();
        int link = node.index("flannel.1");
        assertEquals(
                List.of(
                        "link add flannel.1 type vxlan id 1",
                        "link set index " + link + " FORWARDING 1",
                        "address add 10.64.1.0/32 dev " + link,
                        "link set index " + link + " up",
                        "neighbour replace 10.64.2.0 lladdr " + VtepMac.of("n2", false) + " dev " + link
                                + " nud permanent",
                        "fdb replace " + VtepMac.of("n2", false) + " dst 192.168.0.2 dev " + link + " permanent self",
                        "route add 10.64.2.0/24 via 10.64.2.0 dev " + link + " onlink",
                        "neighbour replace 10.64.3.0 lladdr " + VtepMac.of("n3", false) + " dev " + link
                                + " nud permanent",
                        "fdb replace " + VtepMac.of("n3", false) + " dst 192.168.0.3 dev " + link + " permanent self",
                        "route add 10.64.3.0/24 via 10.64.3.0 dev " + link + " onlink"),
                node.kernel.writes());
        assertEquals(List.of("net/ipv4/ip_forward=1", "net/ipv6/conf/flannel.1/accept_ra=0"), node.host.writes());
    }

    /** An agent has a table that refuses router advertisements, and mostly no way to write the setting. */
    @Test
    void anAgentsClusterWantsTheSettingAgainstRoutersOfNewDevicesAlone() throws Exception {
        node.cluster(3, false);
        Cluster cluster = ClusterFile.read(folder.resolve("cluster.json").toString());
        String setting = "net/ipv6/conf/flannel.1/accept_ra";
        node.overlay.sync(cluster);
        assertTrue(node.host.writes().contains(setting + "=0"));
        node.host.setSysctl(setting, "1");
        assertEquals(List.of(), node.overlay.show().pending());
        node.overlay.sync();
        node.host.setSysctl(setting, "1");
        assertEquals(List.of("set " + setting + " = 0"), node.overlay.show().pending());
    }

    @Test
    void tellsWhatIsToBeBeforeItChangesAnything() throws Exception {
        node.cluster(3, false);
        forget();
        ClusterSnapshot source =
                ClusterSnapshot.of(ClusterFile.read(node.config().clusterFile()));
        try (Overlay.Sync sync = node.overlay.begin(source)) {
            DesiredOverlay told = sync.desired();
            assertEquals(List.of(), node.kernel.writes());
            assertEquals(List.of(), node.host.writes());
            assertEquals(sync.apply().desired(), told);
        }
        assertFalse(node.kernel.writes().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 500})
    void aSecondRunOnlyReads(int nodes) throws Exception {
        node.cluster(nodes, true);
        node.overlay.sync();
        forget();
        assertTrue(node.overlay.sync().plan().isEmpty());
        assertEquals(List.of(), node.kernel.writes());
        assertEquals(List.of(), node.host.writes());
    }

    @Test
    void aStandingOverlayTakesOneLookAtEachDevice() throws Exception {
        node.cluster(3, true);
        node.overlay.ensure();
        forget();
        assertEquals(Ensured.Outcome.STOOD, node.overlay.ensure().outcome());
        assertEquals(2, node.kernel.requests().size());
        assertEquals(List.of(), node.kernel.writes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "neighbour replace 10.64.2.0",
                "fdb replace 8a:06:8a:78:9f:47",
                "route add 10.64.2.0/24",
            })
    void whatFailsForOnePeerHindersNoOther(String request) throws Exception {
        node.cluster(4, false);
        node.kernel.failRequests(request, Errno.ENOBUFS);
        SyncReport report = node.overlay.sync();
        assertEquals(1, report.failures().size());
        OverlayPlan.Failure failure = report.failures().getFirst();
        assertEquals("n2", failure.peer());
        assertTrue(failure.toString().startsWith("flannel.1: node n2: " + request), failure.toString());
        assertTrue(failure.toString().contains("ENOBUFS"), failure.toString());
        // Pods can start, and the next one's ADD tries again.
        assertTrue(Files.exists(folder.resolve("run/node.json")));
        assertEquals(1, node.overlay.ensure().warnings().size());
        node.kernel.heal();
        assertEquals(new Ensured(Ensured.Outcome.SYNCED, List.of()), node.overlay.ensure());
        assertEquals(Ensured.Outcome.STOOD, node.overlay.ensure().outcome());
        assertEquals("ok", node.overlay.show().peers().getFirst().state());
    }

    @ParameterizedTest
    @ValueSource(strings = {"link add", "address add", "up"})
    void whatFailsForTheDeviceIsThrownAndNothingNoted(String request) throws Exception {
        node.cluster(3, false);
        node.kernel.failRequests(request, Errno.EPERM);
        OverlayException e = assertThrows(OverlayException.class, node.overlay::ensure);
        assertTrue(String.valueOf(e.getMessage()).startsWith("overlay: flannel.1: "), e.getMessage());
        assertTrue(String.valueOf(e.getMessage()).contains("EPERM"), e.getMessage());
        assertFalse(Files.exists(folder.resolve("run/node.json")));
        assertFalse(Files.exists(folder.resolve("run/overlay.state")));
        node.kernel.heal();
        assertEquals(Ensured.Outcome.SYNCED, node.overlay.ensure().outcome());
        assertTrue(node.overlay.sync().plan().isEmpty());
    }

    @Test
    void oneFamilyFailingLeavesTheOtherWhole() throws Exception {
        node.cluster(3, true);
        node.kernel.failRequests("link add flannel-v6.1", Errno.EAFNOSUPPORT);
        SyncReport report = node.overlay.sync();
        assertEquals(
                List.of(Family.IPV6),
                report.desired().leftOut().stream()
                        .map(DesiredOverlay.LeftOut::family)
                        .toList());
        assertTrue(
                report.warnings().getFirst().startsWith("IPv6 is left out: flannel-v6.1: link add"), report::toString);
        assertTrue(node.picture().stream().anyMatch(line -> line.contains("10.64.3.0/24 via 10.64.3.0 dev flannel.1")));
        assertTrue(Files.exists(folder.resolve("run/node.json")));
        node.kernel.heal();
        assertEquals(Ensured.Outcome.SYNCED, node.overlay.ensure().outcome());
        assertEquals(Ensured.Outcome.STOOD, node.overlay.ensure().outcome());
    }

    @Test
    void aSettingThatCannotBeWrittenIsTold() throws Exception {
        node.cluster(3, false);
        node.host.refuse("ip_forward");
        OverlayException e = assertThrows(OverlayException.class, node.overlay::sync);
        assertEquals("overlay: write net/ipv4/ip_forward: EACCES Permission denied", e.getMessage());
    }

    @Test
    void whatWentByItselfNeedNotBeRemoved() throws Exception {
        node.cluster(4, false);
        node.overlay.sync();
        node.cluster(2, false);
        for (String request : List.of("route delete", "neighbour delete", "fdb delete")) {
            node.kernel.failRequests(request, request.startsWith("route") ? Errno.ESRCH : Errno.ENOENT);
        }
        assertEquals(List.of(), node.overlay.sync().failures());
    }

    @Test
    void dumpsThatChangeMeanwhileAreReadAgain() throws Exception {
        node.cluster(300, true);
        node.overlay.sync();
        node.kernel.interruptDumps(3);
        assertTrue(node.overlay.sync().plan().isEmpty());
    }

    @Test
    void checksumsAreComputedWhereOffloadIsBrokenAndToldOnce() throws Exception {
        node.cluster(2, false);
        node.host.kernel("5.4.0-150-generic");
        node.overlay.sync();
        assertTrue(node.host.writes().contains("offload flannel.1"));
        forget();
        assertTrue(node.overlay.sync().plan().isEmpty());
        assertEquals(List.of(), node.host.writes());
        node.host.kernel("6.1.0");
        assertTrue(node.overlay.sync().plan().isEmpty());
    }

    @Test
    void aWrongClusterFileChangesNothing() throws Exception {
        node.cluster(3, false);
        node.overlay.sync();
        forget();
        Files.writeString(folder.resolve("cluster.json"), "{\"network\":[]}");
        assertThrows(ClusterFileException.class, node.overlay::sync);
        assertThrows(ClusterFileException.class, node.overlay::show);
        assertEquals(List.of(), node.kernel.writes());
        assertTrue(node.overlay.requireReady());
        assertEquals(1, node.overlay.ensure().warnings().size());
        assertFalse(node.overlay.requireReady());
    }

    @Test
    void withoutAClusterFileNothingIsReadyOrDone() throws Exception {
        assertFalse(node.overlay.requireReady());
        assertEquals(Ensured.Outcome.NOT_OURS, node.overlay.ensure().outcome());
        ClusterFileException e = assertThrows(ClusterFileException.class, node.overlay::sync);
        assertTrue(String.valueOf(e.getMessage()).contains("there is no such file"), e.getMessage());
        assertTrue(node.overlay.show().toText().contains("the overlay is not Towpath's"));
        assertFalse(Files.exists(folder.resolve("run")));
        Files.writeString(folder.resolve("cluster.json"), "{}");
        assertThrows(ClusterFileException.class, node.overlay::requireReady);
        assertThrows(ClusterFileException.class, node.overlay::ensure);
        assertFalse(Files.exists(folder.resolve("run/node.json")));
    }

    @Test
    void showsWhatASyncWouldDoAndDoesNot() throws Exception {
        node.cluster(3, true);
        forget();
        OverlayView before = node.overlay.show();
        assertEquals("missing", before.devices().getFirst().state());
        assertEquals("no neighbour, no fdb, no route", before.peers().getFirst().state());
        assertEquals(
                List.of(
                        "set net/ipv4/ip_forward = 1",
                        "set net/ipv6/conf/all/forwarding = 1",
                        "link add flannel.1 type vxlan id 1",
                        "link set flannel.1 FORWARDING 1",
                        "set net/ipv6/conf/flannel.1/accept_ra = 0",
                        "address add 10.64.1.0/32 dev flannel.1",
                        "link set flannel.1 up",
                        "neighbour replace 10.64.2.0 lladdr 8a:06:8a:78:9f:47 dev flannel.1 nud permanent",
                        "fdb replace 8a:06:8a:78:9f:47 dst 192.168.0.2 dev flannel.1 permanent self",
                        "route add 10.64.2.0/24 via 10.64.2.0 dev flannel.1 onlink"),
                before.pending().subList(0, 10));
        assertTrue(before.toText().endsWith("\n  and 4 more\n"), before.toText());
        assertEquals(List.of(), node.kernel.writes());
        assertFalse(Files.exists(folder.resolve("run")));
        node.overlay.sync();
        OverlayView after = node.overlay.show();
        assertEquals("up", after.devices().getFirst().state());
        assertEquals(List.of(), after.pending());
        String text = after.toText();
        assertTrue(
                text.startsWith(
                        "node n1, network 10.64.0.0/10, fd00:a::/32\n\nDEVICE        STATE  VNI  PORT  MTU   MAC"),
                text);
        assertTrue(text.contains("\nn2    fd00:a:2::/64  fd00::2      "), text);
        assertTrue(text.lines().noneMatch(line -> line.endsWith(" ")), text);
        assertEquals(4, after.toJson().get("peers").size());
        assertEquals("flannel-v6.1", after.toJson().at("/devices/1/name").textValue());
    }
}
