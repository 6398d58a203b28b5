package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitGone;
import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static io.towpath.lab.agent.AgentLab.report;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.api.NodeObjects;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Agents and API servers end, in all manners; packets do not notice, and what happened meanwhile is caught up with. */
@OnLab
class AgentDeathTest {
    @AutoClose
    private final AgentLab lab = new AgentLab("a", "b");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Agent agent = lab.join("a");
    private final Agent other = lab.join("b");
    private final Pod web = lab.pod("a", "web");
    private final Pod far = lab.pod("b", "far");

    @BeforeEach
    void bothStand() {
        awaitPeer(a, b);
        awaitPeer(b, a);
    }

    private String nft() {
        return a.namespace()
                .run("nft", "-s", "list", "ruleset")
                .replaceAll("counter packets \\d+ bytes \\d+", "counter");
    }

    @Test
    void aKilledAgentLeavesEverythingAndItsSuccessorTouchesNothing() {
        try (SteadyPing there = new SteadyPing(web, far.address());
                SteadyPing outside = new SteadyPing(web, Lab.OUTSIDE)) {
            NodeState before = NodeState.ofKernel(a.namespace());
            String rules = nft();
            agent.kill();
            there.more(25);
            agent.start().awaitReady();
            there.more(25);
            NodeState.ofKernel(a.namespace()).assertSameAs(before);
            assertEquals(rules, nft());
            there.assertNothingLost();
            outside.assertNothingLost();
        }
    }

    @Test
    void anEndedAgentLeavesEverythingToo() {
        try (SteadyPing there = new SteadyPing(web, far.address());
                SteadyPing outside = new SteadyPing(web, Lab.OUTSIDE)) {
            NodeState before = NodeState.ofKernel(a.namespace());
            String rules = nft();
            agent.terminate();
            other.terminate();
            NodeState.ofKernel(a.namespace()).assertSameAs(before);
            assertEquals(rules, nft());
            there.more(25);
            agent.start().awaitReady();
            other.start().awaitReady();
            there.assertNothingLost();
            outside.assertNothingLost();
        }
    }

    @Test
    void podsComeAndGoWithoutAnAgent() {
        agent.kill();
        Pod next = lab.pod("a", "next");
        next.ping(far.address());
        next.del();
        a.namespace().ip("link delete flannel.1");
        lab.pod("a", "another").ping(far.address());
    }

    @Test
    void whatHappenedWhileTheAgentWasDownIsCaughtUpWith() {
        lab.api.addNode(NodeObjects.ofFlannel("x", "10.244.8.0/24", "192.168.50.8", "02:00:00:00:00:08"));
        Await.until("x", () -> AgentLab.hasPeer(a.namespace(), "10.244.8.0/24", "192.168.50.8"));
        agent.kill();
        lab.api.deleteNode("x");
        lab.api.addNode(NodeObjects.ofFlannel("y", "10.244.9.0/24", "192.168.50.9", "02:00:00:00:00:09"));
        a.namespace().ip("route delete " + b.slice());
        agent.start();
        report("agent started, until a vanished peer is gone", awaitGone(a, "10.244.8.0/24", "192.168.50.8"));
        Await.until("y", () -> AgentLab.hasPeer(a.namespace(), "10.244.9.0/24", "192.168.50.9"));
        awaitPeer(a, b);
        web.ping(far.address());
    }

    @Test
    void anApiServerThatIsAwayIsNoReasonToChangeAnything() {
        try (SteadyPing there = new SteadyPing(web, far.address())) {
            lab.api.down();
            Await.until(
                    "it is noticed",
                    () -> agent.log().split("\n", -1).length > 1 && !agent.log().isEmpty());
            there.more(50);
            // What breaks is mended all the same.
            a.namespace().ip("neigh delete dev flannel.1 " + b.slice().replace("/24", ""));
            report("without an API server, a neighbour is back", awaitPeer(a, b));
            // Without it, an agent that starts anew goes by the last known cluster.
            agent.kill();
            a.namespace().ip("route delete " + b.slice());
            agent.start();
            report("without an API server, an agent started, the route is back", awaitPeer(a, b));
            assertTrue(agent.code("healthz") == 200 || agent.log().isEmpty(), agent::log);
            lab.api.deleteNode("b");
            lab.api.addNode(NodeObjects.ofFlannel("y", "10.244.9.0/24", "192.168.50.9", "02:00:00:00:00:09"));
            lab.api.up();
            report(
                    "the API server is back, until the news are followed",
                    Await.time("y", () -> AgentLab.hasPeer(a.namespace(), "10.244.9.0/24", "192.168.50.9")));
            awaitGone(a, b.slice(), b.address());
            agent.awaitReady();
        }
    }

    @Test
    void whoeverMissedTooMuchListsAnew() {
        lab.api.down();
        lab.api.addNode(NodeObjects.ofFlannel("y", "10.244.9.0/24", "192.168.50.9", "02:00:00:00:00:09"));
        lab.api.compact();
        lab.api.up();
        Await.until("y", () -> AgentLab.hasPeer(a.namespace(), "10.244.9.0/24", "192.168.50.9"), agent::log);
        lab.api.addNode(NodeObjects.ofFlannel("z", "10.244.10.0/24", "192.168.50.10", "02:00:00:00:00:10"));
        Await.until("z", () -> AgentLab.hasPeer(a.namespace(), "10.244.10.0/24", "192.168.50.10"));
        for (int i = 0; i < 5; i++) {
            lab.api.disconnect();
        }
        lab.api.deleteNode("y");
        awaitGone(a, "10.244.9.0/24", "192.168.50.9");
    }
}
