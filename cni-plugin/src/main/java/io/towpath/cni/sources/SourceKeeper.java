package io.towpath.cni.sources;

import io.towpath.cni.bandwidth.Shaping;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The check of sources as a process looks after it that stays: what others damage is put right, and links that were made without
 * one, by an earlier release or by Calico, get it. ADD makes a link's chain before the link is up, so a link that is up and has
 * none, or one that is not for any of the addresses that have a route by it, lacks it. Not for use by several threads at once.
 */
public final class SourceKeeper {
    private final Namespaces node;
    private boolean due = true;
    private Map<String, Known> known = Map.of();
    private Set<Integer> narrowed = new HashSet<>();

    /** A link whose chain was seen as it must be. */
    private record Known(int index, Sources sources) {}

    /**
     * What there is.
     *
     * @param isDormant whether the kernel asks no chain of the table
     * @param pods the links of pods that are up
     * @param addresses by the index of a link: those that have a route by it
     * @param checked what those chains say that are as they must be, by their names
     * @param links the names of all links
     */
    private record Look(
            boolean isDormant,
            List<Link> pods,
            Map<Integer, Set<IpAddress>> addresses,
            Map<String, Sources> checked,
            Set<String> links) {
        boolean isChecked(Link pod) {
            Sources sources = checked.get(pod.name());
            Set<IpAddress> routed = routed(pod);
            // ADD adds the routes last, one after the other.
            return !isDormant && sources != null && (routed.isEmpty() || sources.hasAny(routed));
        }

        Set<IpAddress> routed(Link pod) {
            return addresses.getOrDefault(pod.index(), Set.of());
        }
    }

    /** @param node closed by the caller */
    public SourceKeeper(Namespaces node) {
        this.node = node;
    }

    /** Takes the next event of nftables, and tells whether {@link #mend} is due. */
    public boolean concerns(NftEvent event) {
        due |= event.kind() == NftEvent.Kind.LOST || event.table().isSame(SourceTable.TABLE);
        return due;
    }

    /** Takes the next event of links, and tells whether {@link #mend} is due. */
    public boolean concerns(RtnlEvent event) {
        due |= event.kind() == RtnlEvent.Kind.LOST
                || (event.kind() == RtnlEvent.Kind.LINK && EndpointName.isHostName(event.linkName()));
        return due;
    }

    /** Has the next {@link #mend} look in any case. */
    public void doubt() {
        due = true;
    }

    /**
     * Has all that comes in by pods' links checked, and removes the chains of links that are gone. Goes on after a failure.
     *
     * @return how many links lacked it
     */
    public int mend() throws NetlinkException {
        if (!due) {
            return 0;
        }
        due = false;
        try {
            return look();
        } catch (NetlinkException e) {
            due = true;
            throw e;
        }
    }

    private int look() throws NetlinkException {
        Look seen = look(node);
        Nft nft = node.nft();
        if (seen.isDormant) {
            nft.commit(new Transaction().delete(SourceTable.TABLE));
        }
        Map<String, Known> now = new HashMap<>();
        Set<Integer> limited = new HashSet<>();
        int mended = 0;
        NetlinkException failure = null;
        for (Link pod : seen.pods) {
            try {
                boolean isChecked = seen.isChecked(pod);
                Sources sources = isChecked ? seen.checked.get(pod.name()) : lacking(seen, pod);
                if (sources == null) {
                    continue;
                }
                if (!isChecked) {
                    SourceTable.admit(nft, sources);
                    mended++;
                }
                now.put(pod.name(), new Known(pod.index(), sources));
                narrow(seen, pod, limited);
            } catch (NetlinkException e) {
                if (!e.is(Errno.ENOENT) && !e.is(Errno.ENODEV)) {
                    failure = failure == null ? e : failure;
                }
                // Else the link went meanwhile, and that is an event.
            }
        }
        known = now;
        narrowed = limited;
        SourceTable.sweep(nft, node.host());
        if (failure != null) {
            throw failure;
        }
        return mended;
    }

    /** What a link's chain must say that says nothing, or something else. */
    private @Nullable Sources lacking(Look seen, Link pod) throws NetlinkException {
        Set<IpAddress> routed = seen.routed(pod);
        Known before = known.get(pod.name());
        Sources last = before != null && before.index == pod.index() ? before.sources : seen.checked.get(pod.name());
        if (last != null && (routed.isEmpty() || last.hasAny(routed))) {
            return last;
        }
        if (routed.isEmpty()) {
            return null;
        }
        Link inside = node.host().otherEnd(pod);
        return Sources.of(pod.name(), routed, inside == null ? null : inside.mac());
    }

    private void narrow(Look seen, Link pod, Set<Integer> limited) throws NetlinkException {
        boolean isLimited = Links.isMarked(pod)
                && seen.links.contains(EndpointName.limiterName(new OwnerMark(Objects.requireNonNull(pod.alias()))));
        Set<IpAddress> routed = seen.routed(pod);
        if (isLimited && !routed.isEmpty()) {
            if (!narrowed.contains(pod.index())) {
                Shaping.narrow(node.host(), pod, routed);
            }
            limited.add(pod.index());
        }
    }

    /**
     * The links of pods by which packets come in whose sources are not checked, by name. Changes nothing.
     *
     * @param node closed by the caller
     */
    public static List<String> unchecked(Namespaces node) throws NetlinkException {
        Look seen = look(node);
        List<String> unchecked = new ArrayList<>();
        for (Link pod : seen.pods) {
            if (!seen.isChecked(pod) && !seen.routed(pod).isEmpty()) {
                unchecked.add(pod.name());
            }
        }
        return unchecked;
    }

    private static Look look(Namespaces node) throws NetlinkException {
        Rtnl host = node.host();
        // Links first, as ADD makes their chains before they are up.
        List<Link> links = host.links();
        List<Link> pods = links.stream()
                .filter(link -> Links.isHostEnd(link) && link.isUp())
                .toList();
        Map<Integer, Set<IpAddress>> addresses = new HashMap<>();
        for (Route route : pods.isEmpty() ? List.<Route>of() : host.routes()) {
            if (isToAPod(route)) {
                addresses
                        .computeIfAbsent(route.linkIndex(), _ -> new HashSet<>())
                        .add(route.destination().address());
            }
        }
        Nft nft = node.nft();
        Table table = nft.find(SourceTable.TABLE);
        List<Chain> chains = SourceTable.chains(nft);
        return new Look(table != null && table.dormant(), pods, addresses, SourceTable.read(nft, chains), names(links));
    }

    private static boolean isToAPod(Route route) {
        return route.isToOne() && route.gateway() == null;
    }

    private static Set<String> names(List<Link> links) {
        Set<String> names = new HashSet<>();
        for (Link link : links) {
            names.add(link.name());
        }
        return names;
    }
}
