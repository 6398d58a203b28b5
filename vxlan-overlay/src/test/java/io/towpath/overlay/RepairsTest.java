package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Route;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What others broke is told, and told apart from what the cluster's changes bring about. */
class RepairsTest {
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

    private List<String> sync(int nodes) throws Exception {
        return node.overlay.sync(Clusters.of(nodes, false)).repairs().stream()
                .map(Object::toString)
                .toList();
    }

    private void breakRouteAndMtu() throws Exception {
        int index = node.index("flannel.1");
        Route route = node.rtnl.routes(index).stream()
                .filter(each -> each.destination().toString().equals(Clusters.slice(2)))
                .findFirst()
                .orElseThrow();
        node.rtnl.apply(
                new Batch().deleteRoute(route).setLink(LinkChange.of(index).withMtu(1400)));
    }

    @Test
    void whatWasBuiltOrHasChangedIsNoRepair() throws Exception {
        assertEquals(List.of(), sync(3));
        assertEquals(List.of(), sync(3));
        assertEquals(List.of(), sync(5));
        assertEquals(List.of(), sync(4));
    }

    @Test
    void whatOthersBrokeIs() throws Exception {
        sync(3);
        breakRouteAndMtu();
        assertEquals(List.of("flannel.1: mtu", "flannel.1: node n2: route"), sync(3));
        assertEquals(List.of(), sync(3));
    }

    @Test
    void alsoBesideAChange() throws Exception {
        sync(4);
        breakRouteAndMtu();
        assertEquals(List.of("flannel.1: mtu", "flannel.1: node n2: route"), sync(3));
    }

    @Test
    void whatOthersAddedIsRepairedByItsRemoval() throws Exception {
        sync(2);
        int index = node.index("flannel.1");
        node.rtnl.apply(new Batch()
                .addRoute(Route.via(IpPrefix.parse("10.77.0.0/24"), IpAddress.parse("10.77.0.0"), index)
                        .withOnlink()));
        assertEquals(List.of("flannel.1: route"), sync(2));
    }

    @Test
    void aDeviceMadeAnewIsToldWithItsPeers() throws Exception {
        sync(2);
        node.rtnl.apply(new Batch().deleteLink(node.index("flannel.1")));
        assertEquals(
                List.of(
                        "flannel.1: link",
                        "flannel.1: forwarding",
                        "flannel.1: setting",
                        "flannel.1: address",
                        "flannel.1: up",
                        "flannel.1: node n2: neighbour",
                        "flannel.1: node n2: fdb",
                        "flannel.1: node n2: route"),
                sync(2));
    }

    @Test
    void whatCouldNotBeRepairedIsNoRepair() throws Exception {
        sync(3);
        breakRouteAndMtu();
        node.kernel.failRequests("route add", Errno.ENOBUFS);
        assertEquals(List.of("flannel.1: mtu"), sync(3));
        node.kernel.heal();
        assertEquals(List.of("flannel.1: node n2: route"), sync(3));
    }

    /** Makes somebody else's of a peer's forwarding entry. */
    private void breakFdb() throws Exception {
        breakFdb(new FdbEntry.Way(4789, FdbEntry.Way.VNI_OF_TUNNEL, 0, 0));
    }

    private void breakFdb(FdbEntry.Way way) throws Exception {
        FdbEntry all = FdbEntry.all(node.index("flannel.1"), VtepMac.of("n2", false));
        FdbEntry to = FdbEntry.permanent(all.linkIndex(), all.mac(), IpAddress.parse("192.168.0.2"));
        node.rtnl.apply(new Batch().deleteFdb(all).replaceFdb((way.nexthop() == 0 ? to : all).withWay(way)));
    }

    /** By another port, VNI or link, or by a nexthop, which a replacement leaves as it is. */
    @ParameterizedTest
    @CsvSource({"4789, -1, 0, 0", "0, 0, 0, 0", "0, -1, 1, 0", "0, -1, 0, 8"})
    void aForwardingEntryThatLeadsAstrayIsOneRepair(int port, int vni, int link, int nexthop) throws Exception {
        sync(3);
        breakFdb(new FdbEntry.Way(port, vni, link, nexthop));
        SyncReport report = node.overlay.sync(Clusters.of(3, false));
        assertEquals(
                List.of("flannel.1: node n2: fdb"),
                report.repairs().stream().map(Object::toString).toList());
        assertEquals(0, report.changed());
        assertTrue(report.isDone());
        assertEquals(List.of(), sync(3));
    }

    @Test
    void aForwardingEntryOfNobodyGoesThoughANexthopTellsWhereTo() throws Exception {
        sync(2);
        FdbEntry entry = FdbEntry.all(node.index("flannel.1"), VtepMac.of("gone", false))
                .withWay(new FdbEntry.Way(0, FdbEntry.Way.VNI_OF_TUNNEL, 0, 8));
        node.rtnl.apply(new Batch().replaceFdb(entry));
        assertEquals(List.of("flannel.1: fdb"), sync(2));
        assertFalse(node.rtnl.fdb(entry.linkIndex()).contains(entry));
    }

    @Test
    void whatTheKernelAcknowledgesAndDoesNotDoIsToldWhenItIsSeenTwice() throws Exception {
        sync(3);
        breakFdb();
        node.kernel.ignoreRequests("fdb ");
        SyncReport once = node.overlay.sync(Clusters.of(3, false));
        assertEquals(List.of(), once.failures());
        assertEquals(List.of(), once.repairs());
        assertFalse(once.isDone());
        SyncReport twice = node.overlay.sync(Clusters.of(3, false));
        assertEquals(
                List.of("n2"),
                twice.failures().stream().map(OverlayPlan.Failure::peer).toList());
        assertTrue(twice.failures().getFirst().toString().contains("acknowledges"), twice::toString);
        assertEquals(0, twice.changed());
        node.kernel.heal();
        SyncReport healed = node.overlay.sync(Clusters.of(3, false));
        assertEquals(List.of(), healed.failures());
        assertEquals(
                List.of("flannel.1: node n2: fdb"),
                healed.repairs().stream().map(Object::toString).toList());
        assertTrue(healed.isDone());
        assertTrue(node.overlay.sync(Clusters.of(3, false)).plan().isEmpty());
    }

    @Test
    void anotherUndoneEntryIsNotToldForTheFirst() throws Exception {
        sync(3);
        breakFdb();
        node.kernel.ignoreRequests("fdb ");
        assertEquals(List.of(), node.overlay.sync(Clusters.of(3, false)).failures());
        node.kernel.heal();
        assertEquals(List.of("flannel.1: node n2: fdb"), sync(3));
        breakFdb();
        node.kernel.ignoreRequests("fdb ");
        assertEquals(List.of(), node.overlay.sync(Clusters.of(3, false)).failures());
    }
}
