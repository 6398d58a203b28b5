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
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What did not change stays the same object, and of what there is no more than needed: the table is compared only where not. */
class StabilityTest {
    private final Scene scene =
            new Scene().pod("shop", "web", 1).pod("shop", "db", 2).pod("lab", "x", 3);

    private Bound bound(int pod) {
        return scene.compile().ruleset().endpoints().entrySet().stream()
                .filter(each -> each.getKey().link().equals("cali" + pod))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    private Profile ingress(int pod) {
        return Objects.requireNonNull(bound(pod).ingress());
    }

    @Test
    void nothingChangesWithoutAChange() {
        scene.policies(into("db", rule(own("web"))), outOf("db"));
        Bound before = bound(2);
        assertSame(before.ingress(), bound(2).ingress());
        assertSame(before.egress(), bound(2).egress());
    }

    @Test
    void profileChangesOnlyWithWhatItIsAbout() {
        scene.policies(into("db", rule(own("web"))));
        Profile before = ingress(2);
        scene.farPod("shop", "stranger", 9);
        assertSame(before, ingress(2));
        scene.policies(into("db", rule(own("web"))), into("web"));
        assertSame(before, ingress(2));
        scene.farPod("shop", "web2", 10).policies(into("db", rule(own("web")), rule(own("web2"))));
        assertNotSame(before, ingress(2));
        assertEquals(before.name(), ingress(2).name());
    }

    @Test
    void podsThatAreAlikeShareAProfile() {
        scene.policies(PolicyFact.of("shop", "p", Selector.EVERYTHING, List.of(), List.of(), List.of()));
        assertSame(ingress(1), ingress(2));
        assertNull(bound(3).ingress());
    }

    @Test
    void profilesOfTheTwoDirectionsHaveNamesOfTheirOwn() {
        scene.policies(PolicyFact.of("shop", "p", app("db"), List.of("Ingress", "Egress"), List.of(), List.of()));
        Profile egress = Objects.requireNonNull(bound(2).egress());
        assertNotEquals(ingress(2).name(), egress.name());
        assertEquals(Direction.INGRESS, ingress(2).direction());
        assertEquals(Direction.EGRESS, egress.direction());
    }

    @Test
    void podsThatNameTheirPortsOtherwiseHaveProfilesOfTheirOwn() {
        scene.pod("shop", "a", 4, new NamedPort("api", TCP, 1)).pod("shop", "b", 5, new NamedPort("api", TCP, 2));
        scene.policies(PolicyFact.of(
                "shop",
                "p",
                Selector.EVERYTHING,
                List.of(),
                List.of(rule(own("web"), new PortMatch.Named(TCP, "api"))),
                List.of()));
        assertNotEquals(ingress(4).name(), ingress(5).name());
        assertSame(ingress(1), ingress(2), "neither has such a port");
    }

    @Test
    void equalPortsAreOneOutcome() {
        scene.policies(into("db", rule(own("web"), tcp(80))), into("web", rule(any("x"), tcp(80))));
        Outcome one = ingress(2).addresses().get(IpAddress.parse("10.0.0.1"));
        assertInstanceOf(Outcome.Ports.class, one);
        assertSame(one, ingress(1).addresses().get(IpAddress.parse("fd00::3")));
    }

    @Test
    void programsThatDifferInAnythingHaveOtherNames() {
        String first = program(tcp(80));
        assertEquals(first, program(tcp(80)));
        assertNotEquals(first, program(new PortMatch.Numbered(TCP, 80, 81)));
        assertNotEquals(first, program(new PortMatch.Numbered(TCP, 79, 80)));
        assertNotEquals(first, program(new PortMatch.Numbered(UDP, 80, 80)));
        scene.policies().clusterPolicies(Rules.ingress("c", Tier.ADMIN, 0, rule(Action.DENY, any("web"), tcp(80))));
        assertNotEquals(first, programOfWeb(), "all but these ports");
    }

    private String program(PortMatch port) {
        scene.policies(into("db", rule(own("web"), port)));
        return programOfWeb();
    }

    private String programOfWeb() {
        Outcome outcome = ingress(2).addresses().get(IpAddress.parse("10.0.0.1"));
        return assertInstanceOf(Outcome.Ports.class, outcome).program().name();
    }

    @Test
    void podsAreNoOutcomeWhereTheyAreAsAllOthers() {
        scene.policies(into("db", rule(List.of()), rule(Rules.ALL_PODS)));
        assertNull(ingress(2).pods());
        assertTrue(scene.compile().ruleset().pods().isEmpty());
    }

    @Test
    void blocksSideBySideAreOne() {
        scene.policies(into(
                "db",
                rule(block("192.0.2.0/25")),
                rule(block("192.0.2.128/25")),
                rule(block("192.0.3.0/24"), tcp(80)),
                rule(block("192.0.5.0/24"))));
        assertEquals(
                List.of("192.0.2.0-192.0.2.255", "192.0.3.0-192.0.3.255", "192.0.5.0-192.0.5.255"),
                ingress(2).blocks().stream()
                        .map(each -> each.first() + "-" + each.last())
                        .toList());
    }

    @Test
    void blockOfOneAddressIsAnAddress() {
        scene.policies(into("db", rule(block("192.0.2.7/32"))));
        assertEquals(List.of(), ingress(2).blocks());
        assertEquals(
                Map.of(IpAddress.parse("192.0.2.7"), Outcome.ALLOW), ingress(2).addresses());
    }

    @Test
    void clusterPolicyWithoutRulesOfADirectionBindsNobodyInIt() {
        scene.clusterPolicies(Rules.ingress("c", Tier.ADMIN, 0, rule(Action.DENY, any("web"))));
        assertNull(bound(2).egress());
    }

    /** What is known of facts that were not compiled to the end is not told from what was: it begins anew. */
    @Test
    void failureLeavesNothingBehind() {
        LocalEndpoint db = new LocalEndpoint("shop", "db", "cali2", List.of(IpAddress.parse("10.0.0.2")));
        PodFact pod = new PodFact("shop", "db", Map.of("app", "db"), db.addresses(), List.of(), "here");
        PodFact web = new PodFact(
                "shop", "web", Map.of("app", "web"), List.of(IpAddress.parse("10.0.0.1")), List.of(), "far");
        Compiler compiler = new Compiler();
        Compiled before = compiler.compile(facts(pod), List.of(db));
        List<LocalEndpoint> broken = new AbstractList<>() {
            @Override
            public LocalEndpoint get(int index) {
                throw new IllegalStateException("broken");
            }

            @Override
            public int size() {
                return 1;
            }
        };
        assertThrows(IllegalStateException.class, () -> compiler.compile(facts(pod, web), broken));
        assertEquals(before, compiler.compile(facts(pod), List.of(db)));
    }

    private static Facts facts(PodFact... pods) {
        PolicyFact policy =
                PolicyFact.of("shop", "p", app("db"), List.of(), List.of(rule(own("web"), tcp(80))), List.of());
        return new Facts(
                List.of(pods), List.of(new NamespaceFact("shop", Map.of())), List.of(), List.of(policy), List.of());
    }
}
