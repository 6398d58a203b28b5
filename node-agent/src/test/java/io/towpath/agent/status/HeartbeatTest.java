package io.towpath.agent.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private final AtomicLong clock = new AtomicLong();
    private final Heartbeat heartbeat = new Heartbeat("reconcile", Duration.ofSeconds(60), clock::get);

    private void pass(int seconds) {
        clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }

    @Test
    void aThreadThatBeatsLives() {
        assertNull(heartbeat.problem());
        pass(50);
        heartbeat.beat();
        pass(50);
        assertNull(heartbeat.problem());
    }

    @Test
    void aThreadThatHangsIsFoundOutAndForgivenWhenItGoesOn() {
        heartbeat.beat();
        pass(61);
        assertEquals(
                "the thread reconcile hangs: the last round began 61 s ago and has not ended", heartbeat.problem());
        heartbeat.beat();
        assertNull(heartbeat.problem());
    }

    @Test
    void aThreadThatHasNothingToDoIsNotWaitedFor() throws Exception {
        pass(61);
        assertNull(heartbeat.problem(), "it has not begun");
        Thread thread = new Thread(
                () -> {
                    heartbeat.beat();
                    heartbeat.rest();
                },
                "reconcile");
        thread.start();
        thread.join();
        pass(61);
        assertNull(heartbeat.problem());
    }

    @Test
    void aThreadThatHasEndedIsFoundOutAtOnce() throws Exception {
        Thread thread = new Thread(heartbeat::beat, "reconcile");
        thread.start();
        thread.join();
        assertEquals("the thread reconcile has ended", heartbeat.problem());
    }
}
