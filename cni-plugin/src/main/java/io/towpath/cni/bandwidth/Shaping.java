package io.towpath.cni.bandwidth;

import io.towpath.cni.protocol.Bandwidth;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.WiringException;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Slows a pod down. What it gets leaves the node by the host's end of its link: a token bucket there. What it sends comes in by
 * it, where packets cannot wait: they are sent through a device of the pod's own that has a token bucket and gives them back.
 *
 * <p>What comes back from there is past the check of sources ({@code io.towpath.cni.sources}). So only what has a source of the
 * pod's is sent through it; all else, as ARP and what has a link-local or a forged source, goes on to the check.
 */
public final class Shaping {
    /** What a packet has on the link beyond what the MTU counts: the Ethernet header. */
    private static final int HEADER = 14;

    /** Packets wait for 25 ms of the rate, as the reference's do. */
    private static final long WAITS_PER_SECOND = 40;

    // As much to wait as a long burst would be minutes of delay; two packets as large as segmentation offload makes
    // them are enough to keep the link busy.
    private static final long MAX_BURST_TO_WAIT = 128 << 10;

    private static final long U32_MAX = 0xffff_ffffL;

    /** Of a filter that sent everything through the device, as earlier releases made it. */
    private static final int FORMER_PRIORITY = 1;

    private static final int IPV4_PRIORITY = 2;
    private static final int IPV6_PRIORITY = 3;

    private final OwnerMark mark;
    private final Bandwidth bandwidth;

    /** @param mark the attachment's */
    public Shaping(OwnerMark mark, Bandwidth bandwidth) {
        this.mark = mark;
        this.bandwidth = bandwidth;
    }

    /**
     * Finds out whether packets can pass at all.
     *
     * @param mtu of the link, in bytes
     * @throws CniException with code 7 if a burst is shorter than a packet
     */
    public void requireSense(int mtu) throws CniException {
        requireSense("ingressBurst", bandwidth.ingress(), mtu);
        requireSense("egressBurst", bandwidth.egress(), mtu);
    }

    private static void requireSense(String key, Bandwidth.Limit limit, int mtu) throws CniException {
        int packet = mtu + HEADER;
        if (limit.isSet() && limit.burstBytes() < packet) {
            throw new CniException(
                    CniException.INVALID_CONFIG,
                    "network config key \"runtimeConfig.bandwidth." + key + "\" is less than a packet of MTU " + mtu
                            + " takes: " + limit.burst() + " bits, not " + 8 * packet);
        }
    }

    /** The device that slows down what the pod sends as a result tells of it, null if that is not limited: its name. */
    public @Nullable String deviceName() {
        return bandwidth.egress().isSet() ? EndpointName.limiterName(mark) : null;
    }

    /**
     * Puts the limits on a pod's link. What it leaves when it fails goes with the link, as the caller removes it.
     *
     * @param link the host's end
     * @param mtu of the link, in bytes
     * @param addresses the pod's
     * @throws WiringException if somebody else's device has the name of this attachment's
     */
    public void apply(Rtnl host, Link link, int mtu, List<IpAddress> addresses)
            throws NetlinkException, WiringException {
        if (bandwidth.isUnlimited()) {
            return;
        }
        Batch batch = new Batch();
        if (bandwidth.egress().isSet()) {
            Link device = create(host, mtu);
            LinkChange settings =
                    LinkChange.of(device.index()).withAlias(mark.alias()).withUp(true);
            if (device.addrGenMode() >= 0) {
                settings = settings.withAddrGenMode(LinkChange.IN6_ADDR_GEN_MODE_NONE);
            }
            batch.addQdisc(Qdisc.root(device.index(), bucket(bandwidth.egress())))
                    .setLink(settings)
                    .addQdisc(Qdisc.ingress(link.index()));
            for (IpAddress address : addresses) {
                batch.addFilter(filter(link, address, device.index()));
            }
        }
        if (bandwidth.ingress().isSet()) {
            batch.addQdisc(Qdisc.root(link.index(), bucket(bandwidth.ingress())));
        }
        host.apply(batch);
    }

    private static Filter filter(Link link, IpAddress address, int device) {
        return Filter.redirect(link.index(), address.ipv6() ? IPV6_PRIORITY : IPV4_PRIORITY, address, device);
    }

    /**
     * Has a pod's link that an earlier release limited send through the device only what comes from the pod's addresses.
     *
     * @param link the host's end
     * @param addresses the pod's
     * @return whether there was anything to do
     */
    public static boolean narrow(Rtnl host, Link link, Collection<IpAddress> addresses) throws NetlinkException {
        List<Filter> filters = host.ingressFilters(link.index());
        for (Filter former : filters) {
            if (former.priority() == FORMER_PRIORITY
                    && former.protocol() == Filter.ETH_P_ALL
                    && former.redirectTo() != 0) {
                Batch batch = new Batch();
                for (IpAddress address : addresses) {
                    Filter filter = filter(link, address, former.redirectTo());
                    if (!contains(filters, filter)) {
                        batch.addFilter(filter);
                    }
                }
                host.apply(batch.deleteFilters(former));
                return true;
            }
        }
        return false;
    }

    private static boolean contains(List<Filter> filters, Filter wanted) {
        return filters.stream()
                .anyMatch(filter -> wanted.source() != null
                        && wanted.source().equals(filter.source())
                        && wanted.protocol() == filter.protocol()
                        && wanted.redirectTo() == filter.redirectTo());
    }

    private Link create(Rtnl host, int mtu) throws NetlinkException, WiringException {
        String name = EndpointName.limiterName(mark);
        LinkSpec spec = new LinkSpec.Plain(name, Endpoint.HOST_MAC, mtu, "ifb");
        try {
            return host.create(spec);
        } catch (NetlinkException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        // Only an ADD of the same attachment that was killed can have left it.
        Link old = host.link(name);
        if (old != null && !isOurs(old)) {
            throw new WiringException("link " + name + " is in the way: it is of type "
                    + old.kind().name() + " and not this pod's");
        }
        if (old != null) {
            host.apply(new Batch().deleteLink(old.index()));
        }
        return host.create(spec);
    }

    private boolean isOurs(Link link) {
        String alias = link.alias();
        return link.kind().name().equals("ifb") && (alias == null ? !link.isUp() : alias.equals(mark.alias()));
    }

    static Qdisc.Tbf bucket(Bandwidth.Limit limit) {
        long rate = limit.bytesPerSecond();
        long waiting = rate / WAITS_PER_SECOND + Math.min(limit.burstBytes(), MAX_BURST_TO_WAIT);
        return new Qdisc.Tbf(rate, limit.burstBytes(), Math.min(waiting, U32_MAX));
    }

    /**
     * Compares a pod's link with its limits.
     *
     * @param hostName the name of the host's end
     * @param addresses the pod's
     * @return what is wrong, one short sentence each; empty if nothing is
     */
    public List<String> compare(Rtnl host, String hostName, List<IpAddress> addresses) throws NetlinkException {
        List<String> mismatches = new ArrayList<>();
        Link link = bandwidth.isUnlimited() ? null : host.link(hostName);
        if (link == null) {
            return mismatches;
        }
        if (bandwidth.ingress().isSet()) {
            compareBucket(host, link, bandwidth.ingress(), mismatches);
        }
        if (bandwidth.egress().isSet()) {
            compareDevice(host, link, addresses, mismatches);
        }
        return mismatches;
    }

    private void compareDevice(Rtnl host, Link link, List<IpAddress> addresses, List<String> mismatches)
            throws NetlinkException {
        String name = EndpointName.limiterName(mark);
        Link device = host.link(name);
        if (device == null) {
            mismatches.add("interface " + name + ", which limits what the container sends, is missing on the node");
            return;
        }
        if (!isOurs(device)) {
            mismatches.add("interface " + name + " is not this attachment's");
        }
        if (!device.isUp()) {
            mismatches.add("interface " + name + " on the node is down");
        }
        compareBucket(host, device, bandwidth.egress(), mismatches);
        List<Filter> filters = host.ingressFilters(link.index());
        for (IpAddress address : addresses) {
            if (!contains(filters, filter(link, address, device.index()))) {
                mismatches.add("what comes in by " + link.name() + " from " + address + " does not go through " + name);
            }
        }
    }

    private static void compareBucket(Rtnl host, Link link, Bandwidth.Limit limit, List<String> mismatches)
            throws NetlinkException {
        Qdisc.Tbf wanted = bucket(limit);
        for (Qdisc qdisc : host.qdiscs(link.index())) {
            if (qdisc.parent() == Qdisc.TC_H_ROOT) {
                if (!wanted.isShownAs(qdisc.kind())) {
                    mismatches.add("interface " + link.name() + " has " + qdisc.kind() + ", not " + wanted);
                }
                return;
            }
        }
        mismatches.add("interface " + link.name() + " has no " + wanted);
    }
}
