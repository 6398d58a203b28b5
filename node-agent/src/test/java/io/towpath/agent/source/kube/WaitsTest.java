package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WaitsTest {
    private static final double ALMOST = Math.nextDown(1.0);

    private static Waits waits(double chance) {
        return new Waits(Timing.USUAL, () -> chance);
    }

    private static void assertBetween(long least, long most, Duration at0, Duration at1) {
        assertEquals(least, at0.toMillis());
        assertTrue(at1.toMillis() >= most - 1 && at1.toMillis() <= most, at1::toString);
    }

    @Test
    void whoLostTheApiAtTheSameMomentComesBackAtAnyOfTheNextSecond() {
        assertBetween(0, 1000, waits(0).lost(), waits(ALMOST).lost());
        assertEquals(250, waits(0.25).lost().toMillis());
    }

    /** With an attempt that takes no more than the second after which a lost packet is sent again, that is two seconds. */
    @Test
    void attemptsAreASecondApartAtMostHoweverLongTheApiIsAway() {
        assertBetween(500, 1000, waits(0).away(), waits(ALMOST).away());
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 502, 503, 504})
    void aBusyApiIsAskedAsOneThatIsAway(int code) {
        ApiRefusal refusal = new ApiRefusal(code, "busy", null);
        assertBetween(0, 1000, waits(0).after(refusal, 1), waits(ALMOST).after(refusal, 1));
        assertBetween(500, 1000, waits(0).after(refusal, 1000), waits(ALMOST).after(refusal, 1000));
    }

    @ParameterizedTest
    @CsvSource({"1, 1000, 2000", "7, 7000, 8000", "30, 30000, 31000", "31, 30000, 31000", "86400, 30000, 31000"})
    void itIsLeftAloneForAsLongAsItAsksUpToHalfAMinute(int seconds, long least, long most) {
        for (int code : new int[] {403, 429, 500, 503}) {
            ApiRefusal refusal = new ApiRefusal(code, "busy", Duration.ofSeconds(seconds));
            assertBetween(least, most, waits(0).after(refusal, 1), waits(ALMOST).after(refusal, 1));
            assertBetween(
                    least, most, waits(0).after(refusal, 50), waits(ALMOST).after(refusal, 50));
        }
    }

    /** An API that has just started refuses for some seconds what it allows then; a role that lacks something lacks it for hours. */
    @ParameterizedTest
    @CsvSource({"1, 500, 1000", "5, 1000, 2000", "9, 1500, 3000", "57, 7500, 15000", "100000, 7500, 15000"})
    void whatIsRefusedIsAskedForLessAndLessOften(int refusals, long least, long most) {
        for (int code : new int[] {200, 401, 403, 404, 410}) {
            ApiRefusal refusal = new ApiRefusal(code, "no", null);
            assertBetween(
                    least,
                    most,
                    waits(0).after(refusal, refusals),
                    waits(ALMOST).after(refusal, refusals));
        }
    }

    @Test
    void watchesDoNotEndTogether() {
        assertBetween(300_000, 600_000, waits(0).watch(), waits(ALMOST).watch());
    }
}
