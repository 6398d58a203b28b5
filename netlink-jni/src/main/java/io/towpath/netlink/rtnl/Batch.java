package io.towpath.netlink.rtnl;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;
import static io.towpath.netlink.rtnl.TrafficControl.*;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.Requests;

/**
 * Requests that need no answer between them, in order. Nothing happens before {@link Rtnl#apply} or {@link Rtnl#submit}.
 */
public final class Batch {
    private final Requests requests = new Requests();

    Requests requests() {
        return requests;
    }

    /**
     * Changes a link.
     *
     * @throws IllegalArgumentException if a link told by name is to have another name
     */
    public Batch setLink(LinkChange change) {
        LinkEncoder.change(requests, change);
        return this;
    }

    /** Removes a link, of a pair both ends; ENODEV if there is none. */
    public Batch deleteLink(int index) {
        LinkEncoder.delete(requests, index);
        return this;
    }

    /** Removes a link, of a pair both ends; ENODEV if there is none. */
    public Batch deleteLink(String name) {
        LinkEncoder.delete(requests, name);
        return this;
    }

    /** Adds a global address; EEXIST if the link has it. */
    public Batch addAddress(int linkIndex, IpPrefix prefix) {
        return addAddress(Address.of(linkIndex, prefix));
    }

    /** Adds an address; EEXIST if the link has it. */
    public Batch addAddress(Address address) {
        AddressCodec.write(requests, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "address add", address);
        return this;
    }

    /** Adds an address, or changes the flags of one the link has. */
    public Batch replaceAddress(Address address) {
        AddressCodec.write(requests, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "address replace", address);
        return this;
    }

    /** Removes an address; EADDRNOTAVAIL if the link does not have it. */
    public Batch deleteAddress(Address address) {
        AddressCodec.write(requests, RTM_DELADDR, 0, "address delete", address);
        return this;
    }

    /** Adds a route; EEXIST if there is one to the destination with the same priority in the table. */
    public Batch addRoute(Route route) {
        RouteCodec.write(requests, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "route add", route);
        return this;
    }

    /** Adds a route, or puts it in the place of the one to the destination with the same priority in the table. */
    public Batch replaceRoute(Route route) {
        RouteCodec.write(requests, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "route replace", route);
        return this;
    }

    /** Removes a route that agrees in all that is said; ESRCH if there is none. */
    public Batch deleteRoute(Route route) {
        RouteCodec.write(requests, RTM_DELROUTE, 0, "route delete", route);
        return this;
    }

    /** Adds a neighbour; EEXIST if the link has one with the address. */
    public Batch addNeighbour(Neighbour neighbour) {
        NeighbourCodec.write(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "neighbour add", neighbour);
        return this;
    }

    /** Adds a neighbour, or changes the one with the address. */
    public Batch replaceNeighbour(Neighbour neighbour) {
        NeighbourCodec.write(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, "neighbour replace", neighbour);
        return this;
    }

    /** Removes a neighbour; ENOENT if there is none. */
    public Batch deleteNeighbour(Neighbour neighbour) {
        NeighbourCodec.write(requests, RTM_DELNEIGH, 0, "neighbour delete", neighbour);
        return this;
    }

    /** Adds a forwarding entry; EEXIST if there is one for the hardware address. */
    public Batch addFdb(FdbEntry entry) {
        NeighbourCodec.write(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "fdb add", entry);
        return this;
    }

    /** Adds a forwarding entry beside others: a tunnel allows that only for the all-zero and for group hardware addresses. */
    public Batch appendFdb(FdbEntry entry) {
        NeighbourCodec.write(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, "fdb append", entry);
        return this;
    }

    /** Adds a forwarding entry, or puts it in the place of the one for the hardware address. */
    public Batch replaceFdb(FdbEntry entry) {
        NeighbourCodec.write(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, "fdb replace", entry);
        return this;
    }

    /** Removes a forwarding entry; ENOENT if there is none. */
    public Batch deleteFdb(FdbEntry entry) {
        NeighbourCodec.write(requests, RTM_DELNEIGH, 0, "fdb delete", entry);
        return this;
    }

    /** Sets how long an ARP answer for somebody else is held back on a link, in milliseconds (proxy_delay). */
    public Batch setProxyDelay(int linkIndex, long milliseconds) {
        NeighbourCodec.proxyDelay(requests, linkIndex, milliseconds);
        return this;
    }

    /** Attaches a queueing discipline; EEXIST if there is one in its place that somebody else put there. */
    public Batch addQdisc(Qdisc qdisc) {
        TrafficCodec.write(requests, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, "qdisc add", qdisc);
        return this;
    }

    /** Attaches a queueing discipline, or changes the one in its place into it. */
    public Batch replaceQdisc(Qdisc qdisc) {
        TrafficCodec.write(requests, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, "qdisc replace", qdisc);
        return this;
    }

    /** Detaches the queueing discipline in a place, and its filters with it; EINVAL if there is none of its kind. */
    public Batch deleteQdisc(Qdisc qdisc) {
        TrafficCodec.write(requests, RTM_DELQDISC, 0, "qdisc delete", qdisc);
        return this;
    }

    /** Adds a filter after those of its priority. */
    public Batch addFilter(Filter filter) {
        TrafficCodec.write(requests, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, "filter add", filter);
        return this;
    }

    /** Removes all filters of a kind, protocol and priority; ENOENT if there is none. */
    public Batch deleteFilters(Filter filter) {
        Filter any = new Filter(
                filter.linkIndex(), filter.parent(), filter.priority(), filter.protocol(), filter.kind(), null, 0);
        TrafficCodec.write(requests, RTM_DELTFILTER, 0, "filter delete", any);
        return this;
    }

    /** The number of requests. */
    public int size() {
        return requests.size();
    }

    /** Whether there is no request. */
    public boolean isEmpty() {
        return requests.size() == 0;
    }

    /** One line per request, such as {@code "route replace 10.1.2.0/24 via 10.1.2.0 dev 7 onlink"}. */
    @Override
    public String toString() {
        return requests.toString();
    }
}
