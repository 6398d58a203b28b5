package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** The host port of a pod that is gone or deleted by force, before its DEL comes, and the pod that is to have it next. */
@OnLab
class HostPortSuccessorTest {
    private static final int PORT = 80;
    private static final int HOST_PORT = 8080;
    private static final Map<String, String> MAPPING = Map.of(
            "portMappings",
            "[{'hostPort': " + HOST_PORT + ", 'containerPort': " + PORT + ", 'protocol': 'tcp'}," + "{'hostPort': "
                    + HOST_PORT + ", 'containerPort': " + PORT + ", 'protocol': 'udp'}]");

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Pod old = lab.pod(a, "old", "web", MAPPING);

    private void assertAnswers(String who) {
        for (String address : a.addresses()) {
            assertEquals(
                    who, Network.fetch(lab.b.namespace(), address, HOST_PORT).strip());
        }
    }

    @Test
    void isTheSuccessorsWhenTheApiHasThePodNoMore() {
        old.serve(PORT, "old");
        assertAnswers("old");
        Pod early = lab.scheduled(a, "early", "web");
        early.conf(early.conf().runtimeConfig(MAPPING));
        String error = early.tryAdd().failedWith(100);
        assertTrue(error.contains(old.containerId()), error);
        assertAnswers("old");
        lab.api.delete(Kind.POD, "lab", "old");
        Pod successor = lab.pod(a, "successor", "web", MAPPING);
        successor.serve(PORT, "successor");
        assertTrue(a.namespace().hasLink(old.hostLink()), "the old pod's containers may still end");
        assertAnswers("successor");
        old.check().failedWith(999);
        old.del();
        assertAnswers("successor");
        successor.check().succeededSilently();
        old.del();
        a.gc(successor).succeededSilently();
        successor.check().succeededSilently();
        assertAnswers("successor");
        successor.del();
    }

    /** The agent puts ports back that somebody deletes; not that of a pod which has lost it, though its link is there. */
    @Test
    void isNotGivenBackToThePodThatLostIt() {
        lab.api.delete(Kind.POD, "lab", "old");
        Pod successor = lab.pod(a, "successor", "web", MAPPING);
        successor.serve(PORT, "successor");
        a.namespace().run("nft", "delete table inet towpath-hostports");
        Await.until("the ports are back", () -> successor.check().exit() == 0);
        assertAnswers("successor");
        old.del();
        assertAnswers("successor");
    }

    @Test
    void isFreeWhenThePodsNamespaceIsGoneThoughNoDelComes() {
        String link = old.hostLink();
        old.close();
        Await.until("the link goes with the namespace", () -> !a.namespace().hasLink(link));
        Pod successor = lab.pod(a, "successor", "web", MAPPING);
        successor.serve(PORT, "successor");
        assertAnswers("successor");
        old.call("DEL").with("CNI_NETNS", "").run().succeededSilently();
        successor.check().succeededSilently();
        assertAnswers("successor");
    }
}
