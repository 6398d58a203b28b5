package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Capture;
import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/**
 * Frames brought into the overlay by those who have no business there: a pod, and a host that is no node. Each test first shows
 * that the way is open without the agent, so that it would notice if it were.
 */
@OnLab
class GuardTest {
    /** The sender inside the forged frames, in nobody's slice. */
    private static final String FORGED = "10.244.200.200";

    @AutoClose
    private final Lab lab = Lab.ofTwoNodes().withGateway();

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Pod attacker = a.pod("attacker").add();
    private final Pod neighbour = a.pod("neighbour").add();
    private final Pod victim = b.pod("victim").add();
    private int captures;

    /** A VXLAN device of the attacker's own, whose frames go to a node. */
    private static void forge(Namespace from, String to) {
        from.inside(Command.of("ip", "link", "delete", "forged")).run();
        from.ip(
                "link add forged type vxlan id 1 remote " + to + " dstport 8472 dev eth0",
                "address add " + FORGED + "/32 dev forged",
                "link set forged up");
    }

    /** Whether a ping in a forged frame arrives at a pod. */
    private boolean arrives(Namespace from, Node at, Pod pod) {
        String mac = mac(at);
        forge(from, at.address());
        from.ip(
                "route replace " + pod.address() + " dev forged src " + FORGED,
                "neigh replace " + pod.address() + " dev forged lladdr " + mac);
        captures++;
        try (Capture capture = new Capture(
                pod.namespace(),
                "eth0",
                lab.folder().resolve("capture-" + captures),
                "icmp and (src " + FORGED + " or src " + at.address() + " or dst port 9 or icmp)")) {
            for (int i = 0; i < 3; i++) {
                Network.tryPing(from, pod.address(), "-W", "0.2");
            }
            // What comes after them by a way that is open: once it is seen, so is whatever came before.
            Network.ping(at.namespace(), pod.address());
            Await.until("the capture sees the node's ping", () -> capture.text().contains("echo reply"));
            return capture.text().contains(FORGED + " >");
        } finally {
            from.ip("link delete forged");
        }
    }

    private static String mac(Node node) {
        return node.namespace()
                .show("link", "show", "dev", "flannel.1")
                .path(0)
                .path("address")
                .asText();
    }

    private void startAgents() {
        a.agent().start().awaitReady();
        b.agent().start().awaitReady();
        awaitPeer(a, b);
        awaitPeer(b, a);
    }

    @Test
    void aPodCannotInject() {
        assertTrue(arrives(attacker.namespace(), b, victim), "without an agent, to another node");
        assertTrue(arrives(attacker.namespace(), a, neighbour), "without an agent, to its own node");
        startAgents();
        assertEquals(false, arrives(attacker.namespace(), b, victim), "to another node");
        assertEquals(false, arrives(attacker.namespace(), a, neighbour), "to its own node");
        victim.ping(attacker.address());
        attacker.ping(victim.address());
        attacker.ping(b.address());
    }

    @Test
    void aStrangerCannotInject() {
        Namespace stranger = lab.namespace("stranger");
        lab.underlay()
                .ip(
                        "link add stranger type veth peer name eth0 netns " + stranger.path(),
                        "link set stranger master br0 up");
        stranger.ip("address add 192.168.50.66/24 dev eth0", "link set eth0 up");
        assertTrue(arrives(stranger, b, victim), "without an agent");
        startAgents();
        assertEquals(false, arrives(stranger, b, victim));
        attacker.ping(victim.address());
    }

    @Test
    void otherTrafficOfPodsToThatPortPasses() {
        startAgents();
        // To a pod, which may well serve on it.
        try (Capture capture = new Capture(
                victim.namespace(), "eth0", lab.folder().resolve("other"), "udp port 8472 or tcp port 8472")) {
            attacker.namespace().run("bash", "-c", "echo hello > /dev/udp/" + victim.address() + "/8472");
            capture.awaitPacket(attacker.address(), victim.address() + ".8472");
        }
        victim.serve(8472, "tcp");
        assertEquals("tcp", attacker.fetch(victim.address(), 8472));
    }
}
