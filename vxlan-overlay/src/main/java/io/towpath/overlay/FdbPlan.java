package io.towpath.overlay;

import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to do with the forwarding entries of one device. A right one is permanent and leads to the peer's address as the device does:
 * one by another port, VNI, link or a nexthop object is not.
 *
 * <p>What is wrong is deleted by its hardware address, and made anew: the kernel acknowledges a delete that tells more and does not
 * fit, and the replacement of an entry with a nexthop, and does nothing.
 */
final class FdbPlan {
    /** What its steps are about. */
    static final String KIND = "fdb";

    private final Set<MacAddress> taken = new HashSet<>();
    private final Set<MacAddress> right = new HashSet<>();
    private final List<Step> removals = new ArrayList<>();

    /**
     * Compares.
     *
     * @param link the device's index, 0 if it is to be created
     * @param entries those of the device
     */
    FdbPlan(Device desired, int link, List<FdbEntry> entries) {
        Map<MacAddress, Peer> wanted = new HashMap<>(desired.peers().size() * 2);
        for (Peer peer : desired.peers()) {
            if (!peer.direct()) {
                wanted.put(peer.mac(), peer);
            }
        }
        Set<MacAddress> stale = new LinkedHashSet<>();
        for (FdbEntry entry : entries) {
            Peer peer = wanted.get(entry.mac());
            if (peer != null) {
                taken.add(entry.mac());
                if (entry.equals(entry(peer, link))) {
                    right.add(entry.mac());
                }
            } else if (entry.remote() != null || entry.way().nexthop() != 0) {
                stale.add(entry.mac());
            }
        }
        stale.forEach(mac -> removals.add(removal(null, mac)));
    }

    /** The removals of what leads to nobody. */
    List<Step> removals() {
        return removals;
    }

    /** Whether a peer's entry is there as it must be. */
    boolean isRight(Peer peer) {
        return right.contains(peer.mac());
    }

    /** Adds what a peer's entry needs, if anything. */
    void put(Peer peer, List<Step> steps) {
        if (isRight(peer)) {
            return;
        }
        if (taken.contains(peer.mac())) {
            steps.add(removal(peer.node(), peer.mac()));
        }
        steps.add(Step.put(peer.node(), KIND, (batch, index) -> batch.replaceFdb(entry(peer, index))));
    }

    private static Step removal(@Nullable String peer, MacAddress mac) {
        return new Step(peer, true, KIND + " " + mac, (batch, index) -> batch.deleteFdb(FdbEntry.all(index, mac)));
    }

    private static FdbEntry entry(Peer peer, int link) {
        return FdbEntry.permanent(link, peer.mac(), peer.remote());
    }
}
