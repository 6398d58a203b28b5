package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitGone;
import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static io.towpath.lab.agent.AgentLab.report;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** The agent without an API server. */
@OnLab
class FileModeTest {
    @AutoClose
    private final Lab lab = Lab.ofTwoNodes().withGateway();

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");

    @Test
    void theOverlayStandsBeforeThereIsAnyPod() {
        a.agent().start().awaitReady();
        b.agent().start().awaitReady();
        awaitPeer(a, b);
        Pod web = a.pod("web").add();
        Pod far = b.pod("far").add();
        web.ping(far.address());
        web.ping(Lab.OUTSIDE);
        web.del();
        far.del();
    }

    @Test
    void aChangeIsFollowedAndAFaultIsNot() throws IOException {
        Agent agent = a.agent().start().awaitReady();
        awaitPeer(a, b);
        ObjectNode cluster = lab.clusterFile(a);
        ObjectNode added = ((ArrayNode) cluster.path("nodes")).addObject().put("name", "c");
        added.putArray("slices").add("10.244.3.0/24");
        added.putArray("addresses").add("192.168.50.3");
        a.writeClusterFile(cluster);
        report(
                "cluster file changed, until the new node is there",
                Await.time("c", () -> AgentLab.hasPeer(a.namespace(), "10.244.3.0/24", "192.168.50.3")));
        Files.writeString(a.clusterFile(), "{\"network\": [");
        agent.awaitLog("cluster.json");
        a.namespace().ip("route delete 10.244.3.0/24");
        Await.until(
                "it is mended all the same", () -> AgentLab.hasPeer(a.namespace(), "10.244.3.0/24", "192.168.50.3"));
        assertEquals(200, agent.code("healthz"));
        a.writeClusterFile(lab.clusterFile(a));
        report("cluster file right again, until the node is gone", awaitGone(a, "10.244.3.0/24", "192.168.50.3"));
    }

    /** As in a container that is not privileged. */
    @Test
    void settingsThatCannotBeWrittenAreNoneOfItsBusiness() {
        Agent agent = a.agent().readOnlySettings().start().awaitReady();
        awaitPeer(a, b);
        agent.terminate();
    }
}
