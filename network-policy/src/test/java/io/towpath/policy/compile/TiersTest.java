package io.towpath.policy.compile;

import static io.towpath.policy.compile.Rules.any;
import static io.towpath.policy.compile.Rules.egress;
import static io.towpath.policy.compile.Rules.ingress;
import static io.towpath.policy.compile.Rules.into;
import static io.towpath.policy.compile.Rules.own;
import static io.towpath.policy.compile.Rules.rule;
import static io.towpath.policy.compile.Rules.tcp;
import static io.towpath.policy.facts.Protocol.TCP;
import static io.towpath.policy.facts.Protocol.UDP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Subject;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.Selector;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Admin before NetworkPolicies before Baseline; in a tier by priority, then by name. */
class TiersTest {
    private final Scene scene =
            new Scene().pod("shop", "web", 1).pod("shop", "db", 2).pod("lab", "x", 3);

    @ParameterizedTest
    @CsvSource({
        // Admin, NetworkPolicy, Baseline: allowed
        "ACCEPT, deny,  DENY,   true",
        "DENY,   allow, ACCEPT, false",
        "PASS,   allow, DENY,   true",
        "PASS,   deny,  ACCEPT, false",
        "PASS,   none,  DENY,   false",
        "PASS,   none,  ACCEPT, true",
        "PASS,   none,  none,   true",
        "none,   allow, DENY,   true",
        "none,   deny,  ACCEPT, false",
        "none,   none,  DENY,   false",
        "none,   none,  ACCEPT, true",
    })
    void firstTierThatSaysSomethingDecides(String admin, String policy, String baseline, boolean allowed) {
        scene.clusterPolicies(about("b", Tier.BASELINE, baseline), about("a", Tier.ADMIN, admin));
        switch (policy) {
            case "allow" -> scene.policies(into("db", rule(own("web"))));
            case "deny" -> scene.policies(into("db"));
            default -> scene.policies();
        }
        assertEquals(allowed, scene.allows(1, 2, TCP, 80));
        assertEquals(policy.equals("none"), scene.allows(3, 2, TCP, 80), "whom no rule is about");
    }

    private static ClusterPolicyFact about(String name, Tier tier, String action) {
        return action.equals("none")
                ? ingress(name, tier, 0)
                : ingress(name, tier, 0, rule(Action.valueOf(action), any("web")));
    }

    @Test
    void lowestPriorityIsAskedFirst() {
        ClusterPolicyFact deny = ingress("a", Tier.ADMIN, 10, rule(Action.DENY, any("web")));
        scene.clusterPolicies(deny, ingress("b", Tier.ADMIN, 9, rule(Action.ACCEPT, any("web"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        scene.clusterPolicies(deny, ingress("b", Tier.ADMIN, 11, rule(Action.ACCEPT, any("web"))));
        assertFalse(scene.allows(1, 2, TCP, 80));
    }

    @ParameterizedTest
    @CsvSource({"ADMIN", "BASELINE"})
    void ofTheSamePriorityTheFirstByNameIsAskedFirst(Tier tier) {
        ClusterPolicyFact accept = ingress("m", tier, 7, rule(Action.ACCEPT, any("web")));
        scene.clusterPolicies(accept, ingress("a", tier, 7, rule(Action.DENY, any("web"))));
        assertFalse(scene.allows(1, 2, TCP, 80));
        scene.clusterPolicies(ingress("z", tier, 7, rule(Action.DENY, any("web"))), accept);
        assertTrue(scene.allows(1, 2, TCP, 80));
    }

    @Test
    void firstRuleOfAPolicyDecides() {
        scene.clusterPolicies(ingress(
                "c",
                Tier.ADMIN,
                0,
                rule(Action.ACCEPT, any("web"), tcp(80)),
                rule(Action.DENY, any("web")),
                rule(Action.ACCEPT, any("web"), tcp(81))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(1, 2, TCP, 81));
        assertFalse(scene.allows(1, 2, null, 0));
        assertTrue(scene.allows(3, 2, TCP, 81));
    }

    @Test
    void passSkipsTheRestOfItsTierForItsPortsAlone() {
        scene.clusterPolicies(
                ingress("a", Tier.ADMIN, 0, rule(Action.PASS, any("web"), tcp(80))),
                ingress("b", Tier.ADMIN, 1, rule(Action.DENY, any("web"))),
                ingress("c", Tier.BASELINE, 0, rule(Action.DENY, any("web"), tcp(80), tcp(81))));
        scene.policies(into("db", rule(own("web"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(1, 2, TCP, 81));
        scene.policies();
        assertFalse(scene.allows(1, 2, TCP, 80), "the baseline denies what nobody isolates");
    }

    @Test
    void passInTheBaselineLeavesNothingButTheDefault() {
        scene.clusterPolicies(
                ingress("a", Tier.BASELINE, 0, rule(Action.PASS, any("web"), tcp(80))),
                ingress("b", Tier.BASELINE, 1, rule(Action.DENY, any("web"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(1, 2, TCP, 81));
    }

    @Test
    void ruleWithoutPeersIsAboutNobody() {
        var rule = new ClusterPolicyFact.Rule("", Action.DENY, List.of(), List.of());
        scene.clusterPolicies(ingress("a", Tier.ADMIN, 0, rule));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertTrue(scene.allows("192.0.2.1", 2, TCP, 80));
    }

    @Test
    void allPodsAreNotAllAddresses() {
        scene.clusterPolicies(ingress("a", Tier.BASELINE, 0, rule(Action.DENY, Rules.ALL_PODS)));
        assertFalse(scene.allows(1, 2, TCP, 80));
        assertTrue(scene.allows("192.0.2.1", 2, TCP, 80));
    }

    @Test
    void blocksOfAllTiersAreToldApart() {
        scene.clusterPolicies(
                ingress("a", Tier.ADMIN, 0, rule(Action.DENY, Rules.block("192.0.2.0/26"))),
                ingress("b", Tier.BASELINE, 0, rule(Action.DENY, Rules.block("192.0.2.64/26"))));
        assertFalse(scene.allows("192.0.2.1", 2, TCP, 80));
        assertFalse(scene.allows("192.0.2.65", 2, TCP, 80));
        assertTrue(scene.allows("192.0.2.129", 2, TCP, 80));
        scene.policies(into("db", rule(Rules.block("192.0.2.128/26"))));
        assertFalse(scene.allows("192.0.2.1", 2, TCP, 80));
        assertFalse(scene.allows("192.0.2.65", 2, TCP, 80));
        assertTrue(scene.allows("192.0.2.129", 2, TCP, 80));
    }

    @Test
    void podIsAPodInABlockToo() {
        scene.clusterPolicies(ingress(
                "a",
                Tier.ADMIN,
                0,
                rule(Action.ACCEPT, Rules.ALL_PODS),
                rule(Action.DENY, Rules.block("10.0.0.0/24"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows("10.0.0.77", 2, TCP, 80));
        assertTrue(scene.allows("10.0.1.0", 2, TCP, 80));
    }

    @Test
    void nodesAndBlocksAreToldApartByAddress() {
        Peer node = new Peer.Nodes(Selector.of(Map.of("name", "n1")));
        scene.node("n1", "192.168.0.1").node("n2", "192.168.0.2");
        scene.clusterPolicies(egress(
                "a",
                Tier.ADMIN,
                0,
                rule(Action.ACCEPT, node, tcp(6443)),
                rule(Action.DENY, Rules.block("192.168.0.0/24"))));
        assertTrue(scene.allows(1, "192.168.0.1", TCP, 6443));
        assertFalse(scene.allows(1, "192.168.0.1", UDP, 6443));
        assertFalse(scene.allows(1, "192.168.0.2", TCP, 6443));
        assertTrue(scene.allows(1, "192.168.1.0", TCP, 6443));
        scene.node("n3", "192.168.0.3");
        assertFalse(scene.allows(1, "192.168.0.3", TCP, 6443));
    }

    @Test
    void subjectIsOfSomeNamespacesAndPods() {
        Selector shop = Selector.of(Map.of("team", "shop"));
        var deny = List.of(rule(Action.DENY, Rules.ALL_PODS));
        scene.pod("lab", "db", 4)
                .clusterPolicies(new ClusterPolicyFact(
                        "a", Tier.ADMIN, 0, new Subject(shop, Rules.app("db")), deny, List.of(), false));
        assertFalse(scene.allows(1, 2, TCP, 80));
        assertTrue(scene.allows(2, 1, TCP, 80));
        assertTrue(scene.allows(1, 4, TCP, 80));
    }

    @Test
    void dryRunIsTriedBesideWhatIsEnforced() {
        scene.policies(into("db", rule(own("web"), tcp(80)), rule(any("x"), tcp(80))));
        assertNull(scene.compile().trial());
        scene.clusterPolicies(
                ingress("a", Tier.ADMIN, 0, rule(Action.DENY, any("x"))).withDryRun(true));
        assertTrue(scene.allows(3, 2, TCP, 80));
        assertFalse(scene.wouldAllow(3, 2, TCP, 80));
        assertTrue(scene.wouldAllow(1, 2, TCP, 80));
        assertFalse(scene.wouldAllow(1, 2, TCP, 81), "what is enforced is tried, too");
    }

    @Test
    void dryRunIsolatesNobody() {
        scene.policies(into("db", rule(own("web"))).withDryRun(true));
        assertTrue(scene.allows(3, 2, TCP, 80));
        assertFalse(scene.wouldAllow(3, 2, TCP, 80));
        scene.policies(into("db", rule(own("web"))));
        assertFalse(scene.allows(3, 2, TCP, 80));
        assertNull(scene.compile().trial());
    }

    @Test
    void dryRunOfPodsOfOtherNodesIsTheirsToTry() {
        scene.farPod("shop", "far", 5).policies(into("far").withDryRun(true));
        assertNull(scene.compile().trial());
        scene.policies(into("far").withDryRun(true), into("db").withDryRun(true));
        assertNotNull(scene.compile().trial());
    }
}
