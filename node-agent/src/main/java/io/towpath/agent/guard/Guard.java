package io.towpath.agent.guard;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.overlay.DesiredOverlay;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the node's table what it must be. Where nobody else has changed it since the last look, a sync reads nothing.
 */
public final class Guard {
    /** The table's name, in family inet. */
    public static final String TABLE_NAME = "towpath-overlay";

    private final GuardPolicy policy;
    private final ManagedTable table;
    private @Nullable DesiredOverlay overlay;
    private @Nullable TableState desired;

    /**
     * A guard of a network namespace.
     *
     * @param changed called after others have changed the table, so that a sync is due, by any thread
     */
    public Guard(TableManager tables, GuardPolicy policy, Runnable changed) {
        this.policy = policy;
        table = tables.manage(GuardRules.TABLE, changed);
    }

    /**
     * Makes the table what an overlay needs.
     *
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public ManagedTable.Outcome sync(DesiredOverlay now) throws NetlinkException {
        TableState wanted = desired;
        if (wanted == null || !now.equals(overlay)) {
            wanted = GuardRules.of(now, policy);
            overlay = now;
            desired = wanted;
        }
        return table.sync(wanted);
    }

    /**
     * What a sync would do for an overlay by one of some policies, whichever is nearest. Changes nothing.
     *
     * @return one line each, empty if nothing
     */
    public static List<String> pending(Nft nft, DesiredOverlay overlay, List<GuardPolicy> policies)
            throws NetlinkException {
        List<String> least = null;
        for (GuardPolicy policy : policies) {
            List<String> lines = ManagedTable.pending(nft, GuardRules.of(overlay, policy))
                    .lines()
                    .toList();
            if (least == null || lines.size() < least.size()) {
                least = lines;
            }
        }
        return least == null ? List.of() : least;
    }

    /** The packets that the table's rules have dropped since they were made. */
    public long dropped() throws NetlinkException {
        long packets = 0;
        for (Rule rule : table.rules()) {
            for (Expression step : rule.expressions()) {
                packets += step instanceof Expression.Counter counter ? counter.packets() : 0;
            }
        }
        return packets;
    }
}
