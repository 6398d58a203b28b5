package io.towpath.cni.wiring;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Rtnl;
import org.jspecify.annotations.Nullable;

/** What the verbs ask of links. */
final class Links {
    private Links() {}

    /**
     * Removes a link, of a pair both ends, and with it its addresses, routes and neighbours. The kernel returns when nobody
     * uses it any more, some 20 ms later.
     *
     * @return false if there was none
     */
    static boolean delete(Rtnl rtnl, int index) throws NetlinkException {
        try {
            rtnl.apply(new Batch().deleteLink(index));
            return true;
        } catch (NetlinkException e) {
            if (e.is(Errno.ENODEV)) {
                return false;
            }
            throw e;
        }
    }

    static boolean isVeth(Link link) {
        return link.kind() instanceof LinkKind.Veth;
    }

    /** Whether a link carries a mark of ours. */
    static boolean isMarked(Link link) {
        return link.alias() != null && OwnerMark.isMark(link.alias());
    }

    /** Whether a link carries just this mark. */
    static boolean isMarked(@Nullable Link link, OwnerMark mark) {
        return link != null && mark.alias().equals(link.alias());
    }

    /** Whether a link could be the host's end of a pod's. */
    static boolean isHostEnd(Link link) {
        return isVeth(link) && EndpointName.isHostName(link.name());
    }

    /** Whether a link of the node's and a link inside a pod's namespace are the two ends of one pair. */
    static boolean arePair(Link host, Namespaces.Pod pod, Link inside) throws NetlinkException {
        return host.parentIndex() == inside.index() && inside.parentIndex() == host.index() && pod.hasOtherEnd(host);
    }
}
