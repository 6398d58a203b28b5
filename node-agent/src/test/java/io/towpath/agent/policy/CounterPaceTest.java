package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CounterPaceTest {
    private static final long MS = 1_000_000;

    /** Moments may be negative. */
    private static final long START = -100 * MS;

    @Test
    void countersAreReadOnceASecondAndMoreSeldomWhileAPodWaits() {
        CounterPace pace = new CounterPace(START);
        assertTrue(pace.mayCount(START, true));
        pace.counted(START);
        assertEquals(Long.MAX_VALUE, pace.restNanos(START, false), "nobody asked for them");
        assertFalse(pace.mayCount(START + 400 * MS, false));
        assertEquals(600 * MS, pace.restNanos(START + 400 * MS, false));
        assertEquals(9_600 * MS, pace.restNanos(START + 400 * MS, true));
        assertFalse(pace.mayCount(START + 1_000 * MS, true));
        assertTrue(pace.mayCount(START + 1_000 * MS, false));
    }
}
