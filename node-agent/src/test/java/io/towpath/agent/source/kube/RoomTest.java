package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RoomTest {
    private static final long MIB = 1L << 20;

    private long live;
    private long garbage;
    private long now;
    private int collections;
    private final Room room = new Room(
            200 * MIB,
            () -> live + garbage,
            () -> {
                garbage = 0;
                collections++;
            },
            () -> now);

    private void pass(int milliseconds) {
        now += Duration.ofMillis(milliseconds).toNanos();
    }

    private String lack() {
        return Failures.line(assertThrows(ApiRefusal.class, () -> room.require("pods")));
    }

    @Test
    void garbageTakesNoRoom() {
        live = 60 * MIB;
        garbage = 139 * MIB;
        assertDoesNotThrow(() -> room.require("pods"));
        assertEquals(1, collections);
        assertDoesNotThrow(() -> room.require("pods"));
        assertEquals(1, collections, "there is room without");
    }

    @Test
    void whereThereIsNoneItIsSaidAndWhatToDo() {
        live = 151 * MIB;
        assertEquals(
                "200 with more pods than there is memory for: more than 150 of 200 MiB of heap are in use."
                        + " More is given by -Xmx before all other arguments, such as -Xmx400m",
                lack());
        live = 150 * MIB;
        assertDoesNotThrow(() -> room.require("pods"), "something has gone");
    }

    @Test
    void itIsNotCollectedAgainAndAgain() {
        live = 199 * MIB;
        for (int i = 0; i < 100; i++) {
            assertTrue(lack().contains("than there is memory for"));
            pass(4);
        }
        assertEquals(1, collections);
        pass(100);
        assertTrue(lack().contains("than there is memory for"));
        assertEquals(2, collections);
    }
}
