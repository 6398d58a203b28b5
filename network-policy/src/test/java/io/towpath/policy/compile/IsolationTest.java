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
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Endpoint;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whom NetworkPolicies isolate, and from whom they do not. */
class IsolationTest {
    private final Scene scene =
            new Scene().pod("shop", "web", 1).pod("shop", "db", 2).pod("lab", "x", 3);

    @ParameterizedTest
    @CsvSource({
        // types, whether there is a rule of egress: ingress isolated, egress isolated
        "'',             false, true,  false",
        "'',             true,  true,  true",
        "Ingress,        true,  true,  false",
        "Egress,         false, false, true",
        "Ingress Egress, false, true,  true",
    })
    void policyTypesSayWhichDirection(String types, boolean hasEgress, boolean ingress, boolean egress) {
        List<RuleFact> rules = hasEgress ? List.of(rule(any("nobody"))) : List.of();
        List<String> list = types.isEmpty() ? List.of() : List.of(types.split(" "));
        scene.policies(PolicyFact.of("shop", "p", app("db"), list, List.of(), rules));
        assertEquals(!ingress, scene.allows(1, 2, TCP, 80));
        assertEquals(!egress, scene.allows(2, 1, TCP, 80));
        assertTrue(scene.allows(1, 3, TCP, 80), "others are not isolated");
    }

    @Test
    void unknownPolicyTypeIsNamed() {
        var e = assertThrows(
                IllegalArgumentException.class,
                () -> PolicyFact.of("shop", "p", app("db"), List.of("ingress"), List.of(), List.of()));
        assertEquals("policy type: ingress", e.getMessage());
    }

    @Test
    void policyIsAboutItsNamespaceAlone() {
        scene.policies(PolicyFact.of("lab", "p", Selector.EVERYTHING, List.of(), List.of(), List.of()));
        assertFalse(scene.allows(1, 3, TCP, 80));
        assertTrue(scene.allows(3, 1, TCP, 80));
    }

    @Test
    void peerWithoutNamespacesIsOfThePolicysOwn() {
        scene.pod("lab", "web", 4).policies(into("db", rule(own("web"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(4, 2, TCP, 80));
    }

    @Test
    void namespacesAreSelectedByTheirLabels() {
        Peer shop = new Peer.Pods(Selector.of(Map.of("team", "shop")), Selector.EVERYTHING);
        scene.policies(into("db", rule(shop)));
        assertTrue(scene.allows(1, 2, TCP, 80));
        assertFalse(scene.allows(3, 2, TCP, 80));
    }

    @Test
    void allPodsAreNotAllAddresses() {
        scene.policies(into("db", rule(Rules.ALL_PODS)));
        assertTrue(scene.allows(3, 2, TCP, 80));
        assertFalse(scene.allows("10.0.0.77", 2, TCP, 80));
        assertEquals(6, scene.compile().ruleset().pods().size());
        scene.policies(outOf("db", rule(Rules.ALL_PODS)));
        assertTrue(scene.allows(2, 3, TCP, 80));
        assertFalse(scene.allows(2, "10.0.0.77", TCP, 80));
    }

    @Test
    void rulesAboutAllPodsAddUp() {
        PolicyFact more =
                PolicyFact.of("shop", "more", app("db"), List.of(), List.of(rule(Rules.ALL_PODS, tcp(3))), List.of());
        scene.policies(into("db", rule(Rules.ALL_PODS, tcp(1)), rule(Rules.ALL_PODS, tcp(2))), more);
        for (int port = 1; port <= 3; port++) {
            assertTrue(scene.allows(3, 2, TCP, port));
            assertFalse(scene.allows("10.0.0.77", 2, TCP, port));
        }
        assertFalse(scene.allows(3, 2, TCP, 4));
    }

    @Test
    void whatSeveralPoliciesAllowAddsUp() {
        scene.policies(
                into("db", rule(own("web"), tcp(1))),
                PolicyFact.of("shop", "more", app("db"), List.of(), List.of(rule(own("web"), tcp(2))), List.of()));
        assertTrue(scene.allows(1, 2, TCP, 1));
        assertTrue(scene.allows(1, 2, TCP, 2));
        assertFalse(scene.allows(1, 2, TCP, 3));
    }

    @Test
    void blocksOfSeveralPoliciesAddUp() {
        RuleFact first = rule(block("192.0.2.0/28"), tcp(1));
        RuleFact second = rule(block("192.0.2.64/28"), tcp(1));
        scene.policies(
                into("db", first), PolicyFact.of("shop", "more", app("db"), List.of(), List.of(second), List.of()));
        assertTrue(scene.allows("192.0.2.1", 2, TCP, 1));
        assertTrue(scene.allows("192.0.2.65", 2, TCP, 1));
        assertFalse(scene.allows("192.0.2.33", 2, TCP, 1));
    }

    @Test
    void whatAnotherPodsPolicySaysOfTheSamePeersIsNotItsOwn() {
        PolicyFact ofOthers = into("x", rule(own("web"), tcp(1), tcp(2)));
        scene.pod("shop", "x", 4).policies(into("db", rule(own("web"), tcp(3))), ofOthers);
        assertTrue(scene.allows(1, 2, TCP, 3));
        scene.policies(into("db", rule(own("web"), tcp(4))), ofOthers);
        assertTrue(scene.allows(1, 2, TCP, 4));
        assertFalse(scene.allows(1, 2, TCP, 1));
        assertTrue(scene.allows(1, 4, TCP, 1));
    }

    @Test
    void bothEndsMustAllowIt() {
        scene.policies(outOf("web", rule(own("db"), tcp(1), tcp(2))), into("db", rule(own("web"), tcp(2), tcp(3))));
        assertFalse(scene.allows(1, 2, TCP, 1));
        assertTrue(scene.allows(1, 2, TCP, 2));
        assertFalse(scene.allows(1, 2, TCP, 3));
    }

    @Test
    void blockIsOfItsFamilyWithoutItsExceptions() {
        scene.policies(into(
                "db",
                rule(block("192.0.2.0/24", "192.0.2.128/25", "192.0.2.64/32")),
                rule(block("2001:db8::/32", "2001:db8:1::/48"))));
        assertTrue(scene.allows("192.0.2.0", 2, TCP, 80));
        assertFalse(scene.allows("192.0.2.64", 2, TCP, 80));
        assertTrue(scene.allows("192.0.2.127", 2, TCP, 80));
        assertFalse(scene.allows("192.0.2.128", 2, TCP, 80));
        assertFalse(scene.allows("192.0.3.0", 2, TCP, 80));
        assertTrue(scene.allows("2001:db8::1", 2, TCP, 80));
        assertFalse(scene.allows("2001:db8:1::1", 2, TCP, 80));
        assertTrue(scene.allows("2001:db8:2::", 2, TCP, 80));
        assertFalse(scene.allows("2001:db9::", 2, TCP, 80));
        assertFalse(scene.allows("::1", 2, TCP, 80));
    }

    @ParameterizedTest
    @CsvSource({"0.0.0.0/0, 203.0.113.9, fd09::9", "::/0, fd09::9, 203.0.113.9"})
    void everythingOfAFamilyIsNothingOfTheOther(String cidr, String in, String out) {
        scene.policies(into("db", rule(block(cidr))));
        assertTrue(scene.allows(in, 2, TCP, 80));
        assertFalse(scene.allows(out, 2, TCP, 80));
    }

    @Test
    void blockMayHoldPodsToo() {
        scene.policies(into("db", rule(block("10.0.0.0/30", "10.0.0.1/32"))));
        assertFalse(scene.allows("10.0.0.1", "10.0.0.2", TCP, 80));
        assertTrue(scene.allows("10.0.0.3", "10.0.0.2", TCP, 80));
        scene.policies(into("db", rule(block("10.0.0.0/30", "10.0.0.1/32")), rule(own("web"))));
        assertTrue(scene.allows("10.0.0.1", "10.0.0.2", TCP, 80));
    }

    /** It is in the facts no more: whoever has its address next is not taken for it. */
    @Test
    void podThatEndedIsNobody() {
        scene.policies(into("db", rule(own("web")), rule(any("x"))));
        assertTrue(scene.allows(1, 2, TCP, 80));
        scene.without("web");
        assertFalse(scene.allows(1, 2, TCP, 80));
        assertTrue(scene.allows(3, 2, TCP, 80));
    }

    /** A pod in its node's network is not in the facts: its address is the node's. */
    @Test
    void podInTheNetworkOfItsNodeIsAnAddress() {
        scene.node("n", "192.168.0.1").policies(into("db", rule(Rules.ALL_PODS)));
        assertFalse(scene.allows("192.168.0.1", 2, TCP, 80));
        scene.policies(into("db", rule(block("192.168.0.1/32"))));
        assertTrue(scene.allows("192.168.0.1", 2, TCP, 80));
    }

    @Test
    void podThatIsNotKnownWaitsAndPassesNothing() {
        Compiled compiled = scene.without("db").compile();
        assertEquals(
                List.of("db"),
                compiled.waiting().stream().map(LocalEndpoint::podName).toList());
        assertEquals(
                Set.of("cali1", "cali3"),
                Set.copyOf(compiled.ruleset().endpoints().keySet().stream()
                        .map(Endpoint::link)
                        .toList()));
    }

    @Test
    void podsOfANamespaceThatIsNotKnownWait() {
        scene.withoutNamespace("shop").policies(PolicyFact.of("lab", "p", app("x"), List.of(), List.of(), List.of()));
        assertEquals(
                List.of("web", "db"),
                scene.compile().waiting().stream().map(LocalEndpoint::podName).toList());
        assertFalse(scene.allows(1, 3, TCP, 80));
    }

    /** Its status comes later than its interface, and may still tell the addresses of a run before. */
    @Test
    void podOfThisNodeHasTheAddressesItWasGivenHere() {
        IpAddress told = IpAddress.parse("10.0.0.9");
        PodFact web = new PodFact("shop", "web", Map.of("app", "web"), List.of(told), List.of(), "here");
        PodFact db = new PodFact("shop", "db", Map.of("app", "db"), List.of(), List.of(), "here");
        Facts facts = new Facts(
                List.of(web, db),
                List.of(new NamespaceFact("shop", Map.of())),
                List.of(),
                List.of(into("db", rule(own("web")))),
                List.of());
        IpAddress given = IpAddress.parse("10.0.0.1");
        LocalEndpoint ofDb = new LocalEndpoint("shop", "db", "cali2", List.of(IpAddress.parse("10.0.0.2")));
        Compiler compiler = new Compiler();
        assertEquals(Set.of(), peers(compiler, Facts.NONE, ofDb, endpoint(List.of(given))), "it is not known yet");
        assertEquals(Set.of(given), peers(compiler, facts, ofDb, endpoint(List.of(given))));
        assertEquals(Set.of(), peers(compiler, facts, ofDb, endpoint(List.of())), "it has none yet");
        assertEquals(Set.of(told), peers(compiler, facts, ofDb), "it is on another node");
        assertEquals(
                Set.of(given, told), peers(compiler, facts, ofDb, endpoint(List.of(given)), endpoint(List.of(told))));
    }

    private static LocalEndpoint endpoint(List<IpAddress> addresses) {
        return new LocalEndpoint("shop", "web", "cali1", addresses);
    }

    private static Set<IpAddress> peers(Compiler compiler, Facts facts, LocalEndpoint... endpoints) {
        Endpoint db = new Endpoint("cali2", IpAddress.parse("10.0.0.2"));
        Bound bound = compiler.compile(facts, List.of(endpoints))
                .ruleset()
                .endpoints()
                .get(db);
        return bound == null || bound.ingress() == null
                ? Set.of()
                : bound.ingress().addresses().keySet();
    }
}
