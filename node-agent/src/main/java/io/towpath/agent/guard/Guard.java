package io.towpath.agent.guard;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
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

    private final Nft nft;
    private final GuardPolicy policy;
    private @Nullable Ruleset lastDesired;
    private int lastGeneration;

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

    /** Whether an event may be about the table. */
    public static boolean concerns(NftEvent event) {
        return event.kind() == NftEvent.Kind.LOST || event.table().isSame(GuardRules.TABLE);
    }

    /**
     * Makes the table what an overlay needs.
     *
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public Outcome sync(DesiredOverlay overlay) throws NetlinkException {
        Ruleset desired = GuardRules.of(overlay, policy);
        boolean news = !desired.equals(lastDesired);
        for (int attempt = 1; ; attempt++) {
            int generation = nft.generation();
            if (!news && generation == lastGeneration) {
                return Outcome.STOOD;
            }
            GuardPlan plan = GuardPlan.between(desired, read());
            try {
                if (!plan.isEmpty()) {
                    nft.commit(plan.transaction(generation));
                    generation++;
                }
            } catch (NetlinkException e) {
                // Somebody wrote meanwhile: what was read no longer holds.
                if (!e.is(Errno.ERESTART) || attempt == ATTEMPTS) {
                    throw e;
                }
                continue;
            }
            lastGeneration = generation;
            lastDesired = desired;
            if (plan.isEmpty()) {
                return Outcome.STOOD;
            }
            return news ? Outcome.CHANGED : Outcome.REPAIRED;
        }
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
        return new Ruleset(GuardRules.TABLE, nft.chains(table), nft.rules(table), sets);
    }
}
