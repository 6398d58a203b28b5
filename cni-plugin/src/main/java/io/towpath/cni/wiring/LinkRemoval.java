package io.towpath.cni.wiring;

import io.towpath.cni.sources.SourceTable;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Removes pods' links. Routes and neighbours go with them, in the same moment. A link is removed from the host's end, also
 * when the pod's namespace is about to be destroyed: the kernel would do it too, but some time later.
 */
public final class LinkRemoval {
    private final Namespaces namespaces;

    public LinkRemoval(Namespaces namespaces) {
        this.namespaces = namespaces;
    }

    /**
     * The host's end of the link of an attachment, and of no other: not that of a pod recreated under the same name.
     *
     * @param hostName the name that it should have
     * @param nameIsSure whether no other name is possible
     * @param mark the attachment's
     * @param pod the pod's namespace, null if it is gone
     * @param ifName the name of the pod's end
     * @return null if there is none
     */
    public @Nullable Link find(
            String hostName, boolean nameIsSure, OwnerMark mark, Namespaces.@Nullable Pod pod, String ifName)
            throws NetlinkException {
        Rtnl host = namespaces.host();
        Link link = host.link(hostName);
        if (!Links.isMarked(link, mark)) {
            link = pod == null ? null : otherEnd(host, pod, ifName, mark);
        }
        return link == null && !nameIsSure ? search(host, mark) : link;
    }

    /**
     * Removes the link of an attachment, what slows it down, and the check of what comes in by it.
     *
     * @param link what {@link #find} found
     * @param mark the attachment's
     */
    public void disconnect(@Nullable Link link, OwnerMark mark) throws NetlinkException {
        Rtnl host = namespaces.host();
        if (link == null) {
            Links.deleteLimiter(host, mark);
            SourceTable.sweep(namespaces.nft(), host);
            return;
        }
        remove(namespaces, link, mark);
    }

    /**
     * Removes a pod's link, what slows it down, and the check of what comes in by it. When this throws, the pod can send nothing.
     *
     * @param mark the attachment's; null if the link has none
     * @return false if there was no such link
     */
    static boolean remove(Namespaces namespaces, Link link, @Nullable OwnerMark mark) throws NetlinkException {
        Rtnl host = namespaces.host();
        // The very chain: when the link is gone, another pod may have the name, and a chain of its own.
        Chain sources = SourceTable.find(namespaces.nft(), link.name());
        if (sources != null) {
            // The chain goes first: the kernel takes as long to be rid of it as of the link, and does both at once. It
            // goes
            // after the link is down, or the pod could send from any address meanwhile.
            Links.setDown(host, link.index());
            SourceTable.remove(namespaces.nft(), sources);
        }
        return Links.deleteEndpoint(host, link.index(), mark);
    }

    /**
     * The host's end of the link that a pod has, if it is this attachment's or bears no mark: Calico leaves none, nor does an
     * ADD killed on its way. Null if there is none such.
     */
    private static @Nullable Link otherEnd(Rtnl host, Namespaces.Pod pod, String ifName, OwnerMark mark)
            throws NetlinkException {
        Link inside = pod.rtnl().link(ifName);
        if (inside == null || !Links.isVeth(inside) || inside.parentIndex() == 0) {
            return null;
        }
        Link outside = host.link(inside.parentIndex());
        if (outside == null || !Links.isHostEnd(outside) || !Links.arePair(outside, pod, inside)) {
            return null;
        }
        return outside.alias() == null || Links.isMarked(outside, mark) ? outside : null;
    }

    private static @Nullable Link search(Rtnl host, OwnerMark mark) throws NetlinkException {
        for (Link link : host.links()) {
            if (Links.isHostEnd(link) && Links.isMarked(link, mark)) {
                return link;
            }
        }
        return null;
    }

    /**
     * Removes the links of a network's attachments that are not among those to keep, what an ADD killed on its way left, and the
     * checks of links that are gone. Goes on after a failure.
     *
     * @param networkPrefix {@link OwnerMark#networkPrefix} of the network
     * @param keep the marks of the attachments to keep
     * @return the failures
     */
    public List<NetlinkException> sweep(String networkPrefix, Set<OwnerMark> keep) throws NetlinkException {
        Rtnl host = namespaces.host();
        List<NetlinkException> failures = new ArrayList<>();
        for (Link link : host.links()) {
            if ((Links.isHostEnd(link) || Links.isLimiter(link)) && isGarbage(link, networkPrefix, keep)) {
                try {
                    Links.deleteEndpoint(host, link);
                } catch (NetlinkException e) {
                    failures.add(e);
                }
            }
        }
        try {
            SourceTable.sweep(namespaces.nft(), host);
        } catch (NetlinkException e) {
            failures.add(e);
        }
        return failures;
    }

    private static boolean isGarbage(Link link, String networkPrefix, Set<OwnerMark> keep) {
        String alias = link.alias();
        if (alias == null) {
            // The mark and the way up are one message: a link that has neither was never in use. Calico's are all up.
            return !link.isUp();
        }
        return alias.startsWith(networkPrefix) && !keep.contains(new OwnerMark(alias));
    }
}
