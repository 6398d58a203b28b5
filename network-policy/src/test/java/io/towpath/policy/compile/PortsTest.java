package io.towpath.policy.compile;

import static io.towpath.policy.compile.Rules.any;
import static io.towpath.policy.compile.Rules.into;
import static io.towpath.policy.compile.Rules.outOf;
import static io.towpath.policy.compile.Rules.own;
import static io.towpath.policy.compile.Rules.rule;
import static io.towpath.policy.compile.Rules.tcp;
import static io.towpath.policy.facts.Protocol.SCTP;
import static io.towpath.policy.facts.Protocol.TCP;
import static io.towpath.policy.facts.Protocol.UDP;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Protocols, numbers, ranges and names of ports. */
class PortsTest {
    private static final PortMatch API = new PortMatch.Named(TCP, "api");

    /** Three whose ports have the same name. */
    private final Scene scene = new Scene()
            .pod("shop", "web", 1, new NamedPort("api", TCP, 8080), new NamedPort("api", UDP, 53))
            .pod("shop", "db", 2, new NamedPort("api", TCP, 5432))
            .pod("shop", "cache", 3, new NamedPort("api", SCTP, 5432), new NamedPort("metrics", TCP, 9090));

    private static PolicyFact intoAll(PortMatch... ports) {
        return PolicyFact.of(
                "shop", "all", Selector.EVERYTHING, List.of("Ingress"), List.of(rule(List.of(), ports)), List.of());
    }

    @Test
    void nameStandsForWhatEachReceiverCallsSoOfThatProtocol() {
        scene.policies(intoAll(API));
        assertTrue(scene.allows(3, 1, TCP, 8080));
        assertFalse(scene.allows(3, 1, TCP, 5432));
        assertFalse(scene.allows(3, 1, UDP, 53));
        assertTrue(scene.allows(3, 2, TCP, 5432));
        assertFalse(scene.allows(3, 2, TCP, 8080));
        assertFalse(scene.allows(2, 3, SCTP, 5432));
        assertFalse(scene.allows(2, 3, TCP, 5432));
    }

    @Test
    void nameWithoutProtocolStandsForAll() {
        scene.policies(intoAll(new PortMatch.Named(null, "api")));
        assertTrue(scene.allows(3, 1, TCP, 8080));
        assertTrue(scene.allows(3, 1, UDP, 53));
        assertTrue(scene.allows(2, 3, SCTP, 5432));
        assertFalse(scene.allows(2, 3, TCP, 5432));
    }

    @Test
    void nameOfEgressStandsForWhatThePeerCallsSo() {
        scene.farPod("lab", "far", 4, new NamedPort("api", TCP, 1234)).policies(outOf("web", rule(List.of(), API)));
        assertTrue(scene.allows(1, 2, TCP, 5432));
        assertFalse(scene.allows(1, 2, TCP, 8080));
        assertTrue(scene.allows(1, 4, TCP, 1234));
        assertFalse(scene.allows(1, 3, SCTP, 5432));
        assertFalse(scene.allows(1, 3, TCP, 5432));
        assertFalse(scene.allows(1, "192.0.2.1", TCP, 5432), "who is no pod names no ports");
        assertFalse(scene.allows(1, "fd01::1", TCP, 8080));
    }

    @Test
    void nameOfEgressIsAskedOfThePeersOfTheRuleAlone() {
        scene.policies(outOf("web", rule(own("db"), API, tcp(1)), rule(own("cache"), tcp(2))));
        assertTrue(scene.allows(1, 2, TCP, 5432));
        assertTrue(scene.allows(1, 2, TCP, 1));
        assertTrue(scene.allows(1, 3, TCP, 2));
        assertFalse(scene.allows(1, 3, TCP, 5432));
        scene.policies(outOf("web", rule(Rules.block("10.0.0.2/32"), API)));
        assertTrue(scene.allows("10.0.0.1", "10.0.0.2", TCP, 5432));
        assertFalse(scene.allows("fd00::1", "fd00::2", TCP, 5432));
    }

    @Test
    void numberOfARuleMayBecomeANameAndANameANumber() {
        scene.policies(outOf("web", rule(own("db"), tcp(80))));
        assertFalse(scene.allows(1, 2, TCP, 5432));
        scene.policies(outOf("web", rule(own("db"), API)));
        assertTrue(scene.allows(1, 2, TCP, 5432));
        assertFalse(scene.allows(1, 2, TCP, 80));
        scene.policies(outOf("web", rule(own("db"), tcp(80))));
        assertFalse(scene.allows(1, 2, TCP, 5432));
        assertTrue(scene.allows(1, 2, TCP, 80));
    }

    @Test
    void namesAndNumbersAddUp() {
        scene.policies(
                intoAll(tcp(80), API),
                into("web", rule(own("db"), new PortMatch.Named(TCP, "metrics")), rule(own("cache"), tcp(81))));
        assertTrue(scene.allows(3, 1, TCP, 80));
        assertTrue(scene.allows(3, 1, TCP, 81));
        assertTrue(scene.allows(3, 1, TCP, 8080));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(2, 1, TCP, 81));
        assertFalse(scene.allows(2, 1, TCP, 9090), "web has no port of that name");
    }

    @Test
    void namesServeClusterPoliciesInBothDirections() {
        scene.clusterPolicies(
                Rules.ingress("in", Tier.ADMIN, 1, rule(Action.DENY, any("cache"), API)),
                Rules.egress("out", Tier.BASELINE, 1, rule(Action.DENY, Rules.ALL_PODS, API)));
        assertFalse(scene.allows(3, 1, TCP, 8080), "denied at both ends");
        assertTrue(scene.allows(3, 1, TCP, 5432));
        assertFalse(scene.allows(1, 2, TCP, 5432), "denied at its sender");
        assertTrue(scene.allows(1, 2, TCP, 8080));
        scene.clusterPolicies(Rules.ingress("in", Tier.ADMIN, 1, rule(Action.DENY, any("cache"), API)));
        assertFalse(scene.allows(3, 2, TCP, 5432));
        assertTrue(scene.allows(1, 2, TCP, 5432));
    }

    @Test
    void rangeHoldsItsEndsAndWhatIsBetween() {
        scene.policies(intoAll(new PortMatch.Numbered(TCP, 100, 200), new PortMatch.Numbered(TCP, 201, 201)));
        assertFalse(scene.allows(3, 1, TCP, 99));
        assertTrue(scene.allows(3, 1, TCP, 100));
        assertTrue(scene.allows(3, 1, TCP, 150));
        assertTrue(scene.allows(3, 1, TCP, 200));
        assertTrue(scene.allows(3, 1, TCP, 201));
        assertFalse(scene.allows(3, 1, TCP, 202));
        assertFalse(scene.allows(3, 1, UDP, 150));
    }

    @Test
    void rangeMayReachTheLastPortThereIs() {
        scene.policies(intoAll(new PortMatch.Numbered(TCP, 0xffff, 0xffff), new PortMatch.Numbered(UDP, 0, 0)));
        assertTrue(scene.allows(3, 1, TCP, 0xffff));
        assertFalse(scene.allows(3, 1, TCP, 0xfffe));
        assertFalse(scene.allows(3, 1, TCP, 0));
        assertTrue(scene.allows(3, 1, UDP, 0));
        assertFalse(scene.allows(3, 1, UDP, 1));
    }

    @ParameterizedTest
    @EnumSource
    void eachProtocolHasItsPorts(Protocol protocol) {
        scene.policies(intoAll(new PortMatch.Numbered(protocol, 80, 80)));
        for (Protocol each : Protocol.values()) {
            assertTrue(scene.allows(3, 1, each, 80) == (each == protocol));
            assertFalse(scene.allows(3, 1, each, 81));
        }
        assertFalse(scene.allows(3, 1, null, 0));
    }

    @ParameterizedTest
    @EnumSource
    void allPortsOfAProtocolAreNoOthers(Protocol protocol) {
        scene.policies(intoAll(new PortMatch.All(protocol)));
        for (Protocol each : Protocol.values()) {
            assertTrue(scene.allows(3, 1, each, 0) == (each == protocol));
            assertTrue(scene.allows(3, 1, each, 0xffff) == (each == protocol));
        }
        assertFalse(scene.allows(3, 1, null, 0));
    }

    @Test
    void ruleWithoutPortsIsAboutProtocolsWithoutPortsToo() {
        scene.policies(intoAll());
        assertTrue(scene.allows(3, 1, null, 0));
        assertTrue(scene.allows(3, 1, SCTP, 7));
        scene.policies(intoAll(new PortMatch.All(TCP), new PortMatch.All(UDP), new PortMatch.All(SCTP)));
        assertTrue(scene.allows(3, 1, SCTP, 7));
        assertFalse(scene.allows(3, 1, null, 0), "all ports of all protocols are not all protocols");
    }

    @Test
    void denyOfSomePortsLeavesTheOthers() {
        scene.clusterPolicies(Rules.ingress(
                "c", Tier.ADMIN, 0, rule(Action.DENY, any("cache"), new PortMatch.Numbered(SCTP, 10, 20))));
        assertFalse(scene.allows(3, 1, SCTP, 10));
        assertFalse(scene.allows(3, 1, SCTP, 20));
        assertTrue(scene.allows(3, 1, SCTP, 9));
        assertTrue(scene.allows(3, 1, SCTP, 21));
        assertTrue(scene.allows(3, 1, TCP, 10));
        assertTrue(scene.allows(3, 1, null, 0));
    }
}
