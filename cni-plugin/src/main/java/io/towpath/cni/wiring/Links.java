package io.towpath.cni.wiring;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Rtnl;
import org.jspecify.annotations.Nullable;

/** What the verbs, and the agent that clears up after them, ask of links. */
public final class Links {
    private Links() {}

    /** Ends all traffic by a link, if it is there. */
    static void setDown(Rtnl rtnl, int index) throws NetlinkException {
        applyToPresent(rtnl, new Batch().setLink(LinkChange.of(index).withUp(false)));
    }

    /**
     * Removes the host's end of a pod's link with the other end, with its addresses, routes and neighbours, and the device that slows
     * down what the pod sends, if there is one: both in one message, as nobody knows in advance whether there is. The kernel returns when
     * nobody uses the link any more, some 20 ms later.
     *
     * @param mark the attachment's; null if the link has none, and so no such device
     * @return false if there was no such link
     * @throws NetlinkException if either cannot be removed
     */
    static boolean deleteEndpoint(Rtnl rtnl, int index, @Nullable OwnerMark mark) throws NetlinkException {
        Batch batch = new Batch().deleteLink(index);
        if (mark != null) {
            batch.deleteLink(EndpointName.limiterName(mark));
        }
        return applyToPresent(rtnl, batch) != 0;
    }

    /** As {@link #deleteEndpoint(Rtnl, int, OwnerMark)}, for a link of an attachment that its alias tells, if any. */
    public static boolean deleteEndpoint(Rtnl rtnl, Link link) throws NetlinkException {
        return deleteEndpoint(rtnl, link.index(), mark(link));
    }

    /** The attachment's that a link is of, by its alias; null if that tells none. */
    static @Nullable OwnerMark mark(Link link) {
        String alias = link.alias();
        return alias == null || !OwnerMark.isMark(alias) ? null : new OwnerMark(alias);
    }

    /** Removes the device that slows down what an attachment's container sends, if there is one. */
    static void deleteLimiter(Rtnl rtnl, OwnerMark mark) throws NetlinkException {
        applyToPresent(rtnl, new Batch().deleteLink(EndpointName.limiterName(mark)));
    }

    /** Goes on where a link is not there. The index of the first such, the number of all if there is none. */
    private static int applyToPresent(Rtnl rtnl, Batch batch) throws NetlinkException {
        int missing = batch.size();
        NetlinkException first = null;
        for (NetlinkException failure : rtnl.submit(batch)) {
            if (failure.is(Errno.ENODEV)) {
                missing = Math.min(missing, failure.index());
            } else if (first == null) {
                first = failure;
            } else {
                first.addSuppressed(failure);
            }
        }
        if (first != null) {
            throw first;
        }
        return missing;
    }

    static boolean isVeth(Link link) {
        return link.kind() instanceof LinkKind.Veth;
    }

    /** Whether a link carries a mark of ours. */
    public static boolean isMarked(Link link) {
        return link.alias() != null && OwnerMark.isMark(link.alias());
    }

    /** Whether a link carries just this mark. */
    public static boolean isMarked(@Nullable Link link, OwnerMark mark) {
        return link != null && link.alias() != null && mark.equals(new OwnerMark(link.alias()));
    }

    /** Whether the node's ports may lead to the pod of a link: not if it is marked, and not as one of a pod with ports. */
    public static boolean mayHavePorts(@Nullable Link link) {
        return link == null || link.alias() == null || !isMarked(link) || OwnerMark.hasPorts(link.alias());
    }

    /** Whether a link could be the host's end of a pod's. */
    public static boolean isHostEnd(Link link) {
        return isVeth(link) && EndpointName.isHostName(link.name());
    }

    /** Whether a link could be the device that slows down what a pod sends. */
    public static boolean isLimiter(Link link) {
        return link.kind().name().equals("ifb") && EndpointName.isLimiterName(link.name());
    }

    /** Whether a link of the node's and a link inside a pod's namespace are the two ends of one pair. */
    static boolean arePair(Link host, Namespaces.Pod pod, Link inside) throws NetlinkException {
        return host.parentIndex() == inside.index() && inside.parentIndex() == host.index() && pod.hasOtherEnd(host);
    }
}
