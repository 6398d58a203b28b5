package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkPolicyReaderTest {
    private final NetworkPolicyReader reader = new NetworkPolicyReader(new PolicyJson());

    private PolicyFact read(ObjectNode policy) {
        return reader.read(Manifests.read(policy, KubeNetworkPolicy.class));
    }

    private PolicyFact spec(String spec) {
        return read(Manifests.policy("p", spec));
    }

    private Peer peer(String peer) {
        RuleFact rule = spec("{podSelector: {}, ingress: [{from: [" + peer + "]}]}")
                .ingress()
                .getFirst();
        return rule.peers().getFirst();
    }

    private PortMatch port(String port) {
        RuleFact rule = spec("{podSelector: {}, ingress: [{ports: [" + port + "]}]}")
                .ingress()
                .getFirst();
        return rule.ports().getFirst();
    }

    @Test
    void theExampleOfTheDocumentation() {
        PolicyFact fact = spec("""
                {podSelector: {matchLabels: {role: 'db'}}, policyTypes: ['Ingress', 'Egress'],
                 ingress: [{from: [{ipBlock: {cidr: '172.17.0.0/16', except: ['172.17.1.0/24']}},
                                   {namespaceSelector: {matchLabels: {project: 'myproject'}}},
                                   {podSelector: {matchLabels: {role: 'frontend'}}}],
                            ports: [{protocol: 'TCP', port: 6379}]}],
                 egress: [{to: [{ipBlock: {cidr: '10.0.0.0/24'}}], ports: [{protocol: 'TCP', port: 5978}]}]}
                """);
        assertEquals(
                new PolicyFact(
                        "default",
                        "p",
                        Selector.of(Map.of("role", "db")),
                        true,
                        true,
                        List.of(new RuleFact(
                                List.of(
                                        new Peer.Block(
                                                IpPrefix.parse("172.17.0.0/16"),
                                                List.of(IpPrefix.parse("172.17.1.0/24"))),
                                        new Peer.Pods(Selector.of(Map.of("project", "myproject")), Selector.EVERYTHING),
                                        new Peer.Pods(null, Selector.of(Map.of("role", "frontend")))),
                                List.of(new PortMatch.Numbered(Protocol.TCP, 6379, 6379)))),
                        List.of(new RuleFact(
                                List.of(new Peer.Block(IpPrefix.parse("10.0.0.0/24"), List.of())),
                                List.of(new PortMatch.Numbered(Protocol.TCP, 5978, 5978)))),
                        false),
                fact);
    }

    @Test
    void whatIsLeftOut() {
        PolicyFact nothing = spec("{podSelector: {}}");
        assertTrue(nothing.pods().isEmpty());
        assertTrue(nothing.isolatesIngress());
        assertFalse(nothing.isolatesEgress());
        assertEquals(List.of(), nothing.ingress());
        assertTrue(spec("{podSelector: {}, egress: [{}]}").isolatesEgress());
        assertFalse(spec("{podSelector: {}, policyTypes: ['Egress']}").isolatesIngress());
        List<RuleFact> all = List.of(new RuleFact(List.of(), List.of()));
        assertEquals(all, spec("{podSelector: {}, ingress: [{}]}").ingress());
        assertEquals(
                all, spec("{podSelector: {}, ingress: [{from: [], ports: []}]}").ingress());
        assertEquals(
                all,
                spec("{podSelector: {}, ingress: [{from: null, ports: null}]}").ingress());
        assertEquals(
                "p",
                read(Manifests.json("{metadata: {name: 'p', namespace: 'default'}}"))
                        .name());
    }

    @Test
    void selectors() {
        Selector all = new Selector(
                Map.of("a", "b"),
                List.of(
                        new Requirement("c", Operator.IN, List.of("d", "e")),
                        new Requirement("f", Operator.NOT_IN, List.of("g")),
                        new Requirement("h", Operator.EXISTS, List.of()),
                        new Requirement("i", Operator.DOES_NOT_EXIST, List.of())));
        assertEquals(new Peer.Pods(Selector.EVERYTHING, all), peer("""
                {namespaceSelector: {}, podSelector: {matchLabels: {a: 'b'}, matchExpressions: [
                  {key: 'c', operator: 'In', values: ['d', 'e']}, {key: 'f', operator: 'NotIn', values: ['g']},
                  {key: 'h', operator: 'Exists'}, {key: 'i', operator: 'DoesNotExist', values: []}]}}
                """));
        assertEquals(new Peer.Pods(null, Selector.EVERYTHING), peer("{podSelector: {}}"));
        assertEquals(new Peer.Block(IpPrefix.parse("10.0.0.0/8"), List.of()), peer("{ipBlock: {cidr: '10.1.2.3/8'}}"));
    }

    @Test
    void ports() {
        assertEquals(new PortMatch.All(Protocol.TCP), port("{}"));
        assertEquals(new PortMatch.All(Protocol.UDP), port("{protocol: 'UDP'}"));
        assertEquals(new PortMatch.Numbered(Protocol.SCTP, 5, 5), port("{protocol: 'SCTP', port: 5}"));
        assertEquals(new PortMatch.Numbered(Protocol.TCP, 80, 90), port("{port: 80, endPort: 90}"));
        assertEquals(new PortMatch.Named(Protocol.TCP, "http"), port("{port: 'http'}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|no field that is known",
                "{serviceAccounts: {}}|not known: serviceAccounts",
                "{podSelector: {}, serviceAccounts: {}}|not known: serviceAccounts",
                "{podSelector: {}, ipBlock: {cidr: '10.0.0.0/8'}}|an ipBlock and a selector",
                "{ipBlock: {cidr: '10.0.0.0/33'}}|no CIDR: \"10.0.0.0/33\"",
                "{ipBlock: {cidr: '10.0.0.1'}}|no CIDR",
                "{ipBlock: {}}|no CIDR: nothing",
                "{ipBlock: {cidr: '10.0.0.0/8', except: ['x']}}|no CIDR: \"x\"",
                "{podSelector: {matchExpressions: [{key: 'a', operator: 'Near'}]}}|a with the operator \"Near\"",
                "{podSelector: {matchExpressions: [{key: 'a', operator: 'In'}]}}|in no values",
                "{podSelector: {matchLabels: {a: 1}}}|matchLabels is no text",
                "{podSelector: {matchLabels: 'x'}}|matchLabels is",
                "{podSelector: 'x'}|a selector is",
                "{podSelector: {matchNames: ['x']}}|not known: matchNames",
                "5|a peer is",
            })
    void aPeerThatIsNoneSaysWhy(String json, String why) {
        Peer.Unknown unknown = assertInstanceOf(Peer.Unknown.class, peer(json));
        assertTrue(unknown.why().contains(why), unknown.why());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{protocol: 'QUIC'}|protocol \"QUIC\"",
                "{protocol: 6}|protocol 6",
                "{port: 1.5}|port is no number",
                "{port: 99999999999}|port is no number",
                "{port: true}|port is no number",
                "{endPort: 5}|endPort without a port",
                "{port: 'http', endPort: 5}|endPort without a port",
                "{port: 5, endPort: 'x'}|endPort is no number",
                "{port: 5, portRange: 6}|not known: portRange",
            })
    void aPortThatIsNoneSaysWhy(String json, String why) {
        PortMatch.Unknown unknown = assertInstanceOf(PortMatch.Unknown.class, port(json));
        assertTrue(unknown.why().contains(why), unknown.why());
    }

    @Test
    void aRuleThatIsNoneLeavesTheOthersAlone() {
        List<RuleFact> rules = spec("{podSelector: {}, ingress: [{via: 'x'}, {from: 'x'}, {ports: [{port: 5}]}, 7]}")
                .ingress();
        assertInstanceOf(Peer.Unknown.class, rules.get(0).peers().getFirst());
        assertInstanceOf(Peer.Unknown.class, rules.get(1).peers().getFirst());
        assertEquals(new RuleFact(List.of(), List.of(new PortMatch.Numbered(Protocol.TCP, 5, 5))), rules.get(2));
        assertInstanceOf(Peer.Unknown.class, rules.get(3).peers().getFirst());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{podSelector: {matchExpressions: [{key: 'a', operator: 'Near'}]}}",
                "{podSelector: {}, policyTypes: ['Sideways']}",
                "{podSelector: {}, policyTypes: 'Ingress'}",
                "{podSelector: {}, ingress: 'all'}",
                "{podSelector: []}"
            })
    void aPolicyThatIsNoneIsAboutNobodyAndHasTheFlaw(String spec) {
        Selector pods = spec(spec).pods();
        assertNotNull(pods.flaw());
        assertFalse(pods.matches(Map.of("a", "b")));
    }

    @Test
    void theFlawIsToldAsItIs() {
        PolicyFact fact = spec("{podSelector: {matchExpressions: [{key: 'a', operator: 'Near'}]}}");
        assertEquals("selector: a with the operator \"Near\"", fact.pods().flaw());
    }

    @Test
    void aDryRunIsSaidByAnAnnotation() {
        ObjectNode policy = Manifests.policy("p", "{podSelector: {}}");
        policy.withObject("/metadata").withObject("/annotations").put("towpath.io/dry-run", "true");
        assertTrue(read(policy).dryRun());
        policy.withObject("/metadata").withObject("/annotations").put("towpath.io/dry-run", "no");
        assertFalse(read(policy).dryRun());
    }
}
