package io.towpath.overlay;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Node n1 of clusters of {@link Clusters} on a fake kernel, with an eth0 and a bridge of somebody else's. */
final class FakeNode implements AutoCloseable {
    final FakeKernel kernel = new FakeKernel();
    final Rtnl rtnl = kernel.namespace("node").open();
    final FakeHost host = new FakeHost(kernel.namespace("node").open());
    final Path folder;
    final Overlay overlay;

    FakeNode(Path folder) throws NetlinkException {
        this.folder = folder;
        overlay = new Overlay(config(), rtnl, host);
        for (String name : List.of("eth0", "br0")) {
            Link link = rtnl.create(new LinkSpec.Plain(name, null, 1500, name.equals("eth0") ? "dummy" : "bridge"));
            rtnl.apply(new Batch().setLink(LinkChange.of(link.index()).withUp(true)));
        }
        rtnl.apply(new Batch()
                .addAddress(index("eth0"), IpPrefix.parse("192.168.0.1/16"))
                .addAddress(index("eth0"), IpPrefix.parse("fd00::1/64"))
                .addAddress(index("br0"), IpPrefix.parse("10.64.1.1/24")));
    }

    OverlayConfig config() {
        return new OverlayConfig(folder + "/cluster.json", folder + "/run", folder + "/flannel/subnet.env");
    }

    FakeNode cluster(int nodes, boolean ipv6) throws IOException {
        Files.writeString(folder.resolve("cluster.json"), Clusters.json(nodes, ipv6, ""));
        return this;
    }

    int index(String link) throws NetlinkException {
        return Objects.requireNonNull(rtnl.link(link), link).index();
    }

    /** Everything there is, with links by name, so that a device made anew compares equal. */
    List<String> picture() throws NetlinkException {
        List<String> lines = new ArrayList<>();
        for (Link link : rtnl.links()) {
            int index = link.index();
            lines.add(link.name() + " up=" + link.isUp() + " mtu=" + link.mtu() + " mac=" + link.mac() + " "
                    + link.masterIndex() + link.vxlan());
            rtnl.addresses(index).forEach(each -> lines.add(named(each, link)));
            rtnl.routes(index).forEach(each -> lines.add(named(each, link)));
            rtnl.neighbours(index).forEach(each -> lines.add(named(each, link)));
            if (link.vxlan() != null) {
                rtnl.fdb(index).forEach(each -> lines.add(named(each, link)));
            }
        }
        // The kernel's own: a new MAC does not change them.
        lines.removeIf(line -> line.startsWith("fe80:") || line.startsWith("type 2 fe80:"));
        lines.sort(null);
        return lines;
    }

    private static String named(Object value, Link link) {
        return value.toString().replace("dev " + link.index(), "dev " + link.name());
    }

    /** What of the picture is not of the overlay's devices. */
    List<String> foreign() throws NetlinkException {
        return picture().stream().filter(line -> !line.contains("flannel")).toList();
    }

    @Override
    public void close() {
        rtnl.close();
    }
}
