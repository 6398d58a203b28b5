package io.towpath.policy.explain;

import static io.towpath.policy.explain.ExplainerScene.NODES;
import static io.towpath.policy.explain.ExplainerScene.ask;
import static io.towpath.policy.explain.ExplainerScene.blockIntoDb;
import static io.towpath.policy.explain.ExplainerScene.explain;
import static io.towpath.policy.explain.ExplainerScene.facts;
import static io.towpath.policy.explain.ExplainerScene.nodes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Protocol;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of nodes, and of addresses that no pod has. */
class ExplainerNodesTest {
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
}
