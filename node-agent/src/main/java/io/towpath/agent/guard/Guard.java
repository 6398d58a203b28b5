package io.towpath.agent.guard;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.overlay.DesiredOverlay;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the node's table what it must be. Where nothing in nftables has changed since the last look, by its generation, a sync
 * is one question to the kernel.
 */
public final class Guard {
    /** The table's name, in family inet. */
    public static final String TABLE_NAME = "towpath-overlay";

    private static final int ATTEMPTS = 5;

    private static final int NO_GENERATION = 0;

    private final Nft nft;
    private final GuardPolicy policy;
    private @Nullable DesiredOverlay overlay;
    private @Nullable Ruleset lastDesired;
    private int lastGeneration = NO_GENERATION;
    private boolean touched;

    /** What a sync did. */
    public enum Outcome {
        /** All was as it must be. */
        STOOD,
        /** The table was made, or the cluster had changed. */
        CHANGED,
        /** Others had changed the table. */
        REPAIRED
    }

    /**
     * A guard of a network namespace.
     *
     * @param nft a session with the namespace; the caller closes it
     */
    public Guard(Nft nft, GuardPolicy policy) {
        this.nft = nft;
        this.policy = policy;
    }

    /**
     * Takes the next event, and tells whether others may have changed the table. The objects of a transaction come before the
     * generation that it made, by which the guard knows its own.
     */
    public boolean concerns(NftEvent event) {
        switch (event.kind()) {
            case LOST -> {
                return true;
            }
            case GENERATION -> {
                boolean byOthers = touched && event.generation() != lastGeneration;
                touched = false;
                return byOthers;
            }
            default -> touched |= event.table().isSame(GuardRules.TABLE);
        }
        return false;
    }

    /**
     * Makes the table what an overlay needs.
     *
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public Outcome sync(DesiredOverlay now) throws NetlinkException {
        Ruleset desired = lastDesired == null || !now.equals(overlay) ? GuardRules.of(now, policy) : lastDesired;
        boolean news = !desired.equals(lastDesired);
        Outcome unlessRight = news ? Outcome.CHANGED : Outcome.REPAIRED;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                int generation = nft.generation();
                boolean isLast = generation == lastGeneration;
                if (!news && isLast) {
                    return Outcome.STOOD;
                }
                Transaction transaction = GuardPlan.between(desired, isLast ? lastDesired : read(), generation);
                boolean right = transaction.isEmpty();
                nft.commit(transaction);
                stands(now, desired, right ? generation : next(generation));
                return right ? Outcome.STOOD : unlessRight;
            } catch (NetlinkException e) {
                // Somebody wrote meanwhile: what was read no longer holds, or could not be read in one piece.
                if (!e.is(Errno.ERESTART) && !e.is(Errno.EINTR)) {
                    throw e;
                }
            }
        }
        // Others write faster than this can read: whatever there is goes.
        nft.commit(GuardPlan.anew(desired));
        stands(now, desired, NO_GENERATION);
        return unlessRight;
    }

    /** The packets that the table's rules have dropped since they were made. */
    public long dropped() throws NetlinkException {
        long packets = 0;
        for (Rule rule : nft.rules(GuardRules.TABLE)) {
            for (Expression step : rule.expressions()) {
                packets += step instanceof Expression.Counter counter ? counter.packets() : 0;
            }
        }
        return packets;
    }

    private void stands(DesiredOverlay now, Ruleset desired, int generation) {
        overlay = now;
        lastDesired = desired;
        lastGeneration = generation;
    }

    /** The generation that a transaction makes. */
    private static int next(int generation) {
        return generation + 1 == NO_GENERATION ? NO_GENERATION + 1 : generation + 1;
    }

    private @Nullable Ruleset read() throws NetlinkException {
        Table table = nft.find(GuardRules.TABLE);
        if (table == null) {
            return null;
        }
        Map<NftSet, Set<Element>> sets = new LinkedHashMap<>();
        for (NftSet set : nft.sets(table)) {
            sets.put(set, new HashSet<>(nft.elements(set)));
        }
        return new Ruleset(table, nft.chains(table), nft.rules(table), sets);
    }
}
