package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WaitingTest {
    private static final int LONG_MS = 60_000;

    private final Waiting waiting = new Waiting();

    @AfterEach
    void end() {
        waiting.end();
    }

    private static Handover handover(int milliseconds) {
        return new Handover(
                "default", "a", "uid", "cali0123456789a", List.of(IpAddress.parse("10.64.1.2")), milliseconds);
    }

    private CompletableFuture<@Nullable String> keep(int milliseconds) {
        CompletableFuture<@Nullable String> answer = waiting.handOver(handover(milliseconds), _ -> "in vain");
        waiting.takeAdded().forEach(entry -> waiting.keep(entry, 1));
        return answer;
    }

    /** As long as the policies are not known, or the kernel refuses them. */
    @Test
    void whoWaitsNoMoreIsForgottenThoughNothingComesIntoForce() throws Exception {
        assertEquals("in vain", keep(1).get(20, TimeUnit.SECONDS));
        CompletableFuture<@Nullable String> second = keep(LONG_MS);
        assertFalse(waiting.isEmpty());
        second.cancel(false);
        assertEquals(List.of(), waiting.takeAdded());
        assertTrue(waiting.isEmpty());
    }

    @Test
    void aMistakeInTheReasonIsTheAnswer() throws Exception {
        CompletableFuture<@Nullable String> answer = waiting.handOver(handover(1), _ -> {
            throw new IllegalStateException("nobody foresaw it");
        });
        String why = answer.get(20, TimeUnit.SECONDS);
        assertTrue(why != null && why.contains("internal error") && why.contains("nobody foresaw it"), why);
    }
}
