package io.towpath.agent.reconcile;

import io.towpath.agent.guard.Guard;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.table.KeptTable;
import io.towpath.overlay.DesiredOverlay;
import org.jspecify.annotations.Nullable;

/** The guard's part of the rounds. What goes wrong with it is told by the status, and keeps nothing else from being done. */
final class Guarding {
    private final Guard guard;
    private final StatusKeeper status;
    private @Nullable DesiredOverlay guarded;
    private boolean looked;
    private boolean inForce = true;

    Guarding(Nft nft, GuardPolicy policy, StatusKeeper status) {
        guard = new Guard(nft, policy);
        this.status = status;
    }

    /** Whether an event asks for a round. */
    boolean isConcernedBy(NftEvent event) {
        return guard.concerns(event);
    }

    /** Puts the table right for an overlay that is about to be made or mended. */
    void sync(DesiredOverlay wanted) {
        // What is left of a family that cannot be made or mended now is guarded as before.
        DesiredOverlay overlay = guarded == null ? wanted : wanted.withDevicesOf(guarded.devices());
        guarded = overlay;
        looked = true;
        try {
            KeptTable.Outcome outcome = guard.sync(overlay);
            status.guarded(outcome, guard.dropped());
            inForce = true;
        } catch (NetlinkException e) {
            inForce = false;
            status.notGuarded("nftables table " + Guard.TABLE_NAME + ": " + e.getMessage());
        }
    }

    /**
     * Ends a round. If there is such trouble that it is not known what the overlay must be, the guard of the last one holds.
     *
     * @return whether the table is in force, if there is to be one
     */
    boolean roundEnded() {
        if (!looked && guarded != null) {
            sync(guarded);
        }
        looked = false;
        return inForce;
    }
}
