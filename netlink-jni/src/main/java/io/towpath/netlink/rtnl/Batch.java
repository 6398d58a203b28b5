package io.towpath.netlink.rtnl;

import io.towpath.net.IpPrefix;

/**
 * Requests that need no answer between them, in order. A plain value: nothing happens before {@link Rtnl#apply} or {@link
 * Rtnl#submit}.
 */
public final class Batch {
    /** Changes a link. */
    public Batch setLink(LinkChange change) {
        pending();
        return this;
    }

    /** Removes a link, of a pair both ends. */
    public Batch deleteLink(int index) {
        pending();
        return this;
    }

    /** Removes a link, of a pair both ends. */
    public Batch deleteLink(String name) {
        pending();
        return this;
    }

    /** Adds a global address; EEXIST if the link has it. */
    public Batch addAddress(int linkIndex, IpPrefix prefix) {
        pending();
        return this;
    }

    /** Adds an address; EEXIST if the link has it. */
    public Batch addAddress(Address address) {
        pending();
        return this;
    }

    /** Adds an address, or changes the flags of one the link has. */
    public Batch replaceAddress(Address address) {
        pending();
        return this;
    }

    /** Removes an address; EADDRNOTAVAIL if the link does not have it. */
    public Batch deleteAddress(Address address) {
        pending();
        return this;
    }

    /** Adds a route; EEXIST if there is one to the destination with the same priority in the table. */
    public Batch addRoute(Route route) {
        pending();
        return this;
    }

    /** Adds a route, or puts it in the place of the one to the destination with the same priority in the table. */
    public Batch replaceRoute(Route route) {
        pending();
        return this;
    }

    /** Removes a route; ESRCH if there is none such. */
    public Batch deleteRoute(Route route) {
        pending();
        return this;
    }

    /** Adds a neighbour; EEXIST if the link has one with the address. */
    public Batch addNeighbour(Neighbour neighbour) {
        pending();
        return this;
    }

    /** Adds a neighbour, or changes the one with the address. */
    public Batch replaceNeighbour(Neighbour neighbour) {
        pending();
        return this;
    }

    /** Removes a neighbour; ENOENT if there is none such. */
    public Batch deleteNeighbour(Neighbour neighbour) {
        pending();
        return this;
    }

    /** Adds a forwarding entry beside others for the same hardware address; EEXIST if it is there. */
    public Batch appendFdb(FdbEntry entry) {
        pending();
        return this;
    }

    /** Adds a forwarding entry in the place of whatever is there for the hardware address. */
    public Batch replaceFdb(FdbEntry entry) {
        pending();
        return this;
    }

    /** Removes a forwarding entry; ENOENT if there is none such. */
    public Batch deleteFdb(FdbEntry entry) {
        pending();
        return this;
    }

    /** Sets how long an ARP answer for somebody else is held back on a link, in milliseconds. */
    public Batch setProxyDelay(int linkIndex, long milliseconds) {
        pending();
        return this;
    }

    /** The number of requests. */
    public int size() {
        pending();
        return 0;
    }

    /** Whether there is no request. */
    public boolean isEmpty() {
        pending();
        return false;
    }

    /** One line per request, such as {@code "route replace 10.1.2.0/24 via 10.1.2.0 dev 7 onlink"}. */
    @Override
    public String toString() {
        pending();
        return "";
    }

    private static void pending() {
        if (System.nanoTime() != 0) {
            throw new UnsupportedOperationException();
        }
    }
}
