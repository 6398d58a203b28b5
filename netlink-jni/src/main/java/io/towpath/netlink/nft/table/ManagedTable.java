package io.towpath.netlink.nft.table;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table of a {@link TableManager}, kept what it must be. As long as nobody else wrote to it, a sync sends the difference to the last
 * one and reads nothing.
 */
public final class ManagedTable {
    private static final int ATTEMPTS = 5;

    private final TableManager manager;
    private final Nft nft;
    private final Table table;
    private final Runnable changed;

    // While the manager serves this table alone.
    private @Nullable TableState last;
    private boolean isDoubtful = true;
    private boolean hasNews;
    private volatile @Nullable Transaction sent;
    private volatile Work work = new Work(0, 0);

    /**
     * What a sync did.
     *
     * @param isChanged whether what it must be had changed, or the table was made for the first time
     * @param isRepaired whether others had changed the table, or removed it
     */
    public record Outcome(boolean isChanged, boolean isRepaired) {
        /** All was as it must be. */
        public static final Outcome STOOD = new Outcome(false, false);

        /** What it must be had changed, or the table was made. */
        public static final Outcome CHANGED = new Outcome(true, false);

        /** Others had changed the table. */
        public static final Outcome REPAIRED = new Outcome(false, true);

        /** Others had changed the table, and what it must be had changed, too. */
        public static final Outcome CHANGED_AND_REPAIRED = new Outcome(true, true);
    }

    /**
     * What the table has cost until now.
     *
     * @param reads how often it was read
     * @param remakes how often it was made anew, though there was one
     */
    public record Work(long reads, long remakes) {}

    ManagedTable(TableManager manager, Nft nft, Table table, Runnable changed) {
        this.manager = manager;
        this.nft = nft;
        this.table = table;
        this.changed = changed;
    }

    /** Which table it is. */
    public Table table() {
        return table;
    }

    Runnable changed() {
        return changed;
    }

    /** Others have written to it, or may have. */
    void doubt() {
        isDoubtful = true;
        hasNews = true;
    }

    /** Whether what is known of it may not hold. */
    boolean isDoubtful() {
        return isDoubtful;
    }

    /** Whether it has come into doubt since it was asked, and no sync has looked. */
    boolean takeNews() {
        boolean had = hasNews;
        hasNews = false;
        return had;
    }

    /**
     * Makes the table what it must be: all of it at once, or nothing.
     *
     * @param desired not to be changed any more
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public Outcome sync(TableState desired) throws NetlinkException {
        return manager.run(() -> {
            sent = null;
            manager.look();
            return mend(desired);
        });
    }

    private Outcome mend(TableState desired) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            boolean isKnown = !isDoubtful;
            TableState there = null;
            try {
                there = isKnown ? last : read();
                String obstacle = there == null ? null : TablePlan.obstacle(desired, there);
                boolean isReplaced = there != null && Remains.isReplaced(desired, there);
                if (isKnown && (obstacle != null || isReplaced)) {
                    isDoubtful = true; // what it has counted, or what passes, has to be read
                    continue;
                } else if (obstacle != null) {
                    return makeAnew(desired, there, obstacle);
                }
                Remains replaced = there != null && isReplaced ? Remains.ofReplaced(nft, desired, there) : null;
                Transaction transaction = TablePlan.between(
                        replaced == null ? desired : replaced.in(desired), there, Transaction.ANY_GENERATION);
                if (transaction.isEmpty()) {
                    return done(desired, transaction, Outcome.STOOD);
                }
                Outcome outcome = isKnown ? Outcome.CHANGED : outcome(desired, there);
                if (attempt >= ATTEMPTS) {
                    // Somebody writes to this very table without end. What he does after this, an event tells.
                    manager.commitAmidOthers(transaction);
                    return done(desired, transaction, outcome, replaced);
                }
                if (manager.commit(transaction, this)) {
                    return done(desired, transaction, outcome, replaced);
                }
            } catch (NetlinkException e) {
                isDoubtful = true;
                if (!isOfTheTable(e)) {
                    throw e;
                }
                if (!isKnown && attempt >= 2) {
                    return makeAnew(desired, there, String.valueOf(e.getMessage()));
                }
            }
        }
    }

    /** Whether a failure is for what there is in the table, and not for what the kernel is short of or forbids. */
    private static boolean isOfTheTable(NetlinkException e) {
        return !e.is(Errno.EPERM)
                && !e.is(Errno.EACCES)
                && !e.is(Errno.EAGAIN)
                && !e.is(Errno.ENOMEM)
                && !e.is(Errno.ENOBUFS)
                && !e.is(Errno.EMSGSIZE)
                && !e.is(Errno.EBADF);
    }

    /**
     * What it is to put something right that was read.
     *
     * @param there null if there is none, or if nobody knows
     */
    private Outcome outcome(TableState desired, @Nullable TableState there) {
        TableState before = last;
        if (before == null) {
            return Outcome.CHANGED;
        }
        boolean isChanged =
                !TablePlan.between(desired, before, Transaction.ANY_GENERATION).isEmpty();
        boolean isRepaired = !isChanged
                || !TablePlan.between(before, there, Transaction.ANY_GENERATION).isEmpty();
        return new Outcome(isChanged, isRepaired);
    }

    /** @param replaced what was in sets of another kind, null if there were none */
    private Outcome done(TableState desired, Transaction transaction, Outcome outcome, @Nullable Remains replaced) {
        String lost = replaced == null ? null : replaced.lost();
        if (lost != null) {
            manager.remade(new TableManager.Remake(table, false, "they were of another kind", lost));
        }
        return done(desired, transaction, outcome);
    }

    private Outcome done(TableState desired, Transaction transaction, Outcome outcome) {
        last = desired;
        sent = transaction;
        return outcome;
    }

    /** Reads the table while nobody else writes to it, whatever they do to others. Null if there is none. */
    private @Nullable TableState read() throws NetlinkException {
        NetlinkException problem = new NetlinkException("read table " + table, Errno.EINTR);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            manager.take();
            isDoubtful = false;
            hasNews = false;
            work = new Work(work.reads + 1, work.remakes);
            boolean isRead = false;
            try {
                TableState state = TableState.read(nft, table);
                manager.take();
                if (!isDoubtful) {
                    isRead = true;
                    return state;
                }
            } catch (NetlinkException e) {
                if (!e.is(Errno.ENOENT) && !e.is(Errno.EINTR)) {
                    throw e;
                }
                problem = e; // as of a set that goes between the list and its elements
            } finally {
                isDoubtful = !isRead;
            }
        }
        throw problem;
    }

    /** The last resort: all of it goes, and what others cannot know comes again, as far as the kernel takes it. */
    private Outcome makeAnew(TableState desired, @Nullable TableState there, String why) throws NetlinkException {
        Outcome outcome = outcome(desired, there);
        TableState old = there;
        Remains remains = Remains.read(nft, desired, there);
        while (true) {
            Transaction transaction = TablePlan.anew(remains.in(desired), old);
            try {
                commitAnew(transaction);
                work = new Work(work.reads, work.remakes + 1);
                manager.remade(new TableManager.Remake(table, true, why, remains.lost()));
                return done(desired, transaction, outcome);
            } catch (NetlinkException e) {
                if (old != null && e.is(Errno.ENOENT)) {
                    old = null; // it has gone meanwhile
                    continue;
                }
                Remains less = remains.less(String.valueOf(e.getMessage()));
                if (less == null || !isOfTheTable(e)) {
                    throw e;
                }
                remains = less;
                old = null; // so that nothing is relied on
            }
        }
    }

    private void commitAnew(Transaction transaction) throws NetlinkException {
        isDoubtful = false; // whatever others wrote before
        hasNews = false;
        try {
            manager.commitAmidOthers(transaction);
        } catch (NetlinkException e) {
            isDoubtful = true;
            throw e;
        }
    }

    /** Does what is no difference between two states, such as elements that go by themselves after a time. */
    public void also(Transaction transaction) throws NetlinkException {
        if (transaction.isEmpty()) {
            return;
        }
        manager.run(() -> {
            manager.commitAmidOthers(transaction);
            return true;
        });
    }

    /**
     * Removes the table, if it is there.
     *
     * @return whether there was one
     */
    public boolean remove() throws NetlinkException {
        return manager.run(() -> {
            last = null;
            isDoubtful = true;
            boolean isThere = nft.find(table) != null;
            if (isThere) {
                manager.commitAmidOthers(new Transaction().delete(table));
            }
            return isThere;
        });
    }

    /** The rules as they are in the kernel, with what they have counted; none if there is no table. */
    public List<Rule> rules() throws NetlinkException {
        return manager.run(() -> nft.rules(table));
    }

    /** What the elements of one of its sets have counted ({@link Nft#counters}). */
    public Map<Value, Counter> counters(NftSet set) throws NetlinkException {
        return manager.run(() -> nft.counters(set));
    }

    /**
     * What a sync would send, a line each; empty if nothing. Changes nothing.
     *
     * @throws NetlinkException if the kernel refuses, or others write all the time
     */
    public static String pending(Nft nft, TableState desired) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            try {
                return TablePlan.between(desired, TableState.read(nft, desired.table()), Transaction.ANY_GENERATION)
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
    public String sent() {
        Transaction now = sent;
        return now == null ? "" : now.toString();
    }

    /** What the table has cost until now. */
    public Work work() {
        return work;
    }
}
