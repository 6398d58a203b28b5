package io.towpath.cni.wiring;

import io.towpath.cni.sources.SourceTable;
import io.towpath.cni.sources.Sources;
import io.towpath.linux.Errno;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes a pod's link, step by step; what is made is undone by {@link LinkRemoval#disconnect}. */
public final class LinkSetup {
    private final Namespaces namespaces;
    private final LeaseLook leases;
    private final PortRemoval ports;

    /** A look at who has addresses; asked only when something is in the way. */
    public interface LeaseLook {
        /** Whether the attachment has a lease, or may have one of a network that is not this one. */
        boolean isLive(OwnerMark mark) throws IOException;
    }

    /** Removes the host ports of an attachment whose link goes, if its link tells that there may be some. */
    public interface PortRemoval {
        void remove(OwnerMark mark) throws IOException;
    }

    public LinkSetup(Namespaces namespaces, LeaseLook leases, PortRemoval ports) {
        this.namespaces = namespaces;
        this.leases = leases;
        this.ports = ports;
    }

    /**
     * Creates both ends, which are down. Removes what a pod left that is gone, and nothing else.
     *
     * @return the host's end as the kernel created it
     * @throws WiringException if something is in the way that is not ours to remove; nothing is left
     * @throws NetlinkException if the kernel refuses a request; nothing is left
     * @throws NotUndoneException if it refused the undo too, and the link is left
     */
    public Link create(Namespaces.Pod pod, Endpoint endpoint) throws IOException {
        return create(namespaces.host(), pod, endpoint);
    }

    /** Writes the settings of the host's end that no message to the kernel has. */
    public void writeSettings(Endpoint endpoint, Link link) throws NetlinkException {
        List<Sysctl> sysctls = EndpointPlan.hostSysctls(endpoint, link);
        if (!sysctls.isEmpty()) {
            namespaces.writeHostSysctls(sysctls);
        }
    }

    /** Lets in no other sources than the pod's addresses: to be done before the pod can send. */
    public void checkSources(Endpoint endpoint) throws NetlinkException {
        SourceTable.admit(namespaces.nft(), Sources.of(endpoint.hostName(), endpoint.addresses(), endpoint.podMac()));
    }

    /** Gives both ends their addresses, the pod its routes, the host's end its owner's mark, and brings them up. */
    public void bringUp(Namespaces.Pod pod, Endpoint endpoint, Link link) throws NetlinkException {
        namespaces.host().apply(EndpointPlan.hostLink(endpoint, link));
        if (endpoint.has(true)) {
            enableIpv6(pod, endpoint.ifName());
        }
        pod.rtnl().apply(EndpointPlan.pod(endpoint, link.parentIndex()));
    }

    /**
     * Adds the node's routes to the pod: when both ends are up, as they would show as dead before.
     *
     * @throws WiringException if another link has a route to one of the addresses that is not ours to remove
     */
    public void addRoutes(Endpoint endpoint, Link link) throws IOException {
        addHostRoutes(namespaces.host(), endpoint, link.index());
    }

    private Link create(Rtnl host, Namespaces.Pod pod, Endpoint endpoint) throws IOException {
        Link created = tryCreate(host, pod, endpoint);
        if (created != null) {
            return created;
        }
        Link old = host.link(endpoint.hostName());
        Link taken = pod.rtnl().link(endpoint.ifName());
        if (taken != null && (old == null || !Links.arePair(old, pod, taken) || isOthers(old, endpoint))) {
            throw new WiringException("the container already has an interface " + endpoint.ifName());
        }
        if (old != null && !Links.isVeth(old)) {
            throw new WiringException("link " + old.name() + " is in the way: it is of type "
                    + old.kind().name() + " and not a pod's");
        }
        if (old != null) {
            deleteOther(old);
        }
        created = tryCreate(host, pod, endpoint);
        if (created == null) {
            throw new WiringException("link " + endpoint.hostName() + " was made by somebody else meanwhile");
        }
        return created;
    }

    /** Before a link goes, what else is its attachment's: nobody would find it any more, and its address may be another's soon. */
    private boolean deleteOther(Link link) throws IOException {
        OwnerMark mark = Links.mark(link);
        if (mark != null && Links.mayHavePorts(link)) {
            ports.remove(mark);
        }
        return LinkRemoval.remove(namespaces, link, mark);
    }

    /** Null if one of the two names is taken. */
    private static @Nullable Link tryCreate(Rtnl host, Namespaces.Pod pod, Endpoint endpoint) throws IOException {
        try {
            return host.create(EndpointPlan.link(endpoint, pod.fd()));
        } catch (NetlinkException e) {
            if (e.is(Errno.EEXIST)) {
                return null;
            }
            removeHalfMade(host, pod, endpoint, e);
            throw e;
        }
    }

    /** A link may have been created though it could not be shown: it is ours if it leads to the pod and was never up. */
    private static void removeHalfMade(Rtnl host, Namespaces.Pod pod, Endpoint endpoint, NetlinkException failure)
            throws NotUndoneException {
        try {
            Link link = host.link(endpoint.hostName());
            if (link != null && link.alias() == null && !link.isUp() && pod.hasOtherEnd(link)) {
                Links.deleteEndpoint(host, link.index(), null);
            }
        } catch (NetlinkException undo) {
            throw new NotUndoneException(failure, undo);
        }
    }

    private boolean isOthers(Link link, Endpoint endpoint) throws IOException {
        return !Links.isMarked(link, endpoint.mark()) && isLive(link);
    }

    private boolean isLive(Link link) throws IOException {
        return Links.isMarked(link) && leases.isLive(new OwnerMark(Objects.requireNonNull(link.alias())));
    }

    /** A namespace may come with IPv6 switched off, though the pod is to have an address of it. */
    private static void enableIpv6(Namespaces.Pod pod, String ifName) throws NetlinkException {
        String key = "net/ipv6/conf/" + ifName + "/disable_ipv6";
        if (!pod.readSysctl(key).equals("0")) {
            pod.writeSysctls(List.of(new Sysctl(key, "0")));
        }
    }

    private void addHostRoutes(Rtnl host, Endpoint endpoint, int index) throws IOException {
        Batch batch = EndpointPlan.hostRoutes(endpoint, index);
        List<NetlinkException> failures = host.submit(batch);
        for (NetlinkException failure : failures) {
            Route route = EndpointPlan.hostRoute(endpoint.addresses().get(failure.index()), index);
            // The agent puts back routes that others delete, and may have been faster.
            if (failure.is(Errno.EEXIST) && isThere(host, route)) {
                continue;
            }
            if (!failure.is(Errno.EEXIST) || !removeStale(host, route.destination())) {
                throw failure;
            }
            host.apply(new Batch().addRoute(route));
        }
    }

    private static boolean isThere(Rtnl host, Route wanted) throws NetlinkException {
        for (Route route : host.routes(wanted.linkIndex())) {
            if (route.table() == wanted.table() && route.destination().equals(wanted.destination())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Removes the link that has the route to an address which was just allocated, if it is a pod's that has no lease.
     *
     * @throws WiringException naming the link if it is anything else
     */
    private boolean removeStale(Rtnl host, IpPrefix destination) throws IOException {
        for (Route route : host.routes()) {
            if (route.table() == Route.RT_TABLE_MAIN && route.destination().equals(destination)) {
                Link holder = host.link(route.linkIndex());
                if (holder == null || !Links.isHostEnd(holder) || !Links.isMarked(holder) || isLive(holder)) {
                    throw new WiringException("there is a route to " + destination.address() + " already, by "
                            + (holder == null ? "no link" : "link " + holder.name()));
                }
                return deleteOther(holder);
            }
        }
        return true;
    }
}
