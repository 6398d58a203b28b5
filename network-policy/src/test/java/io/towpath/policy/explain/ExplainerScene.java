package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.util.List;
import java.util.Map;

/** A shop with a web server and a database, a stranger, and the nodes that they are on. */
final class ExplainerScene {
    private static final NamespaceFact SHOP = new NamespaceFact("shop", Map.of("team", "shop"));
    private static final NamespaceFact LAB = new NamespaceFact("lab", Map.of());
    private static final PodFact WEB = pod("shop", "web", "10.0.0.1", "fd00::1");
    private static final PodFact DB = pod("shop", "db", "10.0.0.2", "fd00::2");
    private static final PodFact STRANGER = pod("lab", "x", "10.0.0.3");

    private ExplainerScene() {}

    private static PodFact pod(String namespace, String name, String... addresses) {
        return new PodFact(
                namespace,
                name,
                Map.of("app", name),
                List.of(addresses).stream().map(IpAddress::parse).toList(),
                List.of(new NamedPort("sql", Protocol.TCP, 5432)),
                "node");
    }

    static Facts facts(List<PolicyFact> policies, ClusterPolicyFact... clusterPolicies) {
        return new Facts(List.of(WEB, DB, STRANGER), List.of(SHOP, LAB), List.of(), policies, List.of(clusterPolicies));
    }

    /** Lets web into the database's port, and a block that is none. */
    static PolicyFact intoDb(boolean dryRun) {
        return new PolicyFact(
                "shop",
                "db",
                Selector.of(Map.of("app", "db")),
                true,
                false,
                List.of(
                        new RuleFact(
                                List.of(new Peer.Block(
                                        IpPrefix.parse("10.9.0.0/16"), List.of(IpPrefix.parse("10.8.0.0/24")))),
                                List.of()),
                        new RuleFact(
                                List.of(new Peer.Pods(null, Selector.of(Map.of("app", "web")))),
                                List.of(new PortMatch.Named(Protocol.TCP, "sql")))),
                List.of(),
                dryRun);
    }

    /** The node that all pods are on, and another, which reach each other's pods by the tunnel. */
    static final Nodes NODES = new Nodes(
            List.of(
                    node("node", "192.168.0.1", "10.0.0.0", "fd02::1", "fd00::"),
                    node("b", "192.168.0.2", "10.0.2.0", "fd02::2", "fd00:0:0:2::")),
            true,
            "node",
            List.of(IpAddress.parse("169.254.1.1"), IpAddress.parse("fe80::ecee:eeff:feee:eeee")));

    private static Nodes.Node node(String name, String address, String overlay, String address6, String overlay6) {
        return new Nodes.Node(
                name,
                List.of(IpAddress.parse(address), IpAddress.parse(address6)),
                List.of(IpAddress.parse(overlay), IpAddress.parse(overlay6)),
                List.of());
    }

    static Nodes nodes(List<Nodes.Node> all, boolean hidesPods) {
        return new Nodes(all, hidesPods, "node", List.of());
    }

    /** Lets a block into the database. */
    static PolicyFact blockIntoDb(String cidr) {
        RuleFact rule = new RuleFact(List.of(new Peer.Block(IpPrefix.parse(cidr), List.of())), List.of());
        return PolicyFact.of("shop", "db", Selector.of(Map.of("app", "db")), List.of(), List.of(rule), List.of());
    }

    static Explanation ask(Facts facts, String from, String to, String port) {
        return new Explainer(facts, NODES.withOwn(List.of(IpAddress.parse("203.0.113.1"))))
                .explain(from, to, PortQuestion.parse(port));
    }

    static String explain(Facts facts, String from, String to, int port) {
        return new Explainer(facts, Nodes.NONE)
                .explain(from, to, PortQuestion.of(Protocol.TCP, port))
                .toString();
    }

    static String explain(Facts facts, Nodes nodes, String from, String to) {
        return new Explainer(facts, nodes)
                .explain(from, to, PortQuestion.of(Protocol.TCP, 80))
                .toString();
    }
}
