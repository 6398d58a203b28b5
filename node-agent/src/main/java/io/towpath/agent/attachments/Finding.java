package io.towpath.agent.attachments;

import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Route;
import java.util.Set;

/** Something that does not fit: what is there, and so what is to be done about it. */
sealed interface Finding {
    /** Leases of an attachment that has no link, to addresses that lead nowhere: given back. */
    record OrphanedLease(Attachment attachment, Set<IpAddress> addresses) implements Finding {
        public OrphanedLease {
            addresses = Set.copyOf(addresses);
        }
    }

    /** Ports of the node's that lead to an attachment with neither lease nor link, and so perhaps to the next pod: removed. */
    record OrphanedPorts(OwnerMark mark) implements Finding {}

    /** What an ADD that was killed left of a link, or of what slows one down: removed. */
    record UnusedLink(int index, String name, String alias) implements Finding {}

    /** A link in use by a pod whose lease is gone, of a family or of both: leased again, so that nobody else gets the address. */
    record LostLease(int index, String name, OwnerMark mark, Set<IpAddress> addresses) implements Finding {
        public LostLease {
            addresses = Set.copyOf(addresses);
        }
    }

    /** A leased address of a link in use to which there is no route: added. */
    record LostRoute(int index, String name, IpAddress address) implements Finding {}

    /** A route by a pod's link to an address that is not the pod's: removed. */
    record StrayRoute(Route route, String name) implements Finding {}
}
