package io.towpath.agent.status;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a thread that does the same again and again still does. A round that fails is a beat as well: only a thread
 * that hangs or has ended is dead.
 */
public final class Heartbeat {
    private final String name;
    private final long limit;
    private final LongSupplier clock;
    private volatile long last;
    private volatile boolean resting = true;
    private volatile @Nullable Thread thread;

    /**
     * That of a thread that has nothing to do before its first beat.
     *
     * @param name the thread's
     * @param limit the longest that a round and the wait after it can take together
     */
    public Heartbeat(String name, Duration limit) {
        this(name, limit, System::nanoTime);
    }

    /** @param clock nanoseconds since any time */
    Heartbeat(String name, Duration limit, LongSupplier clock) {
        this.name = name;
        this.limit = limit.toNanos();
        this.clock = clock;
    }

    /** The thread's name. */
    public String name() {
        return name;
    }

    /** Says that a round begins, by the thread that it is about. */
    public void beat() {
        thread = Thread.currentThread();
        last = clock.getAsLong();
        resting = false;
    }

    /** Says that there is nothing to do until the next beat, however long that is. */
    public void rest() {
        thread = null;
        resting = true;
    }

    /** What is wrong with the thread: one line, null if nothing. */
    public @Nullable String problem() {
        Thread beating = thread;
        if (beating != null && !beating.isAlive()) {
            return "the thread " + name + " has ended";
        }
        long since = clock.getAsLong() - last;
        return resting || since <= limit
                ? null
                : "the thread " + name + " hangs: the last round began "
                        + Duration.ofNanos(since).toSeconds() + " s ago and has not ended";
    }
}
