package io.towpath.agent.policy;

/**
 * When a round of enforcing begins: soon after what it is for, but never so often that others get too little of a processor. Moments are those
 * of {@link System#nanoTime}. Not for use by several threads.
 */
final class Pacing {
    private static final long MILLISECOND = 1_000_000L;

    /** There is a round that often in any case. */
    private static final long SLOW_ROUND_NANOS = 30_000 * MILLISECOND;

    private static final long LEAST_GAP_NANOS = MILLISECOND;

    /** How long what the kernel tells of links waits: of most the CNI executable tells then, too, and that does not wait. */
    private static final long LINKS_NANOS = 20 * MILLISECOND;

    /** How often at most the counters are read, which takes as long as all else that a round does; more seldom while a pod waits. */
    private static final long COUNT_NANOS = 1_000 * MILLISECOND;

    private static final long SELDOM_COUNT_NANOS = 10 * COUNT_NANOS;

    private static final long FIRST_RETRY_NANOS = 200 * MILLISECOND;
    private static final long LAST_RETRY_NANOS = 5_000 * MILLISECOND;

    private long slow;
    private long soonest;
    private long earliest;
    private long retry;
    private boolean areLinksDue;
    private long linksDue;
    private boolean isCountDue;
    private long counted;

    /** A first round is due at once. */
    Pacing(long now) {
        slow = now;
        soonest = now;
        earliest = now;
        counted = now - SELDOM_COUNT_NANOS;
    }

    /** Takes it that the kernel told of a link. */
    void linksChanged(long now) {
        if (!areLinksDue) {
            areLinksDue = true;
            linksDue = now + LINKS_NANOS;
        }
    }

    /**
     * For how many nanoseconds no round may begin, whatever there is to do; none if not positive.
     *
     * @param isAdded whether a pod was handed over since the last one
     * @param isAwaited whether it can do at once what somebody waits for
     */
    long gapNanos(long now, boolean isAdded, boolean isAwaited) {
        if (isAwaited && retry == 0) {
            return 0;
        }
        return (isAdded ? soonest : earliest) - now;
    }

    /**
     * For how many nanoseconds there is nothing to do, if nobody tells anything; none if not positive.
     *
     * @param isPodWaiting for what is not in force yet
     */
    long restNanos(long now, boolean isPodWaiting) {
        long rest = slow - now;
        if (areLinksDue) {
            rest = Math.min(rest, linksDue - now);
        }
        if (isCountDue) {
            rest = Math.min(rest, counted + countNanos(isPodWaiting) - now);
        }
        return rest;
    }

    /** The milliseconds to sleep for so many nanoseconds, or for a part of them. */
    static int milliseconds(long nanos) {
        return (int) ((Math.min(SLOW_ROUND_NANOS, nanos) + MILLISECOND - 1) / MILLISECOND);
    }

    /**
     * A round begins.
     *
     * @return whether it is one that looks at everything, should a change not have been told
     */
    boolean begins(long now) {
        areLinksDue = false;
        return now - slow >= 0;
    }

    /**
     * It has ended.
     *
     * @param began when it began
     * @param done whether everything is as it must be; else it is tried again, later and later
     */
    void ended(long began, long now, boolean done) {
        retry = done ? 0 : Math.clamp(2 * retry, FIRST_RETRY_NANOS, LAST_RETRY_NANOS);
        soonest = now + Math.max(LEAST_GAP_NANOS, retry);
        // A storm of changes is to leave half of a processor to others, but nobody waits for that.
        earliest = Math.max(soonest, now + (now - began));
        slow = done ? now + SLOW_ROUND_NANOS : earliest;
    }

    /** Whether the counters may be read now; if not, there is a round for it later. */
    boolean mayCount(long now, boolean isPodWaiting) {
        isCountDue = now - counted < countNanos(isPodWaiting);
        return !isCountDue;
    }

    /** Takes it that they were read. */
    void counted(long now) {
        counted = now;
    }

    private static long countNanos(boolean isPodWaiting) {
        return isPodWaiting ? SELDOM_COUNT_NANOS : COUNT_NANOS;
    }
}
