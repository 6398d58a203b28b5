package io.towpath.agent.runtime;

import java.time.Duration;

/**
 * How often a controller runs: at once after news, and then so often at most that a storm of changes is a few runs.
 *
 * @param gap the least between two runs
 * @param longestGap what the gap doubles to with each run that puts back what others undo, until there was none for 5 s
 * @param settle how long a change of a link or route waits for others that come with it
 * @param leavesHalf whether the gap is at least as long as the run was, so that half of a processor is left to others
 * @param isPatient whether news waits, too, until a run that failed is tried again, as that would fail as well
 * @param firstRetry how soon a run that failed is tried again
 * @param lastRetry what that doubles to
 * @param resync how often it runs though nobody has told of a change
 */
public record Pace(
        Duration gap,
        Duration longestGap,
        Duration settle,
        boolean leavesHalf,
        boolean isPatient,
        Duration firstRetry,
        Duration lastRetry,
        Duration resync) {
    /** 50 ms between two runs, 0.2 s to 5 s after a failure, every 30 s for nothing. */
    public static final Pace NORMAL = new Pace(
            Duration.ofMillis(50),
            Duration.ofMillis(50),
            Duration.ZERO,
            false,
            true,
            Duration.ofMillis(200),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30));

    /** The same with another gap. */
    public Pace withGap(Duration least, Duration longest) {
        return new Pace(least, longest, settle, leavesHalf, isPatient, firstRetry, lastRetry, resync);
    }

    /** The same, but a run that failed is tried again after one time only. */
    public Pace withRetry(Duration always) {
        return new Pace(gap, longestGap, settle, leavesHalf, isPatient, always, always, resync);
    }

    /** The same for links that change together. */
    public Pace withSettle(Duration time) {
        return new Pace(gap, longestGap, time, leavesHalf, isPatient, firstRetry, lastRetry, resync);
    }

    /** The same, leaving half of a processor to others. */
    public Pace leavingHalf() {
        return new Pace(gap, longestGap, settle, true, isPatient, firstRetry, lastRetry, resync);
    }

    /** The same, but news is taken at once after a run that failed: it may be about something else than what failed. */
    public Pace impatient() {
        return new Pace(gap, longestGap, settle, leavesHalf, false, firstRetry, lastRetry, resync);
    }
}
