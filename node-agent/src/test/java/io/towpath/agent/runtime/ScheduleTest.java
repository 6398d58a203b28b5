package io.towpath.agent.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.runtime.Controller.Urgency;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final long MS = 1_000_000;

    /** Moments may be negative. */
    private static final long START = -100 * MS;

    private static final Pace POLICY = Pace.NORMAL
            .withGap(Duration.ofMillis(1), Duration.ofMillis(1))
            .withSettle(Duration.ofMillis(20))
            .leavingHalf();

    private Schedule schedule = new Schedule(Pace.NORMAL, START);

    private boolean run(long from, long to, boolean isDone, boolean isRepair) {
        boolean isFull = schedule.begins(START + from * MS);
        schedule.ended(START + from * MS, START + to * MS, isDone, isRepair);
        return isFull;
    }

    private long rest(long now, Urgency urgency) {
        return schedule.restNanos(START + now * MS, Long.MAX_VALUE, urgency) / MS;
    }

    private long rest(long now) {
        return rest(now, Urgency.NORMAL);
    }

    @Test
    void theFirstRunIsDueAtOnceAndLooksAtEverything() {
        assertEquals(0, rest(0));
        assertTrue(run(0, 1, true, false));
        assertEquals(30_000, rest(1));
        assertTrue(run(30_001, 30_001, true, false));
    }

    @Test
    void newsOfOthersDoesNotWaitForWhatFails() {
        schedule = new Schedule(Pace.NORMAL.impatient(), START);
        run(0, 0, false, false);
        assertEquals(200, rest(0));
        schedule.due(START + 1 * MS);
        assertEquals(49, rest(1));
        run(50, 50, false, false);
        assertEquals(400, rest(50), "what fails is tried again less and less often");
        assertTrue(run(450, 450, true, false));
        assertEquals(30_000, rest(450));
    }

    @Test
    void newsIsTakenAtOnceAndThenInBatches() {
        run(0, 0, true, false);
        schedule.due(START + 1_000 * MS);
        assertEquals(0, rest(1_000));
        assertFalse(run(1_000, 1_010, true, false));
        schedule.due(START + 1_011 * MS);
        schedule.due(START + 1_030 * MS);
        assertEquals(30, rest(1_030));
        assertEquals(0, rest(1_060));
        run(1_060, 1_060, true, false);
        assertEquals(30_000, rest(1_060), "both were seen");
    }

    @Test
    void aRunThatFailsIsTriedAgainLaterAndLaterAndLooksAtEverything() {
        long now = 0;
        for (long wait : new long[] {200, 400, 800, 1_600, 3_200, 5_000, 5_000}) {
            assertTrue(run(now, now, false, false));
            schedule.due(START + now * MS);
            for (Urgency urgency : Urgency.values()) {
                assertEquals(wait, rest(now, urgency));
            }
            now += wait;
        }
        run(now, now, true, false);
        run(now + 50, now + 50, false, false);
        assertEquals(200, rest(now + 50), "once it was done it begins anew");
    }

    @Test
    void whatOthersUndoIsPutBackLessAndLessOftenUntilTheyLeaveIt() {
        schedule = new Schedule(Pace.NORMAL.withGap(Duration.ofMillis(50), Duration.ofMillis(800)), START);
        long now = 0;
        for (long wait : new long[] {100, 200, 400, 800, 800}) {
            run(now, now, true, true);
            schedule.due(START + now * MS);
            assertEquals(wait, rest(now));
            now += wait;
        }
        run(now + 4_000, now + 4_000, true, false);
        schedule.due(START + (now + 4_000) * MS);
        assertEquals(800, rest(now + 4_000));
        run(now + 6_000, now + 6_000, true, false);
        schedule.due(START + (now + 6_000) * MS);
        assertEquals(50, rest(now + 6_000));
    }

    @Test
    void aRunLeavesAsMuchTimeToOthersAsItTookButNobodyWaitsForThat() {
        schedule = new Schedule(POLICY, START);
        run(0, 70, true, false);
        schedule.due(START + 70 * MS);
        assertEquals(70, rest(70));
        assertEquals(1, rest(70, Urgency.SOON));
        assertEquals(0, rest(70, Urgency.NOW));
    }

    @Test
    void whatTheKernelTellsOfLinksWaitsFromTheFirstOn() {
        schedule = new Schedule(POLICY, START);
        run(0, 0, true, false);
        schedule.settle(START + 5 * MS);
        schedule.settle(START + 15 * MS);
        assertEquals(10, rest(15));
        schedule.due(START + 16 * MS);
        assertEquals(0, rest(16));
        run(25, 25, true, false);
        assertEquals(30_000, rest(25));
    }

    @Test
    void aControllerIsWokenByTheTimeThatItSays() {
        run(0, 0, true, false);
        assertEquals(100 * MS, schedule.restNanos(START, 100 * MS, Urgency.NORMAL));
        assertEquals(50 * MS, schedule.restNanos(START, 10 * MS, Urgency.NORMAL), "but not within the gap");
    }

    @Test
    void aPartOfAMillisecondIsSleptForAndNeverLongerThanHalfAMinute() {
        assertEquals(0, ControlThread.milliseconds(-1));
        assertEquals(1, ControlThread.milliseconds(1));
        assertEquals(2, ControlThread.milliseconds(MS + 1));
        assertEquals(30_000, ControlThread.milliseconds(Long.MAX_VALUE));
    }
}
