package io.towpath.agent.runtime;

/** When one controller runs. Moments are nanoseconds since any time. Not for use by several threads. */
final class Schedule {
    /** Without a repair for so long, nobody undoes anything any more. */
    private static final long QUIET_NANOS = 5_000_000_000L;

    private final Pace pace;
    private long resync;
    private long soonest;
    private long earliest;
    private long retry;
    private long gap;
    private long lastRepair;
    private boolean isDue;
    private long due;

    /** A first run is due at once. */
    Schedule(Pace pace, long now) {
        this.pace = pace;
        gap = pace.gap().toNanos();
        again(now);
    }

    /** Has it run at once, and look at everything, as at first. */
    void again(long now) {
        resync = now;
        soonest = now;
        earliest = now;
        retry = 0;
        isDue = false;
    }

    /** Something was told that is not to wait. */
    void due(long now) {
        isDue = true;
        due = now;
    }

    /** Something was told that waits for others that come with it. */
    void settle(long now) {
        long settled = now + pace.settle().toNanos();
        if (!isDue || settled - due < 0) {
            isDue = true;
            due = settled;
        }
    }

    /**
     * For how many nanoseconds it does not run; not positive if it does now.
     *
     * @param rest for how long there is nothing to do by the controller's word
     */
    long restNanos(long now, long rest, Controller.Urgency urgency) {
        long nothing = Math.min(rest, resync - now);
        if (isDue) {
            nothing = Math.min(nothing, due - now);
        }
        return Math.max(nothing, pauseNanos(now, urgency));
    }

    private long pauseNanos(long now, Controller.Urgency urgency) {
        return switch (urgency) {
            case NORMAL -> earliest - now;
            case SOON -> soonest - now;
            case NOW -> retry == 0 ? 0 : soonest - now;
        };
    }

    /**
     * A run begins.
     *
     * @return whether it is one that looks at everything
     */
    boolean begins(long now) {
        isDue = false;
        return now - resync >= 0;
    }

    /** It has ended. */
    void ended(long began, long now, boolean isDone, boolean isRepair) {
        if (isRepair) {
            gap = Math.min(2 * gap, pace.longestGap().toNanos());
            lastRepair = now;
        } else if (now - lastRepair > QUIET_NANOS) {
            gap = pace.gap().toNanos();
        }
        retry = isDone
                ? 0
                : Math.clamp(
                        2 * retry, pace.firstRetry().toNanos(), pace.lastRetry().toNanos());
        soonest = now + (pace.isPatient() ? Math.max(gap, retry) : gap);
        earliest = pace.leavesHalf() ? Math.max(soonest, now + (now - began)) : soonest;
        resync = isDone ? now + pace.resync().toNanos() : Math.max(earliest, now + retry);
    }
}
