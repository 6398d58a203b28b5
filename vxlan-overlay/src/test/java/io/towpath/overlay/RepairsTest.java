package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Route;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
