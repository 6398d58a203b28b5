package io.towpath.agent.guard;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.DesiredOverlay;
import java.util.ArrayList;
import java.util.List;

/** Overlays to guard. */
final class Overlays {
    private Overlays() {}

    /** One with some peers, 192.168.0.2 the first. */
    static DesiredOverlay of(int peers) {
        List<DesiredOverlay.Peer> all = new ArrayList<>();
        for (int i = 2; i < 2 + peers; i++) {
            all.add(new DesiredOverlay.Peer(
                    "n" + i,
                    IpPrefix.parse("10." + (64 + i / 256) + "." + i % 256 + ".0/24"),
                    IpAddress.parse("192.168." + i / 256 + "." + i % 256),
                    MacAddress.locallyAdministered(i)));
        }
        IpPrefix slice = IpPrefix.parse("10.64.1.0/24");
        IpPrefix network = IpPrefix.parse("10.64.0.0/10");
        IpAddress own = IpAddress.parse("192.168.0.1");
        DesiredOverlay.Device device = new DesiredOverlay.Device(
                "flannel.1",
                MacAddress.locallyAdministered(1),
                1450,
                Vxlan.builder(1).local(own).port(8472).build(),
                "eth0",
                slice,
                network,
                false,
                all);
        Cluster.Node self = new Cluster.Node("n1", List.of(slice), List.of(own), null, null);
        return new DesiredOverlay(self, List.of(network), List.of(device), List.of(), List.of());
    }
}
