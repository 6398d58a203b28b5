package io.towpath.agent.guard;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Wants;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.overlay.DesiredOverlay;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the nftables table of the overlay: who may send into it, and what is masqueraded. It goes before the overlay, which asks for that and
 * waits until it is in force; nothing else waits for it.
 */
public final class TunnelFirewall implements Controller {
    private final GuardPolicy policy;
    private final Log log;
    private final Clock clock;
    private final StatusBoard board;
    private @Nullable Guard guard;
    private @Nullable TableManager tables;
    private boolean isTouched;
    private @Nullable DesiredOverlay overlay;
    private boolean isForTheOverlay;
    private boolean isInForce;
    private boolean isMissing;
    private AgentStatus.Guard status = AgentStatus.Guard.UNKNOWN;

    /** @param policy what the table is to do */
    public TunnelFirewall(GuardPolicy policy, Log log, Clock clock, StatusBoard board) {
        this.policy = policy;
        this.log = log;
        this.clock = clock;
        this.board = board;
    }

    /** Takes what the overlay is to be; by the thread that reconciles, which is to be done before the overlay is touched. */
    public void overlay(DesiredOverlay wanted) {
        // What is left of a family that cannot be made or mended now is guarded as before.
        overlay = overlay == null ? wanted : wanted.withDevicesOf(overlay.devices());
        isForTheOverlay = true;
    }

    /**
     * Why the overlay must not be touched: whoever can send into it would get in. To be asked after this was reconciled.
     *
     * @return null if the table is in force, or if the kernel has no nftables at all, so that there is nothing to wait for
     */
    public @Nullable String whyOpen() {
        return isInForce || isMissing ? null : "it waits for its firewall: " + status.problem();
    }

    @Override
    public String name() {
        return "guard";
    }

    @Override
    public Wants wants() {
        return new Wants(false, true, List.of());
    }

    @Override
    public void open(Kernel kernel) throws NetlinkException {
        open(kernel.tables());
    }

    void open(TableManager owner) {
        tables = owner;
        guard = new Guard(owner, policy, () -> isTouched = true);
    }

    @Override
    public boolean concerns(NftEvent event) {
        Objects.requireNonNull(tables).seen(event);
        boolean isConcerned = isTouched;
        isTouched = false;
        return isConcerned;
    }

    @Override
    public Outcome reconcile(Round round) {
        DesiredOverlay wanted = overlay;
        if (wanted == null) {
            return Outcome.DONE;
        }
        Guard table = Objects.requireNonNull(guard);
        isInForce = false;
        isMissing = false;
        try {
            ManagedTable.Outcome outcome = table.sync(wanted);
            isInForce = true;
            done(outcome, table.dropped());
            return Outcome.DONE;
        } catch (NetlinkException e) {
            isMissing = !isInForce && Objects.requireNonNull(tables).isMissing();
            return Outcome.of("nftables table " + Guard.TABLE_NAME + ": " + e.getMessage());
        }
    }

    private void done(ManagedTable.Outcome outcome, long dropped) {
        boolean repaired = outcome.isRepaired();
        status = new AgentStatus.Guard(
                true,
                null,
                status.repairs() + (repaired ? 1 : 0),
                repaired ? clock.instant() : status.lastRepair(),
                dropped);
        if (!outcome.equals(ManagedTable.Outcome.STOOD)) {
            log.info(repaired ? "guard repaired" : "guard changed", "table", Guard.TABLE_NAME);
        }
    }

    @Override
    public void ended(@Nullable String problem, Duration duration) {
        if (problem != null) {
            status = new AgentStatus.Guard(false, problem, status.repairs(), status.lastRepair(), status.dropped());
        }
        // One that the overlay has asked for is a part of the overlay's round.
        boolean isCounted = !isForTheOverlay;
        isForTheOverlay = false;
        board.update(before -> before.with(
                status,
                isCounted ? before.rounds().ended(problem == null, duration) : before.rounds(),
                clock.instant()));
    }
}
