package io.towpath.agent.status;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a thread that does the same again and again still does. A round that fails is a beat as well: only a thread
 * that hangs or has ended is dead.
 */
public final class Heartbeat {
    private final long limit;
    private final LongSupplier clock;
    private volatile long last;
    private volatile @Nullable Thread thread;

    /** @param limit the longest that a round and the wait after it can take together */
    public Heartbeat(Duration limit) {
        this(limit, System::nanoTime);
    }

    /** @param clock nanoseconds since any time */
    Heartbeat(Duration limit, LongSupplier clock) {
        this.limit = limit.toNanos();
        this.clock = clock;
        last = clock.getAsLong();
    }

    /** Says that a round begins, by the thread that it is about. */
    public void beat() {
        thread = Thread.currentThread();
        last = clock.getAsLong();
    }

    /** What is wrong with the thread: one line, null if nothing. */
    public @Nullable String problem() {
        Thread beating = thread;
        if (beating != null && !beating.isAlive()) {
            return "the thread " + beating.getName() + " has ended";
        }
        long since = clock.getAsLong() - last;
        return since <= limit
                ? null
                : "the last round began " + Duration.ofNanos(since).toSeconds() + " s ago and has not ended";
    }
}
