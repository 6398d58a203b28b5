package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitGone;
import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static io.towpath.lab.agent.AgentLab.report;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.lab.Await;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.api.NodeObjects;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nodes join, leave and change, and all others follow. */
@OnLab
class JoinTest {
    @ParameterizedTest(name = "IPv4 {0}, IPv6 {1}")
    @CsvSource({"true, false", "true, true", "false, true"})
    void nodesFindEachOtherByAnnotationsAlone(boolean ipv4, boolean ipv6) {
        try (AgentLab lab = new AgentLab(ipv4, ipv6, "a", "b")) {
            lab.join("a");
            lab.join("b");
            report("b is ready, until a has the way to it", awaitPeer(lab.node("a"), lab.node("b")));
            awaitPeer(lab.node("b"), lab.node("a"));
            List<Pod> pods = List.of(lab.pod("a", "web"), lab.pod("a", "job"), lab.pod("b", "far"));
            AgentLab.assertPing(pods);
            pods.forEach(Pod::del);
        }
    }

    @Test
    void aNodeJoinsLeavesAndComesBack() {
        try (AgentLab lab = new AgentLab("a", "b", "c")) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Node c = lab.node("c");
            lab.join("a");
            lab.join("b");
            awaitPeer(a, b);
            awaitPeer(b, a);
            Pod web = lab.pod("a", "web");
            Pod far = lab.pod("b", "far");
            try (SteadyPing others = new SteadyPing(web, far.address())) {
                NodeState before = NodeState.ofKernel(a.namespace());
                lab.join("c");
                awaitPeer(a, c);
                awaitPeer(b, c);
                Pod new1 = lab.pod("c", "new");
                AgentLab.assertPing(List.of(web, far, new1));

                lab.api.deleteNode("c");
                report("c was deleted, until it is gone from a", awaitGone(a, c.slice(), c.address()));
                awaitGone(b, c.slice(), c.address());
                NodeState.ofKernel(a.namespace()).without("eth0").assertSameAs(before.without("eth0"));
                AgentLab.assertNoPing(web, new1.address());

                // As the same machine that was reinstalled under another slice.
                lab.api.addNode(NodeObjects.ofFlannel("c", "10.244.77.0/24", c.address(), "02:00:00:00:00:77"));
                report(
                        "c is back with another slice, until a has the way",
                        Await.time(
                                "the new slice", () -> AgentLab.hasPeer(a.namespace(), "10.244.77.0/24", c.address())));
                assertFalse(a.namespace().run("ip", "route").contains(c.slice()));
                others.assertNothingLost();
            }
        }
    }

    @Test
    void aNodeChangesItsAddress() {
        try (AgentLab lab = new AgentLab("a", "b")) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            lab.join("a");
            lab.join("b");
            awaitPeer(a, b);
            awaitPeer(b, a);
            Pod web = lab.pod("a", "web");
            Pod far = lab.pod("b", "far");
            web.ping(far.address());
            String mac = mac(b);
            b.namespace()
                    .ip(
                            "address delete dev eth0 192.168.50.2/24",
                            "address add dev eth0 192.168.50.77/24",
                            "route replace default via " + io.towpath.lab.Lab.GATEWAY);
            report(
                    "b's address changed, until b has said so",
                    Await.time(
                            "the annotation",
                            () -> lab.api
                                    .annotation("b", NodeObjects.FLANNEL + "public-ip")
                                    .equals("192.168.50.77")));
            report(
                    "b has said so, until a has the way",
                    Await.time("the way", () -> AgentLab.hasPeer(a.namespace(), b.slice(), "192.168.50.77")));
            assertFalse(a.namespace().forwardingEntries().toString().contains("\"192.168.50.2\""));
            assertEquals(mac, mac(b));
            Await.until(
                    "b's device is by the new address",
                    () -> b.namespace()
                            .run("ip", "-d", "link", "show", "flannel.1")
                            .contains("local 192.168.50.77"));
            awaitPeer(b, a);
            web.ping(far.address());
            far.ping(web.address());
        }
    }

    @Test
    void aPeersMacChanges() {
        try (AgentLab lab = new AgentLab("a")) {
            Node a = lab.node("a");
            lab.join("a");
            lab.api.addNode(NodeObjects.ofFlannel("f", "10.244.9.0/24", "192.168.50.9", "02:00:00:00:00:01"));
            Await.until("f", () -> AgentLab.hasPeer(a.namespace(), "10.244.9.0/24", "192.168.50.9"));
            lab.api.annotate(
                    "f", NodeObjects.FLANNEL + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:02\"}");
            Await.until("the new MAC", () -> {
                String entries = a.namespace().forwardingEntries().toString();
                return entries.contains("02:00:00:00:00:02") && !entries.contains("02:00:00:00:00:01");
            });
            String neighbour = a.namespace().run("ip", "neigh", "show", "10.244.9.0");
            assertEquals("10.244.9.0 dev flannel.1 lladdr 02:00:00:00:00:02 PERMANENT", neighbour.strip());
        }
    }

    private static String mac(Node node) {
        return node.namespace()
                .show("link", "show", "dev", "flannel.1")
                .path(0)
                .path("address")
                .asText();
    }
}
