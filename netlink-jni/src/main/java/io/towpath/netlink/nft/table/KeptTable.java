package io.towpath.netlink.nft.table;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import org.jspecify.annotations.Nullable;

/**
 * A table that has one owner, who keeps it what it must be. As long as nobody else wrote to it, which the generation of nftables
 * or its events tell, a sync sends the difference to the last one and reads nothing.
 */
public final class KeptTable {
    private static final int ATTEMPTS = 5;
    private static final int NO_GENERATION = 0;

    private final Nft nft;
    private final Table table;
    private @Nullable TableState last;
    private int lastGeneration = NO_GENERATION;
    private boolean touched;
    private @Nullable Transaction sent;

    /** What a sync did. */
    public enum Outcome {
        /** All was as it must be. */
        STOOD,
        /** What it must be had changed, or the table was made. */
        CHANGED,
        /** Others had changed the table. */
        REPAIRED
    }

    /**
     * A table of a network namespace.
     *
     * @param nft a session with the namespace; the caller closes it
     */
    public KeptTable(Nft nft, Table table) {
        this.nft = nft;
        this.table = table;
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
     * Makes the table what it must be: all of it at once, or nothing.
     *
     * @param desired not to be changed any more
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public synchronized Outcome sync(TableState desired) throws NetlinkException {
        sent = null;
        boolean amidOthers = true;
        for (int attempt = 0; attempt < ATTEMPTS && amidOthers; attempt++) {
            try {
                return mend(desired);
            } catch (NetlinkException e) {
                lastGeneration = NO_GENERATION;
                // Somebody wrote meanwhile: what was read no longer holds, or could not be read in one piece.
                amidOthers = isAmidOthers(e);
            }
        }
        return amidOthers ? mendAmidOthers(desired) : makeAnew(desired);
    }

    private static boolean isAmidOthers(NetlinkException problem) {
        return problem.is(Errno.ERESTART) || problem.is(Errno.EINTR) || problem.is(Errno.ENOENT);
    }

    /**
     * Others write faster than this can read and send, mostly to tables of their own: then a transaction is bound to none of their
     * generations. If one of them wrote to this table in between, an event tells that, and it is mended once more.
     */
    private Outcome mendAmidOthers(TableState desired) throws NetlinkException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                TableState there = TableState.read(nft, table);
                Transaction transaction = TablePlan.between(desired, there, NO_GENERATION);
                Outcome outcome = transaction.isEmpty()
                        ? Outcome.STOOD
                        : last == null || isNews(desired) ? Outcome.CHANGED : Outcome.REPAIRED;
                nft.commit(transaction);
                stands(desired, transaction, NO_GENERATION);
                return outcome;
            } catch (NetlinkException e) {
                if (!isAmidOthers(e)) {
                    break;
                }
            }
        }
        return makeAnew(desired);
    }

    /** The table cannot be read in one piece, or there is something in it that cannot be told apart: all of it goes. */
    private Outcome makeAnew(TableState desired) throws NetlinkException {
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

    /** Does what is no difference between two states, such as elements that go by themselves after a time. */
    public synchronized void also(Transaction transaction) throws NetlinkException {
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
        boolean isThere = nft.find(table) != null;
        if (isThere) {
            nft.commit(new Transaction().delete(table));
        }
        return isThere;
    }

    /**
     * What a sync would send, a line each; empty if nothing. Changes nothing.
     *
     * @throws NetlinkException if the kernel refuses, or others write all the time
     */
    public static String pending(Nft nft, TableState desired) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            try {
                return TablePlan.between(desired, TableState.read(nft, desired.table()), NO_GENERATION)
                        .toString();
            } catch (NetlinkException e) {
                boolean hasChangedMeanwhile = e.is(Errno.EINTR) || e.is(Errno.ENOENT);
                if (!hasChangedMeanwhile || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** What the last sync sent, a line each; empty if nothing. */
    public synchronized String sent() {
        return sent == null ? "" : sent.toString();
    }

    /** The generation that a transaction makes. */
    private static int next(int generation) {
        return generation + 1 == NO_GENERATION ? NO_GENERATION + 1 : generation + 1;
    }
}
