package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PacingTest {
    private static final long MS = 1_000_000;

    /** Moments may be negative. */
    private static final long START = -100 * MS;

    private final Pacing pacing = new Pacing(START);

    private void round(long from, long to, boolean done) {
        pacing.begins(START + from * MS);
        pacing.ended(START + from * MS, START + to * MS, done);
    }

    private long gap(long now, boolean isAdded, boolean isAwaited) {
        return pacing.gapNanos(START + now * MS, isAdded, isAwaited) / MS;
    }

    private long rest(long now, boolean isPodWaiting) {
        return pacing.restNanos(START + now * MS, isPodWaiting) / MS;
    }

    @Test
    void theFirstRoundIsDueAtOnceAndLooksAtEverything() {
        assertEquals(0, gap(0, false, false));
        assertEquals(0, rest(0, false));
        assertTrue(pacing.begins(START));
    }

    @Test
    void aRoundLeavesAsMuchTimeToOthersAsItTookButNoPodWaitsForThat() {
        round(0, 70, true);
        assertEquals(70, gap(70, false, false));
        assertEquals(1, gap(70, true, false));
        assertEquals(0, gap(70, true, true));
        assertEquals(0, gap(70, false, true));
    }

    @Test
    void nextIsOneIn30SecondsThatLooksAtEverything() {
        round(0, 1, true);
        assertEquals(30_000, rest(1, false));
        assertFalse(pacing.begins(START + 30_000 * MS));
        assertTrue(pacing.begins(START + 30_001 * MS));
    }

    @Test
    void aRoundThatFailsIsTriedAgainLaterAndLaterWhoeverWaits() {
        long now = 0;
        for (long wait : new long[] {200, 400, 800, 1_600, 3_200, 5_000, 5_000}) {
            round(now, now, false);
            assertEquals(wait, gap(now, false, false));
            assertEquals(wait, gap(now, true, true));
            assertEquals(wait, rest(now, false));
            now += wait;
            assertTrue(pacing.begins(START + now * MS));
        }
        round(now, now, true);
        assertEquals(1, gap(now, false, false));
        assertEquals(0, gap(now, false, true));
        round(now, now, false);
        assertEquals(200, gap(now, false, false));
    }

    @Test
    void whatTheKernelTellsOfLinksWaitsFromTheFirstOn() {
        round(0, 0, true);
        pacing.linksChanged(START + 5 * MS);
        pacing.linksChanged(START + 15 * MS);
        assertEquals(10, rest(15, false));
        round(25, 25, true);
        assertEquals(30_000, rest(25, false));
    }

    @Test
    void countersAreReadOnceASecondAndMoreSeldomWhileAPodWaits() {
        round(0, 0, true);
        assertTrue(pacing.mayCount(START, true));
        pacing.counted(START);
        assertEquals(29_000, rest(1_000, false));
        assertFalse(pacing.mayCount(START + 400 * MS, false));
        assertEquals(600, rest(400, false));
        assertEquals(9_600, rest(400, true));
        assertFalse(pacing.mayCount(START + 1_000 * MS, true));
        assertTrue(pacing.mayCount(START + 1_000 * MS, false));
        assertEquals(29_000, rest(1_000, false));
    }

    @Test
    void aPartOfAMillisecondIsSleptForAndNeverLongerThanASlowRound() {
        assertEquals(1, Pacing.milliseconds(1));
        assertEquals(2, Pacing.milliseconds(MS + 1));
        assertEquals(30_000, Pacing.milliseconds(Long.MAX_VALUE));
    }
}
