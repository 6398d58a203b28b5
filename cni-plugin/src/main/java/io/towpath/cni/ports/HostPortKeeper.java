package io.towpath.cni.ports;

import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The node's ports as a process looks after them that stays: it remembers what the table holds, and puts that back where somebody
 * deleted the table, as {@code nft flush ruleset} does. The plugin never deletes it; an element that goes while the table stands has
 * been closed, and stays away. Not for use by several threads at once.
 */
public final class HostPortKeeper {
    /** For how long after it put ports back it looks for pods that were deleted at the same moment: longer than a DEL takes. */
    private static final long DOUBTFUL_NANOS = Duration.ofMinutes(2).toNanos();

    private final Namespaces node;
    private List<Entry> known = List.of();
    private boolean due = true;
    private boolean deleted;
    private final Set<OwnerMark> doubtful = new HashSet<>();
    private long doubtfulSince;

    /** @param node closed by the caller */
    public HostPortKeeper(Namespaces node) {
        this.node = node;
    }

    /** Takes the next event of nftables, and tells whether {@link #mend} is due. */
    public boolean concerns(NftEvent event) {
        if (event.kind() == NftEvent.Kind.LOST) {
            due = true;
        } else if (event.table().isSame(HostPortTable.TABLE)) {
            due = true;
            deleted |= event.kind() == NftEvent.Kind.TABLE && event.gone();
        }
        return due;
    }

    /**
     * Makes the table what it must be, if there is one or should be. To be called when it is due, and now and then.
     *
     * @return how many entries were put back
     */
    public int mend() throws IOException {
        closeGone();
        if (!due) {
            return 0;
        }
        List<Entry> back = new ArrayList<>();
        List<Entry> all = new ArrayList<>();
        Nft nft = node.nft();
        HostPorts.commit(nft, (present, transaction) -> {
            back.clear();
            all.clear();
            boolean isThere = nft.find(HostPortTable.TABLE) != null;
            if (deleted || !isThere) {
                back.addAll(missing(present));
            }
            all.addAll(present);
            all.addAll(back);
            boolean isBroken = (isThere || !back.isEmpty()) && !HostPortTable.stands(nft);
            if (isBroken) {
                HostPortTable.build(transaction, nft, present);
            }
            HostPortTable.create(transaction, back);
            return isBroken || !back.isEmpty();
        });
        HostPortFlows.forgetMissed(
                node, back.stream().map(Entry::forward).filter(Objects::nonNull).toList());
        if (!back.isEmpty()) {
            back.forEach(entry -> doubtful.add(entry.owner()));
            doubtfulSince = System.nanoTime();
        }
        known = all;
        due = false;
        deleted = false;
        return back.size();
    }

    /** What was there and is of pods that still are; ports that somebody else has by now are his. */
    private List<Entry> missing(List<Entry> present) throws NetlinkException {
        Set<OwnerMark> alive = known.isEmpty() ? Set.of() : alive();
        EntryIndex index = new EntryIndex(present);
        return known.stream()
                .filter(entry -> alive.contains(entry.owner()))
                .filter(entry -> index.inTheWayOf(entry).isEmpty())
                .toList();
    }

    private Set<OwnerMark> alive() throws NetlinkException {
        Set<OwnerMark> alive = new HashSet<>();
        for (Link link : node.host().links()) {
            if (Links.isMarked(link)) {
                alive.add(new OwnerMark(Objects.requireNonNull(link.alias())));
            }
        }
        return alive;
    }

    /** A DEL that found no ports, as the table was deleted, and removed the link after that was looked for, left them behind. */
    private void closeGone() throws IOException {
        if (doubtful.isEmpty()) {
            return;
        }
        Set<OwnerMark> gone = new HashSet<>(doubtful);
        gone.removeAll(alive());
        for (OwnerMark mark : gone) {
            HostPorts.close(node, mark);
        }
        doubtful.removeAll(gone);
        if (System.nanoTime() - doubtfulSince > DOUBTFUL_NANOS) {
            doubtful.clear();
        }
    }
}
