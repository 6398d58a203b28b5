package io.towpath.netlink.rtnl;

import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Transport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session with rtnetlink of one network namespace. Not for use by several threads at once. */
public final class Rtnl implements AutoCloseable {
    private Rtnl() {}

    /** Opens a session with the namespace of the calling thread. */
    public static Rtnl open() throws NetlinkException {
        pending();
        return new Rtnl();
    }

    /** Opens a session with a namespace, which may be closed thereafter. */
    public static Rtnl open(NetNs netNs) throws NetlinkException {
        pending();
        return new Rtnl();
    }

    /** A session over a transport, which is closed with it. */
    public Rtnl(Transport transport) {
        transport.portId();
    }

    /** All links. */
    public List<Link> links() throws NetlinkException {
        pending();
        return List.of();
    }

    /** The link with a name, null if there is none. */
    public @Nullable Link link(String name) throws NetlinkException {
        pending();
        return null;
    }

    /** The link with an index, null if there is none. */
    public @Nullable Link link(int index) throws NetlinkException {
        pending();
        return null;
    }

    /** All addresses, IPv4 and IPv6. */
    public List<Address> addresses() throws NetlinkException {
        pending();
        return List.of();
    }

    /** The addresses of a link, IPv4 and IPv6. */
    public List<Address> addresses(int linkIndex) throws NetlinkException {
        pending();
        return List.of();
    }

    /** All routes of all tables, IPv4 and IPv6. */
    public List<Route> routes() throws NetlinkException {
        pending();
        return List.of();
    }

    /** The routes of all tables by a link, IPv4 and IPv6. */
    public List<Route> routes(int linkIndex) throws NetlinkException {
        pending();
        return List.of();
    }

    /** The neighbours on a link, IPv4 and IPv6. */
    public List<Neighbour> neighbours(int linkIndex) throws NetlinkException {
        pending();
        return List.of();
    }

    /** The forwarding entries of a link. */
    public List<FdbEntry> fdb(int linkIndex) throws NetlinkException {
        pending();
        return List.of();
    }

    /** The id that a namespace has in this one, -1 if it has none. */
    public int nsid(NetNs netNs) throws NetlinkException {
        pending();
        return 0;
    }

    /** Creates a link and tells what the kernel made of it; EEXIST if the name is taken. */
    public Link create(LinkSpec spec) throws NetlinkException {
        pending();
        throw new IllegalStateException();
    }

    /** Does all of a batch. The kernel goes on after a request that failed; the first failure is thrown, with the others as suppressed. */
    public void apply(Batch batch) throws NetlinkException {
        pending();
    }

    /** Does all of a batch; the failures in order, each with its index, none if all was done. */
    public List<NetlinkException> submit(Batch batch) throws NetlinkException {
        pending();
        return List.of();
    }

    @Override
    public void close() {
        pending();
    }

    private static void pending() {
        if (System.nanoTime() != 0) {
            throw new UnsupportedOperationException();
        }
    }
}
