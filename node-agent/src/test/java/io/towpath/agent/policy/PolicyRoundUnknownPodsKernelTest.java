package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.Facts;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rounds with pods that are not known, have gone or come late. */
@NeedsRoot
class PolicyRoundUnknownPodsKernelTest extends PolicyRoundScene {
    @Test
    void podWhoseLinkWasAwayWhenItWasToBeBoundIsAnsweredOnlyWhenItIsInForce() throws Exception {
        policies = List.of(closed("default", "nobody"));
        know(a);
        know(b);
        tell();
        run();
        scene.remove(b);
        pods.doubt();
        compilations.remove().run();
        run();
        run();
        assertEquals(1, compilations.size(), "of what is without it");
        PolicyScene.Pod again = scene.pod("b", "10.64.1.3");
        pods.doubt();
        CompletableFuture<@Nullable String> answer = handOver(again);
        run();
        assertFalse(answer.isDone());
        assertFalse(again.reaches(a));
        settle();
        assertTrue(answer.isDone());
        assertTrue(again.reaches(a));
    }

    @Test
    void whoWaitsNoMoreIsForgotten() throws Exception {
        tell();
        settle();
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        assertFalse(waiting.isEmpty());
        answer.cancel(false);
        run();
        assertTrue(waiting.isEmpty());
    }

    @Test
    void podThatIsNotKnownIsLetThroughOnlyWhileTheSourceIsThere() throws Exception {
        tell();
        settle();
        isCurrent = false;
        CompletableFuture<@Nullable String> first = handOver(a);
        CompletableFuture<@Nullable String> second = handOver(b);
        run(); // sees the links
        while (pods.unknown(System.nanoTime()).size() < 2) {
            Thread.onSpinWait();
        }
        run();
        assertFalse(first.isDone(), "a policy that nobody can tell of may be about it");
        assertFalse(a.reaches(b));
        isCurrent = true;
        run();
        assertFalse(first.isDone(), "what was not told meanwhile is on its way");
        assertFalse(a.reaches(b));
        awaitTime();
        run();
        assertTrue(first.isDone());
        assertTrue(second.isDone());
        assertTrue(a.reaches(b));
        isCurrent = false;
        pods.doubt();
        run();
        assertTrue(a.reaches(b), "it was let through before");
    }

    @Test
    void podThatIsNotKnownIsLetThroughWhenItsTimeHasComeThoughNothingHappens() throws Exception {
        tell();
        settle();
        awaitTime();
        run();
        assertEquals(Long.MAX_VALUE, round().restNanos(Long.MAX_VALUE), "there is nobody to wait for");
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        while (!answer.isDone()) {
            awaitTime();
            run();
        }
        assertEquals(Long.MAX_VALUE, round().restNanos(Long.MAX_VALUE));
    }

    @Test
    void podThatIsNotKnownIsNotLetThroughByFactsOfAnEarlierAgent() throws Exception {
        round().news(new PolicyFacts(
                new Facts(List.of(), List.copyOf(namespaces), List.of(), policies, clusterPolicies),
                uids,
                Instant.EPOCH));
        settle();
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        while (pods.unknown(System.nanoTime()).isEmpty()) {
            Thread.onSpinWait();
        }
        run();
        assertFalse(answer.isDone());
    }
}
