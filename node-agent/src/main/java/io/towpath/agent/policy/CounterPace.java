package io.towpath.agent.policy;

/** When the counters are read, which takes as long as all else that a round does. Moments are those of {@link System#nanoTime}. */
final class CounterPace {
    private static final long OFTEN_NANOS = 1_000_000_000L;

    /** While a pod waits. */
    private static final long SELDOM_NANOS = 10 * OFTEN_NANOS;

    private long counted;
    private boolean isDue;

    /** They may be read at once. */
    CounterPace(long now) {
        counted = now - SELDOM_NANOS;
    }

    /**
     * For how many nanoseconds no round is needed for them; not positive if one is.
     *
     * @param isPodWaiting for what is not in force yet
     */
    long restNanos(long now, boolean isPodWaiting) {
        return isDue ? counted + nanos(isPodWaiting) - now : Long.MAX_VALUE;
    }

    /** Whether they may be read now; if not, there is a round for it later. */
    boolean mayCount(long now, boolean isPodWaiting) {
        isDue = now - counted < nanos(isPodWaiting);
        return !isDue;
    }

    /** Takes it that they were read. */
    void counted(long now) {
        counted = now;
    }

    private static long nanos(boolean isPodWaiting) {
        return isPodWaiting ? SELDOM_NANOS : OFTEN_NANOS;
    }
}
