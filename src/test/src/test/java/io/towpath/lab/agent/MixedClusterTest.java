package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.api.NodeObjects;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes of flannel and of Towpath in one cluster, and a node that goes from one to the other and back, with pods that run. */
@OnLab
class MixedClusterTest {
    @AutoClose
    private final AgentLab lab = new AgentLab("a", "b", "c").register("a", "b", "c");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Node c = lab.node("c");
    private final FlannelNode flannelA = new FlannelNode(a, lab.api);
    private final FlannelNode flannelB = new FlannelNode(b, lab.api);
    private final FlannelNode flannelC = new FlannelNode(c, lab.api);

    @BeforeEach
    void aClusterOfFlannel() {
        flannelA.start("0a:00:00:00:00:0a");
        flannelB.start("0a:00:00:00:00:0b");
        flannelC.start("0a:00:00:00:00:0c");
        flannelA.sync();
        flannelB.sync();
    }

    @Test
    void nodeByNodeAndBack() {
        Pod oldA = flannelA.pod("old").add();
        Pod oldB = flannelB.pod("old").add();
        Pod oldC = flannelC.pod("old").add();
        AgentLab.assertPing(List.of(oldA, oldB, oldC));
        String linkBefore = device(b);
        String routesBefore = b.namespace().run("ip", "route", "show", "dev", "flannel.1");
        Map<String, String> leasesBefore = b.leases().all();
        String annotation = lab.api.annotation("b", NodeObjects.FLANNEL + "backend-data");

        try (SteadyPing fromA = new SteadyPing(oldA, oldB.address());
                SteadyPing fromB = new SteadyPing(oldB, oldC.address())) {
            // b changes over: flanneld is gone, the agent comes.
            Agent agent = lab.start("b");
            assertEquals(linkBefore, device(b));
            assertEquals(routesBefore, b.namespace().run("ip", "route", "show", "dev", "flannel.1"));
            assertEquals(
                    io.towpath.lab.Json.read(annotation),
                    io.towpath.lab.Json.read(lab.api.annotation("b", NodeObjects.FLANNEL + "backend-data")));
            assertEquals(leasesBefore, b.leases().all());
            Pod newB = towpathPod(b, "new");
            assertNotEquals(oldB.address(), newB.address());
            AgentLab.assertPing(List.of(oldA, oldB, newB, oldC));

            // c follows, then a node joins that is flannel's: each kind follows the other.
            lab.start("c");
            flannelA.sync();
            AgentLab.assertPing(List.of(oldA, oldB, newB, oldC));
            lab.api.addNode(NodeObjects.ofFlannel("d", "10.244.4.0/24", "192.168.50.4", "0a:00:00:00:00:0d"));
            io.towpath.lab.Await.until("d", () -> AgentLab.hasPeer(b.namespace(), "10.244.4.0/24", "192.168.50.4"));

            // b goes back.
            agent.terminate();
            b.namespace().run("nft", "delete", "table", "inet", "towpath-overlay");
            flannelB.start("0a:00:00:00:00:ff");
            assertEquals(linkBefore, device(b));
            AgentLab.assertPing(List.of(oldA, oldB, newB, oldC));
            Pod again = flannelB.pod("again").add();
            assertFalse(List.of(oldB.address(), newB.address()).contains(again.address()));
            oldA.ping(again.address());
            again.del();

            // and over again, for good; what flannel's time has left ends under Towpath.
            agent.start().awaitReady();
            fromA.assertNothingLost();
            fromB.assertNothingLost();
            newB.del();
            oldB.plugin(Plugin.towpath()).conf(b.conf()).del();
            b.leases().assertEmptyButIndex();
        }
    }

    /** As with flanneld's annotation {@code public-ip-overwrite}, the packets that it sends come from its interface's address. */
    @Test
    void aNodeThatIsReachedByAnotherAddressIsHeard() {
        String other = "192.168.50.101";
        a.namespace().ip("address add " + other + "/24 dev eth0");
        lab.api.annotate("a", NodeObjects.FLANNEL + "public-ip", other);
        Pod ofFlannel = flannelA.pod("old").add();
        lab.start("b");
        flannelA.sync();
        io.towpath.lab.Await.until("a", () -> AgentLab.hasPeer(b.namespace(), a.slice(), other));
        Pod ofTowpath = towpathPod(b, "new");
        ofFlannel.ping(ofTowpath.address());
        ofTowpath.ping(ofFlannel.address());
    }

    @Test
    void bothKindsMakeTheSameOfACluster() {
        lab.start("b");
        flannelA.sync();
        awaitPeer(b, a);
        for (String words : List.of("-d link show flannel.1", "route show dev flannel.1", "address show flannel.1")) {
            assertEquals(
                    generic(a.namespace().run(("ip " + words).split(" ")), a),
                    generic(b.namespace().run(("ip " + words).split(" ")), b));
        }
        assertTrue(AgentLab.hasPeer(a, b));
        assertTrue(AgentLab.hasPeer(b, c));
    }

    /** The text with what differs between any two nodes taken out. */
    private static String generic(String text, Node node) {
        return text.replaceAll("(?m)^\\d+: ", "")
                .replaceAll("([0-9a-f]{2}:){5}[0-9a-f]{2}", "MAC")
                .replaceAll("10\\.244\\.[123]\\.0", "SLICE")
                .replaceAll("fe80::[0-9a-f:]+", "LOCAL")
                .replace(" tentative", "")
                .replace(node.address(), "ADDRESS");
    }

    private static String device(Node node) {
        // The kernel still looks whether the link-local address is anybody else's.
        return node.namespace().run("ip", "-d", "address", "show", "flannel.1").replace(" tentative", "");
    }

    private static Pod towpathPod(Node node, String name) {
        NetConf conf = node.conf();
        return node.pod(name).conf(conf).add();
    }
}
