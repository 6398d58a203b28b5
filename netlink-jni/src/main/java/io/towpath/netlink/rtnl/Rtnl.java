package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import io.towpath.netlink.Requests;
import io.towpath.netlink.Transport;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session with rtnetlink of one network namespace. Not for use by several threads at once. */
public final class Rtnl implements AutoCloseable {
    private final Netlink netlink;

    /** A session over a transport, which is closed with it. */
    public Rtnl(Transport transport) {
        netlink = new Netlink(transport);
    }

    /** Opens a session with the namespace of the calling thread. */
    public static Rtnl open() throws NetlinkException {
        return new Rtnl(NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE, null));
    }

    /** Opens a session with a namespace, which may be closed thereafter. */
    public static Rtnl open(NetNs netNs) throws NetlinkException {
        return new Rtnl(NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE, netNs));
    }

    /** All links. */
    public List<Link> links() throws NetlinkException {
        Requests requests = new Requests();
        LinkEncoder.list(requests);
        return netlink.dump(requests, LinkDecoder::read);
    }

    /** The link with a name, null if there is none. */
    public @Nullable Link link(String name) throws NetlinkException {
        Requests requests = new Requests();
        LinkEncoder.get(requests, name);
        return linkIfAny(requests);
    }

    /** The link with an index, null if there is none. */
    public @Nullable Link link(int index) throws NetlinkException {
        Requests requests = new Requests();
        LinkEncoder.get(requests, index);
        return linkIfAny(requests);
    }

    /** The other end of a link of a pair, null if it cannot be seen: if its namespace has no id here, or is another user's. */
    public @Nullable Link otherEnd(Link link) throws NetlinkException {
        if (link.parentIndex() == 0 || link.peerNsid() < 0) {
            return null;
        }
        Requests requests = new Requests();
        LinkEncoder.get(requests, link.parentIndex(), link.peerNsid());
        try {
            return linkIfAny(requests);
        } catch (NetlinkException e) {
            if (e.is(Errno.EINVAL) || e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
                return null;
            }
            throw e;
        }
    }

    private @Nullable Link linkIfAny(Requests requests) throws NetlinkException {
        try {
            return netlink.get(requests, LinkDecoder::read);
        } catch (NetlinkException e) {
            if (e.is(Errno.ENODEV)) {
                return null;
            }
            throw e;
        }
    }

    /** All addresses, IPv4 and IPv6. */
    public List<Address> addresses() throws NetlinkException {
        return addresses(0);
    }

    /** The addresses of a link, IPv4 and IPv6; ENODEV if there is no such link. */
    public List<Address> addresses(int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        AddressCodec.list(requests, linkIndex);
        List<Address> addresses = netlink.dump(requests, AddressCodec::read);
        addresses.removeIf(address -> linkIndex != 0 && address.linkIndex() != linkIndex);
        return addresses;
    }

    /** All routes of all tables, IPv4 and IPv6. */
    public List<Route> routes() throws NetlinkException {
        return routes(0);
    }

    /** The routes of all tables by a link, IPv4 and IPv6; ENODEV if there is no such link. */
    public List<Route> routes(int linkIndex) throws NetlinkException {
        List<Route> routes = new ArrayList<>(routes(AF_INET, linkIndex));
        routes.addAll(routes(AF_INET6, linkIndex));
        return routes;
    }

    /** The routes of all tables that a protocol made, IPv4 and IPv6. */
    public List<Route> routesOf(int protocol) throws NetlinkException {
        List<Route> routes = new ArrayList<>(routesOf(AF_INET, protocol));
        routes.addAll(routesOf(AF_INET6, protocol));
        return routes;
    }

    /** The default routes of the main table by which packets leave, those of IPv4 first, the best of each family before others. */
    public List<DefaultRoute> defaultRoutes() throws NetlinkException {
        DefaultRoutes reader = new DefaultRoutes(netlink);
        List<DefaultRoute> routes = new ArrayList<>(reader.list(false));
        routes.addAll(reader.list(true));
        return routes;
    }

    /** The rules of policy routing of a family, in their order; none if the kernel has no such thing. */
    public List<IpRule> rules(boolean ipv6) throws NetlinkException {
        int family = ipv6 ? AF_INET6 : AF_INET;
        Requests requests = new Requests();
        RuleCodec.list(requests, family);
        try {
            return netlink.dump(requests, (type, payload) -> RuleCodec.read(family, type, payload));
        } catch (NetlinkException e) {
            if (e.is(Errno.EOPNOTSUPP) || e.is(Errno.EAFNOSUPPORT)) {
                return List.of();
            }
            throw e;
        }
    }

    private List<Route> routesOf(int family, int protocol) throws NetlinkException {
        Requests requests = new Requests();
        RouteCodec.list(requests, family, 0, protocol);
        List<Route> routes = netlink.dump(requests, (type, payload) -> RouteCodec.read(family, type, payload));
        routes.removeIf(route -> route.protocol() != protocol);
        return routes;
    }

    private List<Route> routes(int family, int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        RouteCodec.list(requests, family, linkIndex, 0);
        List<Route> routes = netlink.dump(requests, (type, payload) -> RouteCodec.read(family, type, payload));
        routes.removeIf(route -> linkIndex != 0 && route.linkIndex() != linkIndex);
        return routes;
    }

    /** The neighbours on a link, IPv4 and IPv6. */
    public List<Neighbour> neighbours(int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        NeighbourCodec.list(requests, linkIndex);
        List<Neighbour> neighbours = netlink.dump(requests, NeighbourCodec::read);
        neighbours.removeIf(neighbour -> neighbour.linkIndex() != linkIndex);
        return neighbours;
    }

    /** The forwarding entries of a link. */
    public List<FdbEntry> fdb(int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        NeighbourCodec.listFdb(requests, linkIndex);
        List<FdbEntry> entries = netlink.dump(requests, NeighbourCodec::readFdb);
        entries.removeIf(entry -> entry.linkIndex() != linkIndex);
        return entries;
    }

    /** The queueing disciplines of a link; the kernel lists those of all links for it. */
    public List<Qdisc> qdiscs(int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        TrafficCodec.listQdiscs(requests);
        List<Qdisc> qdiscs = netlink.dump(requests, TrafficCodec::readQdisc);
        qdiscs.removeIf(qdisc -> qdisc.linkIndex() != linkIndex);
        return qdiscs;
    }

    /** The filters on what comes in by a link, none if there is no such link or it has no {@link Qdisc#ingress}. */
    public List<Filter> ingressFilters(int linkIndex) throws NetlinkException {
        Requests requests = new Requests();
        TrafficCodec.listFilters(requests, linkIndex, Qdisc.INGRESS_HANDLE);
        return netlink.dump(requests, TrafficCodec::readFilter);
    }

    /** The id that a namespace has in this one, -1 if it has none. */
    public int nsid(NetNs netNs) throws NetlinkException {
        return nsid(netNs.fd());
    }

    /** As {@link #nsid(NetNs)}, of the namespace that a descriptor stands for. */
    public int nsid(int netNs) throws NetlinkException {
        Requests requests = new Requests();
        MessageWriter out = requests.add(RTM_GETNSID, 0, "nsid show", "fd " + netNs);
        out.u32(AF_UNSPEC).u32(NETNSA_FD, netNs).end();
        return netlink.get(requests, Rtnl::readNsid);
    }

    static @Nullable Integer readNsid(int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, 4);
        Integer nsid = null;
        while (type == RTM_NEWNSID && in.next()) {
            if (in.type() == NETNSA_NSID) {
                nsid = in.u32();
            }
        }
        return nsid;
    }

    /**
     * Creates a link and tells what the kernel made of it, with one system call for the requests and one for the answer.
     *
     * @throws NetlinkException with EEXIST if the name is taken, and for whatever else the kernel refuses
     */
    public Link create(LinkSpec spec) throws NetlinkException {
        Requests requests = new Requests();
        LinkEncoder.create(requests, spec);
        LinkEncoder.get(requests, spec.name());
        return netlink.get(requests, LinkDecoder::read);
    }

    /**
     * Does all of a batch. The kernel goes on after a request that failed.
     *
     * @throws NetlinkException the first failure, with the others as suppressed
     */
    public void apply(Batch batch) throws NetlinkException {
        List<NetlinkException> failures = submit(batch);
        if (failures.isEmpty()) {
            return;
        }
        NetlinkException first = failures.get(0);
        failures.subList(1, failures.size()).forEach(first::addSuppressed);
        throw first;
    }

    /**
     * Does all of a batch.
     *
     * @return the failures in order, each with its index, none if all was done
     * @throws NetlinkException if it is not known what became of the requests
     */
    public List<NetlinkException> submit(Batch batch) throws NetlinkException {
        return netlink.submit(batch.requests());
    }

    @Override
    public void close() {
        netlink.close();
    }
}
