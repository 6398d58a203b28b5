package io.towpath.netlink.nft.table;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The owner of all tables that a process keeps in a network namespace: one session, and one stream of what changes in nftables. As long
 * as the events say that nobody else wrote to a table, what is known of it holds, however much others write to their own. Any thread may
 * use it; one at a time is served.
 */
public final class TableManager implements AutoCloseable {
    /** After so many transactions that others were faster than, one is bound to no generation. */
    private static final int TRIES = 8;

    private static final int WAIT_MS = 30_000;

    /** The least time between two looks at what others write: it costs the same, however often they do. */
    private static final int REST_MS = 50;

    /** The longest that events are believed without a question: what was lost of them without a word is noticed then. */
    private static final long BELIEF_NANOS = 25_000_000_000L;

    private final Nft nft;
    private final NftEvents events;
    private final Consumer<Remake> remakes;
    private final List<ManagedTable> tables = new ArrayList<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private int generation;
    private boolean hasAsked;
    private long asked;
    private boolean isClosed;

    /**
     * That a table was made anew, though there was one, or sets in it that have lost something by that.
     *
     * @param isWhole whether it was all of the table
     * @param why what could not be mended
     * @param lost what the new one has not taken over, as it could not be read or put back; null for nothing
     */
    public record Remake(
            Table table,
            boolean isWhole,
            String why,
            @Nullable String lost) {}

    /** What is done while nobody else is served. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws NetlinkException;
    }

    /**
     * An owner.
     *
     * @param nft closed with it
     * @param events those of the same namespace, since before now; closed with it
     * @param remakes told of each table that was made anew, by the thread that did it
     */
    public TableManager(Nft nft, NftEvents events, Consumer<Remake> remakes) {
        this.nft = nft;
        this.events = events;
        this.remakes = remakes;
    }

    /**
     * Opens one.
     *
     * @param netNs the namespace, null for the calling thread's own; it may be closed thereafter
     * @param remakes told of each table that was made anew, by the thread that did it
     */
    public static TableManager open(@Nullable NetNs netNs, Consumer<Remake> remakes) throws NetlinkException {
        NftEvents events = NftEvents.open(netNs);
        try {
            return new TableManager(netNs == null ? Nft.open() : Nft.open(netNs), events, remakes);
        } catch (NetlinkException e) {
            events.close();
            throw e;
        }
    }

    /**
     * Keeps a table; whoever kept it before keeps it no more.
     *
     * @param changed called after others wrote to the table, so that a sync is due, by any thread
     */
    public synchronized ManagedTable manage(Table table, Runnable changed) {
        tables.removeIf(known -> known.table().isSame(table));
        ManagedTable managed = new ManagedTable(this, nft, table, changed);
        tables.add(managed);
        return managed;
    }

    /**
     * Tells of others' changes soon after they are made, until {@link #stop}; else they are noticed by the next sync.
     *
     * @param beat called at least every 30 s
     */
    public void watch(Runnable beat) throws NetlinkException, InterruptedException {
        do {
            beat.run();
            events.await(WAIT_MS);
            run(() -> {
                take();
                return true;
            });
        } while (!stopped.await(REST_MS, TimeUnit.MILLISECONDS));
    }

    /**
     * Takes what there is, for a thread that has a stream of events of its own to wait for; failures are of the next sync.
     *
     * @param event of that stream: all objects of a transaction come before its generation
     */
    public void seen(NftEvent event) {
        if (event.kind() == NftEvent.Kind.GENERATION || event.kind() == NftEvent.Kind.LOST) {
            try {
                run(() -> {
                    take();
                    return true;
                });
            } catch (NetlinkException _) {
                synchronized (this) {
                    tables.forEach(ManagedTable::doubt);
                }
            }
        }
    }

    /** Ends {@link #watch}; any thread may call it. */
    public void stop() {
        stopped.countDown();
        events.wake();
    }

    /** Does work alone, then tells whom it concerns what was seen meanwhile. */
    <T> T run(Work<T> work) throws NetlinkException {
        try {
            synchronized (this) {
                return work.run();
            }
        } finally {
            tell();
        }
    }

    private void tell() {
        List<Runnable> now = new ArrayList<>();
        synchronized (this) {
            for (ManagedTable table : tables) {
                if (table.takeNews()) {
                    now.add(table.changed());
                }
            }
        }
        now.forEach(Runnable::run);
    }

    /** Takes in what was written until now. */
    void take() throws NetlinkException {
        if (isClosed) {
            throw new NetlinkException("take events of nftables", Errno.EBADF);
        }
        events.take(this::took);
    }

    /** Takes in what was written until now, and asks now and then whether events told of all of it. */
    void look() throws NetlinkException {
        long now = System.nanoTime();
        if (hasAsked && now - asked < BELIEF_NANOS) {
            take();
            return;
        }
        int reached = nft.generation();
        if (!hasAsked) {
            generation = reached; // nothing is known of any table yet
        }
        take();
        if (reached - generation > 0) {
            tables.forEach(ManagedTable::doubt);
            generation = reached;
        }
        hasAsked = true;
        asked = now;
    }

    private void took(NftEvent event) {
        switch (event.kind()) {
            case LOST -> {
                if (!isStill()) {
                    tables.forEach(ManagedTable::doubt);
                }
            }
            case GENERATION -> {
                int ahead = event.generation() - generation;
                if (ahead > 0) {
                    if (event.generation() != next(generation)) {
                        took(NftEvent.LOSS);
                    }
                    generation = event.generation();
                }
            }
            default -> {
                boolean isForeign = event.port() != nft.port();
                for (ManagedTable table : tables) {
                    if (isForeign && table.table().isSame(event.table())) {
                        table.doubt();
                    }
                }
            }
        }
    }

    /** Whether nobody else wrote since the generation that is known: then what is missing told of changes of our own. */
    private boolean isStill() {
        try {
            int now = nft.generation();
            boolean isStill = now == generation;
            generation = now;
            return isStill;
        } catch (NetlinkException _) {
            return false; // nobody knows, so all is read again; and that fails for the same reason
        }
    }

    int generation() {
        return generation;
    }

    /** Whether the kernel answers that it has no nftables at all. */
    public synchronized boolean isMissing() {
        return nft.isMissing();
    }

    /**
     * Commits what was planned for a table as it is known.
     *
     * @return false if nothing was done, as others have written to the table
     */
    boolean commit(Transaction transaction, ManagedTable table) throws NetlinkException {
        for (int tried = 0; tried < TRIES; tried++) {
            try {
                nft.commit(transaction.bind(generation));
                generation = next(generation);
                take();
                return true;
            } catch (NetlinkException e) {
                if (!e.is(Errno.ERESTART)) {
                    throw e;
                }
                int before = generation;
                take();
                if (table.isDoubtful()) {
                    return false;
                }
                if (generation == before) {
                    took(NftEvent.LOSS); // the kernel says that there was something
                    return false;
                }
            }
        }
        commitAmidOthers(transaction);
        return true;
    }

    /** Commits whatever others do meanwhile. */
    void commitAmidOthers(Transaction transaction) throws NetlinkException {
        nft.commit(transaction.bind(Transaction.ANY_GENERATION));
        take();
    }

    void remade(Remake remake) {
        remakes.accept(remake);
    }

    /** The generation that a transaction makes. */
    private static int next(int generation) {
        return generation + 1 == Transaction.ANY_GENERATION ? 1 : generation + 1;
    }

    /** To be called when no thread is in {@link #watch}. What is in the kernel stays. */
    @Override
    public synchronized void close() {
        isClosed = true;
        events.close();
        nft.close();
    }
}
