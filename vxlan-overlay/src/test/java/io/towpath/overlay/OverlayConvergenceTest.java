package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Vxlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever others did to the devices, one sync makes them right, the next does nothing, and nothing else was touched. */
class OverlayConvergenceTest {
    static final int KINDS = 20;

    @Property(tries = 150)
    void oneSyncMendsAnything(
            @ForAll @Size(max = 12) List<@IntRange(min = 0, max = KINDS * 64 - 1) Integer> damages,
            @ForAll @IntRange(min = 1, max = 6) int nodesBefore,
            @ForAll @IntRange(min = 1, max = 6) int nodesAfter,
            @ForAll boolean ipv6Before,
            @ForAll boolean ipv6After)
            throws Exception {
        Path folder = Files.createTempDirectory("towpath-convergence");
        try (FakeNode node = new FakeNode(folder)) {
            List<String> foreign = node.foreign();
            node.cluster(nodesAfter, ipv6After).overlay.sync();
            List<String> wanted = node.picture();
            node.cluster(nodesBefore, ipv6Before).overlay.sync();
            for (int damage : damages) {
                // A device made by others in the place of one that is not wanted any more is theirs.
                boolean replaced = damage % KINDS == KINDS - 1;
                if (!replaced || ipv6After) {
                    damage(node, damage % KINDS, damage / KINDS);
                }
            }
            SyncReport report = node.cluster(nodesAfter, ipv6After).overlay.sync();
            assertEquals(List.of(), report.failures());
            assertEquals(String.join("\n", wanted), String.join("\n", node.picture()));
            assertEquals(foreign, node.foreign());
            assertTrue(node.overlay.sync().plan().isEmpty());
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Does one thing to a device; what the kernel refuses has not happened. */
    private static void damage(FakeNode node, int kind, int detail) throws NetlinkException {
        boolean ipv6 = detail % 2 == 1;
        Link link = node.rtnl.link(ipv6 ? "flannel-v6.1" : "flannel.1");
        if (link == null) {
            return;
        }
        int index = link.index();
        int peer = 2 + detail / 2 % 6;
        IpPrefix slice = IpPrefix.parse(ipv6 ? "fd00:a:" + peer + "::/64" : Clusters.slice(peer));
        IpAddress remote = IpAddress.parse(ipv6 ? "fd00::" + peer : Clusters.address(peer));
        IpAddress elsewhere = IpAddress.parse(ipv6 ? "fd00::99" : "192.168.0.99");
        MacAddress mac = VtepMac.of("n" + peer, ipv6);
        MacAddress strange = MacAddress.parse("02:00:00:00:00:99");
        Route route = Route.via(slice, slice.address(), index).withOnlink();
        Batch batch = new Batch();
        switch (kind) {
            case 0 -> batch.deleteLink(index);
            case 1 -> batch.setLink(LinkChange.of(index).withUp(false));
            case 2 -> batch.setLink(LinkChange.of(index).withMtu(1280 + peer));
            case 3 -> batch.setLink(LinkChange.of(index).withMac(strange));
            case 4 ->
                batch.deleteAddress(
                        Address.of(index, IpPrefix.host(ownSlice(ipv6).address())));
            case 5 -> batch.addAddress(index, ownSlice(ipv6));
            case 6 -> batch.addAddress(index, new IpPrefix(slice.address().next(), slice.length()));
            case 7 -> batch.deleteRoute(route);
            case 8 -> batch.replaceRoute(route.withMtu(1000));
            case 9 -> batch.addRoute(Route.direct(slice, index).withPriority(7));
            case 10 ->
                batch.addRoute(
                        Route.via(IpPrefix.parse(ipv6 ? "fd00:a:77::/64" : "10.77.0.0/24"), slice.address(), index)
                                .withOnlink());
            case 11 -> batch.deleteNeighbour(Neighbour.permanent(index, slice.address(), mac));
            case 12 -> batch.replaceNeighbour(Neighbour.permanent(index, slice.address(), strange));
            case 13 ->
                batch.replaceNeighbour(
                        Neighbour.permanent(index, slice.address().next(), strange));
            case 14 -> batch.deleteFdb(FdbEntry.permanent(index, mac, remote));
            case 15 -> batch.replaceFdb(FdbEntry.permanent(index, mac, elsewhere));
            case 16 -> batch.replaceFdb(FdbEntry.permanent(index, strange, elsewhere));
            case 17 ->
                batch.replaceFdb(FdbEntry.permanent(index, mac, remote)
                        .withWay(new FdbEntry.Way(4789, peer % 2 == 0 ? 0 : 7, peer % 3 == 0 ? index : 0, 0)));
            case 18 ->
                batch.deleteFdb(FdbEntry.all(index, mac))
                        .addFdb(FdbEntry.all(index, mac).withWay(new FdbEntry.Way(0, -1, 0, 9)));
            default -> {
                node.rtnl.apply(batch.deleteLink(index));
                node.rtnl.create(LinkSpec.vxlan(
                        link.name(),
                        strange,
                        0,
                        Vxlan.builder(ipv6 ? 6 : 4).port(4789).build()));
                return;
            }
        }
        node.rtnl.submit(batch);
    }

    private static IpPrefix ownSlice(boolean ipv6) {
        return IpPrefix.parse(ipv6 ? "fd00:a:1::/64" : Clusters.slice(1));
    }
}
