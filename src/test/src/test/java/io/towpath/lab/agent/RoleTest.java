package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Manifest;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.NodeObjects;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The role of the shipped manifest: what the agent really asks of the API, and no more. */
@OnLab
class RoleTest {
    private static final String SLICE = "10.244.9.0/24";
    private static final String ADDRESS = "192.168.50.9";

    @Test
    void allowsWhatTheAgentAsksForAndNothingElse() {
        try (AgentLab lab = new AgentLab("a")) {
            lab.api.serveClusterNetworkPolicies(true);
            lab.api.serveCalico();
            Agent agent = lab.join("a", AgentLab.POLICY);
            Node a = lab.node("a");
            Await.until("this node is written", () -> condition(lab).equals("False"));

            // Whatever makes an agent ask otherwise than at first: nodes that change, a watch that breaks, a past that
            // is forgotten,
            // others that write to its node, and an agent that starts again.
            lab.api.addNode(NodeObjects.ofFlannel("x", SLICE, ADDRESS, "02:00:00:00:00:09"));
            Await.until("x has come", () -> AgentLab.hasPeer(a.namespace(), SLICE, ADDRESS));
            lab.api.disconnect();
            lab.api.deleteNode("x");
            AgentLab.awaitGone(a, SLICE, ADDRESS);
            lab.api.down();
            lab.api.addNode(NodeObjects.ofFlannel("x", SLICE, ADDRESS, "02:00:00:00:00:09"));
            lab.api.compact();
            lab.api.up();
            Await.until("x is there again", () -> AgentLab.hasPeer(a.namespace(), SLICE, ADDRESS));
            String annotation = NodeObjects.FLANNEL + "backend-data";
            String data = lab.api.annotation("a", annotation);
            lab.api.annotate("a", annotation, "{}");
            Await.until(
                    "it is written again",
                    () -> lab.api.annotation("a", annotation).equals(data));
            agent.terminate();
            agent.start().awaitReady();

            // And a node that is Ready and cannot be served, which it tells of when that has lasted half a minute or
            // more.
            lab.api.addNode(NodeObjects.ofFlannel("bad", "10.99.1.0/24", "192.168.50.8", "02:00:00:00:00:08"));
            Await.until(
                    "an event tells of the bad node",
                    Duration.ofSeconds(100),
                    Duration.ofMillis(50),
                    () -> lab.api.requests().contains("create events"),
                    agent::log);

            Set<String> asked = new TreeSet<>(lab.api.requests());
            Set<String> wanted = allowed();
            // Of what is watched, lists are for an API that tells none as events, and for one that comes back.
            wanted.removeIf(each -> asked.contains(each.replaceFirst("^list ", "watch ")) && !asked.contains(each));
            assertEquals(wanted, asked);
        }
    }

    private static String condition(AgentLab lab) {
        return lab.api.condition("a", "NetworkUnavailable").path("status").asText();
    }

    /** The verbs of the role as {@code "patch nodes/status"}. */
    private static Set<String> allowed() {
        Set<String> allowed = new TreeSet<>();
        for (JsonNode rule : Manifest.ofKind("ClusterRole").path("rules")) {
            for (JsonNode resource : rule.path("resources")) {
                for (JsonNode verb : rule.path("verbs")) {
                    allowed.add(verb.asText() + " " + resource.asText());
                }
            }
        }
        return allowed;
    }
}
