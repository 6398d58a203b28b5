package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.NodeObjects;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Nodes that cannot be served: each is told of once, and left out; all others are served. */
@OnLab
class BadNodesTest {
    private static final String MAC = "02:00:00:00:00:99";

    @Test
    void eachIsToldOfOnceAndAllOthersAreServed() {
        try (AgentLab lab = new AgentLab("a", "b")) {
            lab.api.addNode("bad-no-slice", List.of(), "192.168.50.20");
            lab.api.annotate(
                    "bad-no-slice",
                    NodeObjects.FLANNEL + "kube-subnet-manager",
                    "true",
                    NodeObjects.FLANNEL + "backend-type",
                    "vxlan",
                    NodeObjects.FLANNEL + "backend-data",
                    "{\"VNI\":1,\"VtepMAC\":\"" + MAC + "\"}",
                    NodeObjects.FLANNEL + "public-ip",
                    "192.168.50.20");
            bad(lab, "bad-overlap", "10.244.1.128/25", "192.168.50.21");
            bad(lab, "bad-outside", "10.99.1.0/24", "192.168.50.22");
            bad(lab, "bad-ours", "10.244.30.0/24", "192.168.50.1");
            bad(lab, "bad-json", "10.244.31.0/24", "192.168.50.24");
            lab.api.annotate("bad-json", NodeObjects.FLANNEL + "backend-data", "{\"VNI\":1,");
            bad(lab, "bad-mac", "10.244.32.0/24", "192.168.50.25");
            lab.api.annotate("bad-mac", NodeObjects.FLANNEL + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"nonsense\"}");
            bad(lab, "bad-address", "10.244.33.0/24", "not-an-address");
            bad(lab, "bad-vni", "10.244.34.0/24", "192.168.50.27");
            lab.api.annotate(
                    "bad-vni", NodeObjects.FLANNEL + "backend-data", "{\"VNI\":7,\"VtepMAC\":\"" + MAC + "\"}");
            // As many that are good: who leaves out most of the others is not ready.
            for (int i = 0; i < 10; i++) {
                lab.api.addNode(NodeObjects.ofFlannel(
                        "n" + i, "10.244." + (50 + i) + ".0/24", "192.168.50." + (50 + i), "02:00:00:00:01:0" + i));
            }
            Agent agent = lab.join("a");
            lab.join("b");
            Node a = lab.node("a");
            AgentLab.awaitPeer(a, lab.node("b"));
            AgentLab.awaitPeer(lab.node("b"), a);
            lab.api.addNode(NodeObjects.ofFlannel("good", "10.244.40.0/24", "192.168.50.40", "02:00:00:00:00:40"));
            Await.until("good", () -> AgentLab.hasPeer(a.namespace(), "10.244.40.0/24", "192.168.50.40"));
            for (String name : List.of(
                    "bad-no-slice",
                    "bad-overlap",
                    "bad-outside",
                    "bad-ours",
                    "bad-json",
                    "bad-mac",
                    "bad-address",
                    "bad-vni")) {
                long lines =
                        agent.log().lines().filter(line -> line.contains(name)).count();
                assertEquals(1, lines, name + " in " + agent.log());
            }
            String routes = a.namespace().run("ip", "route");
            for (String slice :
                    List.of("10.244.1.128", "10.99", "10.244.30", "10.244.31", "10.244.32", "10.244.33", "10.244.34")) {
                assertFalse(routes.contains(slice), routes);
            }
            Pod web = lab.pod("a", "web");
            Pod far = lab.pod("b", "far");
            AgentLab.assertPing(List.of(web, far));

            // Mended, it is served.
            lab.api.annotate(
                    "bad-json", NodeObjects.FLANNEL + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"" + MAC + "\"}");
            Await.until("mended", () -> AgentLab.hasPeer(a.namespace(), "10.244.31.0/24", "192.168.50.24"));
        }
    }

    private static void bad(AgentLab lab, String name, String slice, String address) {
        lab.api.addNode(NodeObjects.ofFlannel(name, slice, address, MAC));
    }
}
