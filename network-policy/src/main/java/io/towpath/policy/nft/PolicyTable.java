package io.towpath.policy.nft;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Ruleset;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the table that enforces a ruleset what it must be. As long as nobody else wrote to it, which the generation of nftables or
 * its events tell, a sync sends the difference to the last one and reads nothing.
 */
public final class PolicyTable {
    /** The table's name, in family inet. */
    public static final String NAME = "towpath-policy";

    /** The name of the table of a trial. */
    public static final String TRIAL_NAME = "towpath-policy-trial";

    private static final int ATTEMPTS = 5;
    private static final int NO_GENERATION = 0;

    private final Nft nft;
    private final DesiredTable desiring;
    private final Table table;
    private @Nullable TableState last;
    private int lastGeneration = NO_GENERATION;
    private boolean touched;
    private @Nullable Transaction sent;

    /** What a sync did. */
    public enum Outcome {
        /** All was as it must be. */
        STOOD,
        /** The ruleset had changed, or the table was made. */
        CHANGED,
        /** Others had changed the table. */
        REPAIRED
    }

    /**
     * What denied packets and others were dropped, since the table was made or last repaired.
     *
     * @param ingress by the policies of the pod that they went to
     * @param egress by the policies of the pod that they came from
     * @param strangers those of the latter that came from no known pod's interface, or not from its address
     * @param invalid that belong to no connection and begin none
     */
    public record Dropped(long ingress, long egress, long strangers, long invalid) {}

    /** Packets of a direction by the node's interface to the pod. */
    public record Denied(String link, Direction direction) {}

    /**
     * A table of a network namespace.
     *
     * @param nft a session with the namespace; the caller closes it
     */
    public PolicyTable(Nft nft, PolicyOptions options) {
        this.nft = nft;
        desiring = new DesiredTable(options);
        table = desiring.table();
    }

    /**
     * Takes the next event, and tells whether others have changed the table, so that a sync is due. The objects of a transaction
     * come before the generation that it made, by which the table knows its own.
     */
    public synchronized boolean concerns(NftEvent event) {
        switch (event.kind()) {
            case LOST -> {
                lastGeneration = NO_GENERATION;
                return true;
            }
            case GENERATION -> {
                boolean byOthers = touched && event.generation() - lastGeneration > 0;
                if (byOthers) {
                    lastGeneration = NO_GENERATION;
                } else if (lastGeneration != NO_GENERATION && event.generation() == next(lastGeneration)) {
                    // Others wrote to tables of their own: what was known of this one still holds.
                    lastGeneration = event.generation();
                }
                touched = false;
                return byOthers;
            }
            default -> touched |= event.table().isSame(table);
        }
        return false;
    }

    /**
     * Puts a ruleset into force: all of it at once, or nothing.
     *
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public synchronized Outcome sync(Ruleset ruleset) throws NetlinkException {
        TableState desired = desiring.of(ruleset);
        sent = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                return mend(desired);
            } catch (NetlinkException e) {
                lastGeneration = NO_GENERATION;
                // Somebody wrote meanwhile: what was read no longer holds, or could not be read in one piece.
                if (!e.is(Errno.ERESTART) && !e.is(Errno.EINTR) && !e.is(Errno.ENOENT)) {
                    break;
                }
            }
        }
        // Others write faster than this can read, or there is something in the table that cannot be told apart: all of
        // it goes.
        Transaction transaction = TablePlan.anew(desired);
        nft.commit(transaction);
        boolean known = last != null;
        stands(desired, transaction, NO_GENERATION);
        return known ? Outcome.REPAIRED : Outcome.CHANGED;
    }

    private Outcome mend(TableState desired) throws NetlinkException {
        int generation = nft.generation();
        boolean isLast = generation == lastGeneration;
        TableState there = isLast ? last : TableState.read(nft, table);
        Transaction transaction = TablePlan.between(desired, there, generation);
        if (transaction.isEmpty()) {
            stands(desired, transaction, generation);
            return Outcome.STOOD;
        }
        Outcome outcome = isLast || last == null || isNews(desired) ? Outcome.CHANGED : Outcome.REPAIRED;
        nft.commit(transaction);
        stands(desired, transaction, next(generation));
        return outcome;
    }

    private boolean isNews(TableState desired) {
        return !TablePlan.between(desired, last, NO_GENERATION).isEmpty();
    }

    private void stands(TableState desired, Transaction transaction, int generation) {
        last = desired;
        lastGeneration = generation;
        sent = transaction;
    }

    /**
     * Has packets dropped for a day that would revive connections which are to be forgotten. To be called after a sync.
     *
     * @param flows what is not to begin a connection, of TCP, but for a SYN
     */
    synchronized void cut(Collection<Flow> flows) throws NetlinkException {
        Transaction transaction = new Transaction();
        for (boolean ipv6 : new boolean[] {false, true}) {
            List<Element> elements = flows.stream()
                    .filter(flow -> flow.source().ipv6() == ipv6)
                    .map(flow -> Element.of(Cuts.key(flow)))
                    .toList();
            if (!elements.isEmpty()) {
                transaction.add(Cuts.set(table, ipv6), elements);
            }
        }
        if (transaction.isEmpty()) {
            return;
        }
        boolean isLast = nft.generation() == lastGeneration;
        nft.commit(transaction);
        lastGeneration = isLast ? next(lastGeneration) : NO_GENERATION;
    }

    /**
     * Removes the table, if it is there.
     *
     * @return whether there was one
     */
    public synchronized boolean remove() throws NetlinkException {
        last = null;
        lastGeneration = NO_GENERATION;
        boolean isThere = nft.tables().stream().anyMatch(each -> each.isSame(table));
        if (isThere) {
            nft.commit(new Transaction().delete(table));
        }
        return isThere;
    }

    /** What the last sync sent, a line each; empty if nothing. */
    synchronized String sent() {
        return sent == null ? "" : sent.toString();
    }

    /** The generation that a transaction makes. */
    private static int next(int generation) {
        return generation + 1 == NO_GENERATION ? NO_GENERATION + 1 : generation + 1;
    }

    /** What was dropped until now; nothing if there is no table. */
    public Dropped dropped() throws NetlinkException {
        long ingress = 0;
        long egress = 0;
        long strangers = 0;
        long invalid = 0;
        for (Rule rule : nft.rules(table)) {
            long packets = packets(rule);
            switch (TableLayout.reason(rule)) {
                case INGRESS -> ingress += packets;
                case EGRESS -> egress += packets;
                case STRANGER -> strangers += packets;
                case INVALID -> invalid += packets;
                case NONE -> {}
            }
        }
        return new Dropped(ingress, egress, strangers, invalid);
    }

    /**
     * How many packets were denied, or in a trial would have been, by the interfaces of the pods: to the pod, or by egress from it, also
     * with an address that is not its own. A pod's begin at 0 with the pod, and all when the table is made anew.
     *
     * @return nothing if there is no table
     */
    public Map<Denied, Long> deniedByLink() throws NetlinkException {
        Map<Denied, Long> denied = new HashMap<>();
        for (Direction direction : Direction.values()) {
            try {
                nft.counters(desiring.deniedPods(direction))
                        .forEach((link, counter) -> denied.put(new Denied(link.name(), direction), counter.packets()));
            } catch (NetlinkException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
        }
        return denied;
    }

    private static long packets(Rule rule) {
        return rule.expressions().stream()
                .mapToLong(step -> step instanceof Counter counter ? counter.packets() : 0)
                .sum();
    }
}
