package io.towpath.policy.compile;

import static io.towpath.policy.compile.Rules.any;
import static io.towpath.policy.compile.Rules.app;
import static io.towpath.policy.compile.Rules.block;
import static io.towpath.policy.compile.Rules.into;
import static io.towpath.policy.compile.Rules.outOf;
import static io.towpath.policy.compile.Rules.own;
import static io.towpath.policy.compile.Rules.rule;
import static io.towpath.policy.compile.Rules.tcp;
import static io.towpath.policy.facts.Protocol.TCP;
import static io.towpath.policy.facts.Protocol.UDP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot be as it is written is told by the policy's name and the rule's place, and opens nothing. */
class ProblemsTest {
    private static final Selector NO_VALUES = Selector.of(new Requirement("app", Operator.IN, List.of()));

    private final Scene scene = new Scene()
            .pod("shop", "db", 1, new NamedPort("sql", TCP, 5432))
            .pod("shop", "web", 2)
            .pod("lab", "x", 3);

    /** Rules that would be about web, were it not for something that is wrong with them; and what is. */
    static Stream<Arguments> flawed() {
        Selector valued = Selector.of(new Requirement("app", Operator.EXISTS, List.of("web")));
        Selector listless = Selector.of(new Requirement("app", Operator.NOT_IN, List.of()));
        return Stream.of(
                Arguments.of(
                        rule(List.of(any("web"), block("10.0.0.0/8", "11.0.0.0/24"))),
                        "except 11.0.0.0/24 is outside of 10.0.0.0/8"),
                Arguments.of(
                        rule(block("10.0.0.0/8", "10.1.0.0/16", "fd00::/64")),
                        "except fd00::/64 is outside of 10.0.0.0/8"),
                Arguments.of(rule(block("10.0.0.0/24", "10.0.0.0/16")), "except 10.0.0.0/16 is outside of 10.0.0.0/24"),
                Arguments.of(
                        rule(List.of(any("web"), new Peer.Unknown("\"10.0.0.0/33\" is no CIDR"))),
                        "\"10.0.0.0/33\" is no CIDR"),
                Arguments.of(rule(any("web"), tcp(80), new PortMatch.Numbered(TCP, 90, 89)), "port TCP 90 to 89"),
                Arguments.of(rule(any("web"), new PortMatch.Numbered(UDP, -1, 80)), "port UDP -1 to 80"),
                Arguments.of(
                        rule(any("web"), tcp(80), new PortMatch.Numbered(TCP, 80, 65_536)), "port TCP 80 to 65536"),
                Arguments.of(rule(any("web"), tcp(80), new PortMatch.Unknown("protocol: DCCP")), "protocol: DCCP"),
                Arguments.of(
                        rule(List.of(any("web"), new Peer.Pods(Selector.EVERYTHING, NO_VALUES))),
                        "selector: app in or not in no values"),
                Arguments.of(
                        rule(List.of(any("web"), new Peer.Pods(listless, Selector.EVERYTHING))),
                        "selector: app in or not in no values"),
                Arguments.of(
                        rule(List.of(any("web"), new Peer.Pods(valued, Selector.EVERYTHING))),
                        "selector: app exists with values"),
                Arguments.of(
                        rule(new Peer.Pods(Selector.EVERYTHING, Selector.unreadable("operator: Near"))),
                        "operator: Near"));
    }

    @ParameterizedTest
    @MethodSource("flawed")
    void flawedRuleOfIngressOpensNothingAndClosesNothingOfOthers(RuleFact flawed, String what) {
        scene.policies(into("db", flawed, rule(any("x"), tcp(80))));
        assertFalse(scene.allows(2, 1, TCP, 80));
        assertTrue(scene.allows(3, 1, TCP, 80));
        assertFalse(scene.allows(3, 1, TCP, 81));
        assertEquals(List.of("NetworkPolicy shop/into-db: spec.ingress[0]: " + what), scene.problems());
    }

    @ParameterizedTest
    @MethodSource("flawed")
    void flawedRuleOfEgressOpensNothingAndClosesNothingOfOthers(RuleFact flawed, String what) {
        scene.policies(outOf("db", rule(any("x"), tcp(80)), flawed));
        assertFalse(scene.allows(1, 2, TCP, 80));
        assertTrue(scene.allows(1, 3, TCP, 80));
        assertFalse(scene.allows(1, 3, TCP, 81));
        assertEquals(List.of("NetworkPolicy shop/out-of-db: spec.egress[1]: " + what), scene.problems());
    }

    @ParameterizedTest
    @MethodSource("flawed")
    void flawedAcceptAcceptsNothing(RuleFact flawed, String what) {
        var broken = new ClusterPolicyFact.Rule("", Action.ACCEPT, flawed.peers(), flawed.ports());
        scene.clusterPolicies(Rules.ingress("c", Tier.ADMIN, 1, broken, rule(Action.DENY, any("web"))));
        assertFalse(scene.allows(2, 1, TCP, 80));
        assertTrue(scene.allows(3, 1, TCP, 80));
        assertEquals(
                List.of("ClusterNetworkPolicy c: spec.ingress[0]: " + what + "; it accepts nothing"), scene.problems());
    }

    @ParameterizedTest
    @MethodSource("flawed")
    void flawedDenyOrPassDeniesEverything(RuleFact flawed, String what) {
        for (Action action : List.of(Action.DENY, Action.PASS)) {
            var broken = new ClusterPolicyFact.Rule("", action, flawed.peers(), flawed.ports());
            scene.clusterPolicies(Rules.egress("c", Tier.ADMIN, 1, rule(Action.ACCEPT, any("web")), broken));
            assertTrue(scene.allows(1, 2, TCP, 80));
            assertFalse(scene.allows(1, 3, UDP, 53));
            assertFalse(scene.allows(1, "192.0.2.1", null, 0));
            assertEquals(
                    List.of("ClusterNetworkPolicy c: spec.egress[1]: " + what + "; it denies everything"),
                    scene.problems());
        }
    }

    @Test
    void onlyClusterPoliciesSelectNodes() {
        scene.node("n", "192.168.0.1").policies(outOf("db", rule(new Peer.Nodes(Selector.EVERYTHING))));
        assertFalse(scene.allows(1, "192.168.0.1", TCP, 80));
        assertEquals(
                List.of("NetworkPolicy shop/out-of-db: spec.egress[0]: a NetworkPolicy cannot select nodes"),
                scene.problems());
    }

    @Test
    void clusterPolicyHasNoNamespaceOfItsOwn() {
        scene.clusterPolicies(Rules.ingress("c", Tier.BASELINE, 0, rule(Action.ACCEPT, own("web"))));
        assertEquals(
                List.of("ClusterNetworkPolicy c: spec.ingress[0]: no namespaces are selected; it accepts nothing"),
                scene.problems());
    }

    @Test
    void clusterPolicyWithAFlawedSelectorOfNodesDeniesAll() {
        scene.clusterPolicies(Rules.egress("c", Tier.ADMIN, 0, rule(Action.DENY, new Peer.Nodes(NO_VALUES))));
        assertFalse(scene.allows(1, 2, TCP, 80));
    }

    @Test
    void policyWithAFlawedSelectorIsAboutNobody() {
        // They would select everything.
        Selector pods = Selector.of(new Requirement("app", Operator.NOT_IN, List.of()));
        Selector namespaces = Selector.of(new Requirement("team", Operator.NOT_IN, List.of()));
        scene.policies(
                        PolicyFact.of("shop", "p", pods, List.of(), List.of(), List.of()),
                        PolicyFact.of("elsewhere", "p", pods, List.of(), List.of(), List.of()))
                .clusterPolicies(
                        subject("namespaces", namespaces, Selector.EVERYTHING),
                        subject("pods", Selector.EVERYTHING, pods));
        assertTrue(scene.allows(2, 1, TCP, 80));
        String why = "selector: app in or not in no values; it is about no pods";
        assertEquals(
                List.of(
                        "ClusterNetworkPolicy namespaces: spec.subject: " + why.replace("app", "team"),
                        "ClusterNetworkPolicy pods: spec.subject: " + why,
                        "NetworkPolicy elsewhere/p: spec.podSelector: " + why,
                        "NetworkPolicy shop/p: spec.podSelector: " + why),
                scene.problems());
    }

    private static ClusterPolicyFact subject(String name, Selector namespaces, Selector pods) {
        return new ClusterPolicyFact(
                name,
                Tier.ADMIN,
                0,
                new ClusterPolicyFact.Subject(namespaces, pods),
                List.of(rule(Action.DENY, Rules.ALL_PODS)),
                List.of(),
                false);
    }

    @Test
    void nameThatNoPodHasIsToldUntilOneHasIt() {
        PortMatch udp = new PortMatch.Named(UDP, "sql");
        PortMatch anyProtocol = new PortMatch.Named(null, "web");
        scene.policies(into("db", rule(List.of(), udp)), outOf("db", rule(List.of(), udp, anyProtocol)));
        String out = "NetworkPolicy shop/out-of-db: spec.egress: no pod names a port ";
        assertEquals(
                List.of(
                        "NetworkPolicy shop/into-db: spec.ingress: none of its pods on this node names a port UDP sql",
                        out + "UDP sql",
                        out + "web"),
                scene.problems());

        scene.farPod("lab", "y", 4, new NamedPort("web", TCP, 80));
        assertEquals(2, scene.problems().size());
        scene.without("y");
        assertEquals(3, scene.problems().size());
    }

    @Test
    void nameThatOneOfItsPodsHasIsNoProblem() {
        scene.policies(PolicyFact.of(
                "shop",
                "p",
                Selector.EVERYTHING,
                List.of(),
                List.of(rule(List.of(), new PortMatch.Named(TCP, "sql"))),
                List.of()));
        assertEquals(List.of(), scene.problems());
    }

    @Test
    void nameThatOnlyOthersHaveIsAProblemOfIngress() {
        scene.policies(into("web", rule(List.of(), new PortMatch.Named(TCP, "sql"))));
        assertEquals(
                List.of(
                        "NetworkPolicy shop/into-web: spec.ingress: none of its pods on this node names a port TCP sql"),
                scene.problems());
    }

    @Test
    void whatIsMendedIsToldNoMore() {
        RuleFact wrong = rule(new Peer.Unknown("wrong"));
        scene.policies(into("db", wrong, wrong));
        assertEquals(2, scene.problems().size());
        scene.policies(into("db", wrong));
        assertEquals(1, scene.problems().size());
        scene.policies(into("db"));
        assertEquals(List.of(), scene.problems());
        scene.policies(into("db", wrong));
        assertEquals(1, scene.problems().size());
        scene.policies();
        assertEquals(List.of(), scene.problems());
    }

    @Test
    void ruleOfPodsOfOtherNodesIsTheirsToTell() {
        scene.farPod("shop", "cache", 5).policies(into("cache", rule(new Peer.Unknown("wrong"))));
        assertEquals(List.of(), scene.problems());
    }

    @Test
    void ruleIsToldNoMoreWhenItsLastPodLeavesTheNode() {
        scene.policies(into("db", rule(new Peer.Unknown("wrong"))));
        assertEquals(1, scene.problems().size());
        assertEquals(List.of(), scene.without("db").problems());
    }

    @Test
    void rulesOfADirectionThatIsNotIsolatedSayNothing() {
        RuleFact wrong = rule(new Peer.Unknown("wrong"));
        scene.policies(PolicyFact.of("shop", "p", app("db"), List.of("Ingress"), List.of(), List.of(wrong)));
        assertEquals(List.of(), scene.problems());
        assertTrue(scene.allows(1, 2, TCP, 80));
        scene.policies(PolicyFact.of("shop", "p", app("db"), List.of("Egress"), List.of(wrong), List.of()));
        assertEquals(List.of(), scene.problems());
        assertTrue(scene.allows(2, 1, TCP, 80));
    }
}
