package io.towpath.policy.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.oracle.Interpreter;
import io.towpath.policy.oracle.Packet;
import io.towpath.policy.oracle.RandomCluster;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExplainerTest {
    private static final NamespaceFact SHOP = new NamespaceFact("shop", Map.of("team", "shop"));
    private static final NamespaceFact LAB = new NamespaceFact("lab", Map.of());
    private static final PodFact WEB = pod("shop", "web", "10.0.0.1", "fd00::1");
    private static final PodFact DB = pod("shop", "db", "10.0.0.2", "fd00::2");
    private static final PodFact STRANGER = pod("lab", "x", "10.0.0.3");

    private static PodFact pod(String namespace, String name, String... addresses) {
        return new PodFact(
                namespace,
                name,
                Map.of("app", name),
                List.of(addresses).stream().map(IpAddress::parse).toList(),
                List.of(new NamedPort("sql", Protocol.TCP, 5432)),
                "node");
    }

    private static Facts facts(List<PolicyFact> policies, ClusterPolicyFact... clusterPolicies) {
        return new Facts(List.of(WEB, DB, STRANGER), List.of(SHOP, LAB), List.of(), policies, List.of(clusterPolicies));
    }

    /** Lets web into the database's port, and a block that is none. */
    private static PolicyFact intoDb(boolean dryRun) {
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

    private static ClusterPolicyFact cluster(Tier tier, int priority, Action action) {
        return new ClusterPolicyFact(
                tier + "-" + priority,
                tier,
                priority,
                new ClusterPolicyFact.Subject(Selector.of(Map.of("team", "shop")), Selector.EVERYTHING),
                List.of(new ClusterPolicyFact.Rule(
                        "from-lab",
                        action,
                        List.of(new Peer.Pods(Selector.EVERYTHING, Selector.of(Map.of("app", "x")))),
                        List.of())),
                List.of(),
                false);
    }

    private static String explain(Facts facts, String from, String to, int port) {
        return new Explainer(facts, Nodes.NONE)
                .explain(from, to, PortQuestion.of(Protocol.TCP, port))
                .toString();
    }

    @Test
    void withoutPoliciesAllIsAllowed() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port 5432/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    no NetworkPolicy isolates it
                """, explain(facts(List.of()), "shop/web", "shop/db", 5432));
    }

    @Test
    void ruleThatAllowsIsNamedAndOneThatIsWrong() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port 5432/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    NetworkPolicy shop/db spec.ingress[1] allows it
                """, explain(facts(List.of(intoDb(false))), "shop/web", "10.0.0.2", 5432));
    }

    @Test
    void whoIsolatesIsNamed() {
        assertEquals("""
                denied: 192.0.2.1 to shop/db (10.0.0.2), port 80/TCP
                  ingress of shop/db: denied
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    isolated by NetworkPolicy shop/db, of whose rules none allows it
                """, explain(facts(List.of(intoDb(false))), "192.0.2.1", "shop/db", 80));
    }

    @Test
    void dryRunIsToldApart() {
        assertEquals("""
                allowed: lab/x (10.0.0.3) to shop/db (10.0.0.2), port 80/TCP
                  egress of lab/x: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    no NetworkPolicy isolates it
                    with the dry runs: denied
                      NetworkPolicy shop/db (dry run) spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                      isolated by NetworkPolicy shop/db (dry run), of whose rules none allows it
                """, explain(facts(List.of(intoDb(true))), "lab/x", "shop/db", 80));
    }

    @Test
    void tiersAreAskedInOrder() {
        Facts facts = facts(
                List.of(),
                cluster(Tier.BASELINE, 1, Action.DENY),
                cluster(Tier.ADMIN, 7, Action.DENY),
                cluster(Tier.ADMIN, 5, Action.PASS));
        assertEquals("""
                denied: lab/x (10.0.0.3) to shop/web (10.0.0.1), port 80/TCP
                  egress of lab/x: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/web: denied
                    ClusterNetworkPolicy ADMIN-5 (tier ADMIN, priority 5) spec.ingress[0] "from-lab": PASS
                    no NetworkPolicy isolates it
                    ClusterNetworkPolicy BASELINE-1 (tier BASELINE, priority 1) spec.ingress[0] "from-lab": DENY
                """, explain(facts, "lab/x", "shop/web", 80));
    }

    @Test
    void strangersAreNobodysMatter() {
        assertEquals("""
                allowed: 192.0.2.1 to 192.0.2.2, port 80/TCP
                  neither is a pod that policies are about
                """, explain(facts(List.of()), "192.0.2.1", "192.0.2.2", 80));
    }

    /** The node that all pods are on, and another, which reach each other's pods by the tunnel. */
    private static final Nodes NODES = new Nodes(
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

    private static Nodes nodes(List<Nodes.Node> all, boolean hidesPods) {
        return new Nodes(all, hidesPods, "node", List.of());
    }

    /** Lets a block into the database. */
    private static PolicyFact blockIntoDb(String cidr) {
        RuleFact rule = new RuleFact(List.of(new Peer.Block(IpPrefix.parse(cidr), List.of())), List.of());
        return PolicyFact.of("shop", "db", Selector.of(Map.of("app", "db")), List.of(), List.of(rule), List.of());
    }

    private static String explain(Facts facts, Nodes nodes, String from, String to) {
        return new Explainer(facts, nodes)
                .explain(from, to, PortQuestion.of(Protocol.TCP, 80))
                .toString();
    }

    @Test
    void aNodeSendsToPodsOfOtherNodesFromTheOverlay() {
        assertEquals("""
                denied: node b in the overlay (10.0.2.0) to shop/db (10.0.0.2), port 80/TCP
                  node b sends to pods of other nodes from 10.0.2.0, not from 192.168.0.2
                  by a host port of node node it comes from 192.168.0.2 and is allowed
                  ingress of shop/db: denied
                    isolated by NetworkPolicy shop/db, of whose rules none allows it
                """, explain(facts(List.of(blockIntoDb("192.168.0.0/24"))), NODES, "192.168.0.2", "shop/db"));
        assertEquals("""
                allowed: node b in the overlay (fd00:0:0:2::) to shop/db (fd00::2), port 80/TCP
                  node b sends to pods of other nodes from fd00:0:0:2::, not from fd02::2
                  by a host port of node node it comes from fd02::2 and is denied
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows it
                """, explain(facts(List.of(blockIntoDb("fd00:0:0:2::/128"))), NODES, "fd02::2", "shop/db"));
    }

    @Test
    void anAddressInTheOverlayIsItsNodes() {
        assertEquals("""
                allowed: node b in the overlay (10.0.2.0) to shop/db (10.0.0.2), port 80/TCP
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows it
                """, explain(facts(List.of(blockIntoDb("10.0.2.0/32"))), NODES, "10.0.2.0", "shop/db"));
    }

    @Test
    void nodesOfOneSubnetSendAsTheyAreWhereRoutingIsDirect() {
        List<Nodes.Node> direct = NODES.all().stream()
                .map(node -> new Nodes.Node(node.name(), node.addresses(), node.overlay(), node.addresses()))
                .toList();
        assertEquals(
                """
                allowed: node b (192.168.0.2) to shop/db (10.0.0.2), port 80/TCP
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows it
                """,
                explain(facts(List.of(blockIntoDb("192.168.0.0/24"))), nodes(direct, true), "192.168.0.2", "shop/db"));
        Nodes oneOfThem = nodes(List.of(direct.getFirst(), NODES.all().getLast()), true);
        assertTrue(
                explain(facts(List.of()), oneOfThem, "192.168.0.2", "shop/db").contains("in the overlay (10.0.2.0)"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.168.0.1", "10.0.0.0"})
    void aNodeReachesItsOwnPods(String address) {
        String text = explain(facts(List.of(blockIntoDb("198.51.100.0/24"))), NODES, address, "shop/db");
        assertTrue(text.startsWith("allowed: node node "), text);
        assertTrue(text.endsWith("""
                  ingress of shop/db: allowed
                    its own node reaches it always, whatever policies say
                """), text);
    }

    @Test
    void aPodIsHiddenFromOtherNodes() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to node b (192.168.0.2), port 80/TCP
                  node b, and pods behind its host ports, see it come from 192.168.0.1, the address of node node
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                """, explain(facts(List.of()), NODES, "shop/web", "192.168.0.2"));
        String shown = """
                allowed: shop/web (10.0.0.1) to node %s, port 80/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                """;
        assertEquals(
                shown.formatted("b (192.168.0.2)"),
                explain(facts(List.of()), nodes(NODES.all(), false), "shop/web", "192.168.0.2"),
                "where sources are kept");
        assertEquals(
                shown.formatted("b in the overlay (10.0.2.0)"),
                explain(facts(List.of()), NODES, "shop/web", "10.0.2.0"),
                "through the tunnel");
        assertEquals(
                shown.formatted("node (192.168.0.1)"),
                explain(facts(List.of()), NODES, "shop/web", "192.168.0.1"),
                "from its own node");
    }

    /** An address that only its status has, of a node that the overlay has. */
    @Test
    void whatPoliciesKnowOfNodesTheirPacketsShow() {
        Facts facts = facts(List.of(blockIntoDb("10.0.2.0/32")));
        NodeFact b =
                new NodeFact("b", Map.of(), List.of(IpAddress.parse("192.168.0.2"), IpAddress.parse("203.0.113.2")));
        Facts withNodes = new Facts(facts.pods(), facts.namespaces(), List.of(b), facts.policies(), List.of());
        String text = explain(withNodes, NODES, "203.0.113.2", "shop/db");
        assertTrue(text.startsWith("allowed: node b in the overlay (10.0.2.0) to"), text);
        assertTrue(
                explain(withNodes, Nodes.NONE, "203.0.113.2", "shop/db").startsWith("denied: node b (203.0.113.2) to"));
    }

    /** As of a node whose slice overlaps another's. */
    @Test
    void whoHasAPodsAddressIsThePod() {
        Facts facts = facts(List.of(blockIntoDb("10.0.0.1/32")));
        NodeFact b = new NodeFact("b", Map.of(), List.of(IpAddress.parse("10.0.0.1")));
        Facts withNodes = new Facts(facts.pods(), facts.namespaces(), List.of(b), facts.policies(), List.of());
        assertEquals("""
                allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port 80/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows it
                """, explain(withNodes, NODES, "10.0.0.1", "shop/db"));
    }

    private static Explanation ask(Facts facts, String from, String to, String port) {
        return new Explainer(facts, NODES.withOwn(List.of(IpAddress.parse("203.0.113.1"))))
                .explain(from, to, PortQuestion.parse(port));
    }

    @Test
    void icmpHasNoPorts() {
        assertEquals(
                """
                denied: shop/web (10.0.0.1) to shop/db (10.0.0.2), ICMP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: denied
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    NetworkPolicy shop/db spec.ingress[1] is about ports, and ICMP has none
                    isolated by NetworkPolicy shop/db, of whose rules none allows it
                """,
                ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "icmp")
                        .toString());
        assertTrue(ask(facts(List.of(blockIntoDb("10.0.0.0/24"))), "shop/web", "shop/db", "ICMPv6")
                .allowed());
    }

    @Test
    void aNamedPortIsTheReceivers() {
        Explanation named = ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "sql");
        assertTrue(named.allowed());
        assertTrue(
                named.toString()
                        .startsWith("allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port sql (5432/TCP)\n"),
                named::toString);
        assertEquals(new PortQuestion(Protocol.TCP, 5432, "sql"), named.port());
        assertEquals(
                named,
                ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "SQL/tcp"),
                "whatever its case, and with its protocol");
    }

    @Test
    void sctpIsExplained() {
        Explanation sctp = ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "5432/sctp");
        assertFalse(sctp.allowed());
        assertTrue(sctp.toString().contains(", port 5432/SCTP\n"), sctp::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            80/icmp    | ICMP has no ports: ask for icmp, not for 80/icmp
            http/ICMP  | ICMP has no ports: ask for icmp, not for http/ICMP
            sctp       | sctp needs a port: 80/sctp, or a port's name
            80/quic    | protocol "quic" is none of tcp, udp, sctp, icmp
            65536      | "65536" is no port from 0 to 65535, and no name of a port
            -1         | "-1" is no port from 0 to 65535, and no name of a port
            a_b        | "a_b" is no port from 0 to 65535, and no name of a port
            http       | shop/db has no port http: it names sql (5432/tcp)
            sql/udp    | shop/db has no port sql/udp: it names sql (5432/tcp)
            """)
    void whatPortIsMeantIsNotGuessed(String port, String message) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> ask(facts(List.of()), "shop/web", "shop/db", port));
        assertEquals(message, e.getMessage());
    }

    @Test
    void aNameIsAskedOfPodsOnly() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> ask(facts(List.of()), "shop/web", "192.0.2.1", "sql"));
        assertEquals(
                "\"sql\" is a name, and 192.0.2.1 is no pod that names its ports: ask for a number", e.getMessage());
    }

    @Test
    void ofAServiceTheEndpointDecides() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to 10.96.0.10, port 80/TCP
                  10.96.0.10 is of no pod and no node that is known. If it is a Service's, policies see the pod that serves it: ask for that
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                """, ask(facts(List.of()), "shop/web", "10.96.0.10", "80").toString());
    }

    @Test
    void theGatewayOfAPodIsItsNode() {
        assertEquals(
                """
                allowed: shop/web (fd00::1) to node node as its pods' gateway (fe80::ecee:eeff:feee:eeee), ICMP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                """,
                ask(facts(List.of()), "shop/web", "fe80::ecee:eeff:feee:eeee", "icmp")
                        .toString());
        Explanation back = ask(facts(List.of(blockIntoDb("198.51.100.0/24"))), "169.254.1.1", "shop/db", "80");
        assertTrue(back.allowed(), back::toString);
        assertEquals("node", back.from().node());
        assertTrue(back.toString().contains("its own node reaches it always"), back::toString);
    }

    @Test
    void allAddressesOfThisNodeAreTheNodes() {
        Explanation own = ask(facts(List.of()), "shop/web", "203.0.113.1", "80");
        assertEquals("node node (203.0.113.1)", own.to().text());
        assertEquals(List.of(), own.notes());
    }

    @Test
    void aPacketHasTheAddressesThatItHas() {
        Explanation packet = new Explainer(facts(List.of(blockIntoDb("192.168.0.2/32"))), NODES)
                .packet("192.168.0.2", "10.0.0.2", Protocol.TCP, 80);
        assertEquals("node b (192.168.0.2)", packet.from().text());
        assertTrue(packet.allowed());
        assertEquals(List.of(), packet.notes());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            shop/nobody | shop/db | there is no pod shop/nobody that policies can be about: it is not known, has ended, or is in its node's network
            web         | shop/db | "web" is neither a pod as namespace/name nor an address
            lab/x       | fd00::2 | lab/x and fd00::2 have no addresses of the same family
            """)
    void whoIsNotKnownIsSaid(String from, String to, String message) {
        Explainer explainer = new Explainer(facts(List.of()), Nodes.NONE);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> explainer.explain(from, to, PortQuestion.of(Protocol.UDP, 1)));
        assertEquals(message, e.getMessage());
    }

    /** It says what the compiled rules do, in clusters of all kinds in which no two pods claim an address. */
    @Property(tries = 300)
    void agreesWithTheRules(
            @ForAll long seed,
            @ForAll @IntRange(max = 14) int pods,
            @ForAll @IntRange(max = 8) int policies,
            @ForAll @IntRange(max = 5) int clusterPolicies) {
        Facts facts = alone(new RandomCluster(seed).facts(pods, policies, clusterPolicies));
        List<LocalEndpoint> endpoints = new ArrayList<>();
        for (PodFact pod : facts.pods()) {
            endpoints.add(new LocalEndpoint(pod.namespace(), pod.name(), "cali" + endpoints.size(), pod.addresses()));
        }
        Compiled compiled = new Compiler().compile(facts, endpoints);
        Ruleset trial = compiled.trial();
        Interpreter kernel = new Interpreter(compiled.ruleset());
        Interpreter tried = new Interpreter(trial == null ? compiled.ruleset() : trial);
        Explainer explainer = new Explainer(facts, Nodes.NONE);
        List<IpAddress> addresses = RandomCluster.addresses();
        for (int i = 0; i < addresses.size(); i++) {
            IpAddress from = addresses.get(i);
            IpAddress to = addresses.get(Math.floorMod(seed + 7L * i, addresses.size()));
            if (from.ipv6() != to.ipv6() || from.equals(to)) {
                continue;
            }
            for (Protocol protocol : Protocol.values()) {
                for (int port : new int[] {53, 80, 81}) {
                    Explanation explanation = explainer.packet(from.toString(), to.toString(), protocol, port);
                    Packet packet = new Packet(from, to, protocol, port);
                    assertEquals(kernel.allows(packet), explanation.allowed(), explanation::toString);
                    assertEquals(
                            tried.allows(packet),
                            explanation.sides().stream()
                                    .allMatch(side -> side.tried().allowed()),
                            explanation::toString);
                }
            }
        }
    }

    private static Facts alone(Facts facts) {
        Set<IpAddress> taken = new HashSet<>();
        List<PodFact> pods = new ArrayList<>();
        for (PodFact pod : facts.pods()) {
            boolean isKnown =
                    facts.namespaces().stream().anyMatch(space -> space.name().equals(pod.namespace()));
            if (isKnown && pod.addresses().stream().noneMatch(taken::contains)) {
                taken.addAll(pod.addresses());
                pods.add(pod);
            }
        }
        return new Facts(pods, facts.namespaces(), facts.nodes(), facts.policies(), facts.clusterPolicies());
    }
}
