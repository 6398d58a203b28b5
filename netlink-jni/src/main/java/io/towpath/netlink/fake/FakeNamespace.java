package io.towpath.netlink.fake;

import io.towpath.netlink.Transport;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.HashMap;
import java.util.Map;

/** A network namespace of a {@link FakeKernel}. It starts with a loopback device that is down. */
public final class FakeNamespace {
    private final FakeKernel kernel;
    private final String name;
    private final int fd;
    private final Map<FakeNamespace, Integer> nsids = new HashMap<>();
    private final FakeNeighbours neighbours = new FakeNeighbours(this);
    private final FakeRoutes routes = new FakeRoutes(this);
    private final FakeAddresses addresses = new FakeAddresses(this);
    private final FakeTraffic traffic = new FakeTraffic(this);
    private final FakeLinks links = new FakeLinks(this);

    private final FakeNft nft = new FakeNft();
    private int lastPort = 4711;

    FakeNamespace(FakeKernel kernel, String name, int fd) {
        this.kernel = kernel;
        this.name = name;
        this.fd = fd;
    }

    public String name() {
        return name;
    }

    /** What stands for it where the real kernel takes a descriptor (IFLA_NET_NS_FD). */
    public int fd() {
        return fd;
    }

    /** A new session with it. */
    public Rtnl open() {
        return new Rtnl(transport());
    }

    /** A way to it. */
    public Transport transport() {
        return new FakeTransport(this, new FakeDispatch(this));
    }

    /** A new session with its nftables. */
    public Nft openNft() {
        return new Nft(nftTransport());
    }

    /** A way to its nftables. */
    public Transport nftTransport() {
        int port = nextPort();
        return new FakeTransport(this, new FakeNftDispatch(nft, port), port);
    }

    /** What changes in its nftables from now on. */
    public NftEvents nftEvents() {
        return nft.events();
    }

    int nextPort() {
        return ++lastPort;
    }

    /** A new session with its connection tracking, which has seen no packet. */
    public Conntrack openConntrack() {
        return new Conntrack(new FakeTransport(this, new FakeConntrackDispatch()));
    }

    FakeKernel kernel() {
        return kernel;
    }

    FakeLinks links() {
        return links;
    }

    FakeAddresses addresses() {
        return addresses;
    }

    FakeRoutes routes() {
        return routes;
    }

    FakeNeighbours neighbours() {
        return neighbours;
    }

    FakeTraffic traffic() {
        return traffic;
    }

    /** The id of another namespace in this one, -1 for none. */
    int nsid(FakeNamespace other) {
        return nsids.getOrDefault(other, -1);
    }

    /** As {@link #nsid}, after giving it one. */
    int assignNsid(FakeNamespace other) {
        return nsids.computeIfAbsent(other, n -> nsids.size());
    }
}
