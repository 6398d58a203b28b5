package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Rule;
import io.towpath.policy.facts.ClusterPolicyFact.Subject;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterPolicyReaderTest {
    private static final String HEAD = "{tier: 'Admin', priority: 5, subject: {namespaces: {}}, ";

    private final ClusterPolicyReader reader = new ClusterPolicyReader(new PolicyJson());

    private ClusterPolicyFact read(ObjectNode policy) {
        return reader.read(Manifests.read(policy, KubeClusterPolicy.class));
    }

    private ClusterPolicyFact spec(String spec) {
        return read(Manifests.clusterPolicy("p", spec));
    }

    private Rule egress(String action, String rest) {
        return spec(HEAD + "egress: [{action: '" + action + "', " + rest + "}]}")
                .egress()
                .getFirst();
    }

    @Test
    void allThatThereIs() {
        ClusterPolicyFact fact = spec("""
                {tier: 'Baseline', priority: 75,
                 subject: {pods: {namespaceSelector: {matchLabels: {house: 'gryffindor'}}, podSelector: {matchLabels: {app: 'a'}}}},
                 ingress: [{name: 'one', action: 'Accept', from: [{namespaces: {matchLabels: {house: 'ravenclaw'}}},
                     {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: 'b'}}}}],
                   protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 5, end: 9}}}},
                     {sctp: {}}, {destinationNamedPort: 'web'}]}],
                 egress: [{action: 'Pass', to: [{nodes: {matchLabels: {os: 'linux'}}}, {networks: ['0.0.0.0/0', '::/0']}]},
                   {action: 'Deny', to: [{namespaces: {}}], protocols: []}]}
                """);
        Selector ravenclaw = Selector.of(Map.of("house", "ravenclaw"));
        assertEquals(
                new ClusterPolicyFact(
                        "p",
                        Tier.BASELINE,
                        75,
                        new Subject(Selector.of(Map.of("house", "gryffindor")), Selector.of(Map.of("app", "a"))),
                        List.of(new Rule(
                                "one",
                                Action.ACCEPT,
                                List.of(
                                        new Peer.Pods(ravenclaw, Selector.EVERYTHING),
                                        new Peer.Pods(Selector.EVERYTHING, Selector.of(Map.of("app", "b")))),
                                List.of(
                                        new PortMatch.Numbered(Protocol.TCP, 80, 80),
                                        new PortMatch.Numbered(Protocol.UDP, 5, 9),
                                        new PortMatch.All(Protocol.SCTP),
                                        new PortMatch.Named(null, "web")))),
                        List.of(
                                new Rule(
                                        "",
                                        Action.PASS,
                                        List.of(
                                                new Peer.Nodes(Selector.of(Map.of("os", "linux"))),
                                                new Peer.Block(IpPrefix.parse("0.0.0.0/0"), List.of()),
                                                new Peer.Block(IpPrefix.parse("::/0"), List.of())),
                                        List.of()),
                                new Rule(
                                        "",
                                        Action.DENY,
                                        List.of(new Peer.Pods(Selector.EVERYTHING, Selector.EVERYTHING)),
                                        List.of())),
                        false),
                fact);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "to: [{domainNames: ['*.example.com']}]|domain names",
                "to: [{}]|a peer has no field that is known",
                "to: [{services: {}}]|not known: services",
                "to: [{pods: {podSelector: {}}, namespaces: {}}]|namespaces and pods",
                "to: [{networks: ['10.0.0.0/40']}]|no CIDR",
                "to: [{networks: '10.0.0.0/8'}]|networks is no list",
                "to: [{nodes: {matchExpressions: [{key: 'a', operator: 'Gt', values: ['1']}]}}]|a with the operator \"Gt\"",
                "to: [{pods: 5}]|pods is 5",
            })
    void aPeerThatIsNoneSaysWhy(String rest, String why) {
        Rule rule = egress("Accept", rest);
        assertEquals(Action.ACCEPT, rule.action());
        Peer.Unknown unknown = assertInstanceOf(Peer.Unknown.class, rule.peers().getFirst());
        assertTrue(unknown.why().contains(why), unknown.why());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{icmp: {}}|not known: icmp",
                "{}|no field that is known",
                "{tcp: {}, udp: {}}|tcp and udp",
                "{tcp: {sourcePort: 5}}|not known: sourcePort",
                "{tcp: {destinationPort: {}}}|no field that is known",
                "{tcp: {destinationPort: {number: 'http'}}}|number is no number",
                "{tcp: {destinationPort: {range: {start: 5}}}}|end is no number: nothing",
                "{destinationNamedPort: 5}|is no text",
            })
    void aProtocolThatIsNoneSaysWhy(String protocol, String why) {
        Rule rule = egress("Deny", "to: [{namespaces: {}}], protocols: [" + protocol + "]");
        PortMatch.Unknown unknown =
                assertInstanceOf(PortMatch.Unknown.class, rule.ports().getFirst());
        assertTrue(unknown.why().contains(why), unknown.why());
    }

    @Test
    void ofIngressThereAreNoAddressesAndNoNodes() {
        Rule rule = spec(HEAD + "ingress: [{action: 'Accept', from: [{networks: ['10.0.0.0/8']}, {nodes: {}}]}]}")
                .ingress()
                .getFirst();
        rule.peers().forEach(peer -> assertInstanceOf(Peer.Unknown.class, peer));
    }

    @Test
    void aRuleThatSaysMoreThanIsKnownIsNone() {
        Rule rule = egress("Pass", "to: [{namespaces: {}}], match: [{tcp: []}]");
        assertEquals(Action.PASS, rule.action());
        assertInstanceOf(Peer.Unknown.class, rule.peers().getFirst());
        assertEquals(Action.DENY, egress("Log", "to: [{namespaces: {}}]").action());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{priority: 5, subject: {namespaces: {}}}",
                "{tier: 'Top', priority: 5, subject: {namespaces: {}}}",
                "{tier: 'Admin', subject: {namespaces: {}}}",
                "{tier: 'Admin', priority: 1001, subject: {namespaces: {}}}",
                "{tier: 'Admin', priority: 5}",
                "{tier: 'Admin', priority: 5, subject: {}}",
                "{tier: 'Admin', priority: 5, subject: {services: {}}}",
                "{tier: 'Admin', priority: 5, subject: {namespaces: {matchExpressions: [{key: 'a', operator: 'Near'}]}}}",
                "{tier: 'Admin', priority: 5, subject: {namespaces: {}}, ingress: 5}",
                "5"
            })
    void aPolicyThatIsNoneIsAboutNobodyAndHasTheFlaw(String spec) {
        Selector namespaces = spec(spec).subject().namespaces();
        assertNotNull(namespaces.flaw());
        assertFalse(namespaces.matches(Map.of("a", "b")));
    }

    @Test
    void aDryRunIsSaidByAnAnnotation() {
        ObjectNode policy = Manifests.clusterPolicy("p", HEAD + "ingress: []}");
        policy.withObject("/metadata").withObject("/annotations").put("towpath.io/dry-run", "true");
        assertTrue(read(policy).dryRun());
    }
}
