package io.towpath.agent.policy.denial;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DenialCountsTest {
    private static final DenialCounts.Key WEB = new DenialCounts.Key("shop/web", Direction.INGRESS, true);
    private static final DenialCounts.Key DB = new DenialCounts.Key("shop/db", Direction.INGRESS, true);
    private static final Facts FACTS = facts("a", "b");
    private static final List<String> A = List.of("NetworkPolicy shop/a");
    private static final List<String> BOTH = List.of("NetworkPolicy shop/a", "NetworkPolicy shop/b");

    private final DenialCounts counts = new DenialCounts();

    private static Facts facts(String... policies) {
        List<PolicyFact> all = List.of(policies).stream()
                .map(name -> PolicyFact.of("shop", name, Selector.EVERYTHING, List.of(), List.of(), List.of()))
                .toList();
        return new Facts(List.of(), List.of(), List.of(), all, List.of());
    }

    private static Map<DenialCounts.Policy, Long> of(long a, long b) {
        return Map.of(
                new DenialCounts.Policy("NetworkPolicy shop/a", true), a,
                new DenialCounts.Policy("NetworkPolicy shop/b", true), b);
    }

    private void log(DenialCounts.Key key, List<String> policies, int packets) {
        for (int i = 0; i < packets; i++) {
            counts.logged(key, policies);
        }
    }

    @Test
    void whatWasCountedBeforeTheStartIsNobodys() {
        log(WEB, A, 1);
        assertEquals(Map.of(), counts.counted(Map.of(WEB, 100L), FACTS));
    }

    @Test
    void whereAllIsLoggedEachPolicyHasWhatItDenied() {
        counts.counted(Map.of(WEB, 100L, DB, 0L), FACTS);
        log(WEB, A, 3);
        log(WEB, BOTH, 2);
        log(DB, BOTH, 4);
        assertEquals(of(9, 6), counts.counted(Map.of(WEB, 105L, DB, 4L), FACTS));
        assertEquals(of(9, 6), counts.counted(Map.of(WEB, 105L, DB, 4L), FACTS));
    }

    @Test
    void whereSomeIsLoggedTheRestIsLikeIt() {
        counts.counted(Map.of(WEB, 0L), FACTS);
        log(WEB, A, 3);
        log(WEB, BOTH, 1);
        assertEquals(of(1000, 250), counts.counted(Map.of(WEB, 1000L), FACTS));
    }

    @Test
    void whatIsCountedBeforeItIsLoggedWaitsForThat() {
        counts.counted(Map.of(WEB, 0L), FACTS);
        assertEquals(Map.of(), counts.counted(Map.of(WEB, 2L), FACTS));
        log(WEB, BOTH, 3);
        assertEquals(of(3, 3), counts.counted(Map.of(WEB, 3L), FACTS));
    }

    @Test
    void packetsThatNoPolicyDeniesAreNoPolicys() {
        counts.counted(Map.of(WEB, 0L), FACTS);
        log(WEB, List.of(), 3);
        log(WEB, BOTH, 1);
        assertEquals(of(1, 1), counts.counted(Map.of(WEB, 4L), FACTS));
    }

    @Test
    void podThatComesAndTableMadeAnewBeginAtNothing() {
        counts.counted(Map.of(WEB, 7L), FACTS);
        log(DB, BOTH, 5);
        assertEquals(of(5, 5), counts.counted(Map.of(WEB, 7L, DB, 5L), FACTS));
        log(WEB, BOTH, 2);
        assertEquals(of(7, 7), counts.counted(Map.of(WEB, 2L, DB, 5L), FACTS));
    }

    @Test
    void dryRunsAreCountedApart() {
        DenialCounts.Key tried = new DenialCounts.Key("shop/web", Direction.INGRESS, false);
        counts.counted(Map.of(tried, 0L), FACTS);
        log(tried, A, 1);
        assertEquals(
                Map.of(new DenialCounts.Policy("NetworkPolicy shop/a", false), 1L),
                counts.counted(Map.of(WEB, 0L, tried, 1L), FACTS));
    }

    @Test
    void policiesThatAreGoneAreForgotten() {
        counts.counted(Map.of(WEB, 0L), FACTS);
        log(WEB, BOTH, 1);
        counts.counted(Map.of(WEB, 1L), FACTS);
        assertEquals(
                Map.of(new DenialCounts.Policy("NetworkPolicy shop/a", true), 1L),
                counts.counted(Map.of(), facts("a")));
    }
}
