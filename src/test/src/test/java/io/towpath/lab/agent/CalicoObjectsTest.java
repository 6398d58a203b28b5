package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.Kind;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A cluster of Canal's, whose objects of Calico's own kinds nobody enforces any more: an operator is told, with their names. */
@OnLab
class CalicoObjectsTest {
    private static final String METRIC = "towpath_policy_unenforced";
    private static final String WARNING = "objects of Calico's own kinds are not enforced";

    @AutoClose
    private final AgentLab lab = new AgentLab("a").register("a");

    private void put(String kind, String name, String spec) {
        lab.api.apply("""
                apiVersion: crd.projectcalico.org/v1
                kind: %s
                metadata: {%s}
                spec: %s
                """.formatted(kind, name, spec));
    }

    private static JsonNode unenforced(Agent agent) {
        return agent.status().at("/policy/unenforced");
    }

    private static void awaitCount(Agent agent, int count) {
        Await.until(
                count + " objects of Calico's are told of",
                () -> unenforced(agent).isObject()
                        && unenforced(agent).path("count").asInt() == count,
                () -> unenforced(agent) + "\n" + agent.log());
    }

    private static void assertIn(String text, String... parts) {
        List.of(parts).forEach(part -> assertTrue(text.contains(part), () -> part + " is not in\n" + text));
    }

    /** The line of {@code check} about them. */
    private static String checked(Agent agent) {
        Command.Outcome check = agent.operator("check", "--output", "json");
        for (JsonNode finding : io.towpath.lab.Json.read(check.out())) {
            if (finding.path("check").asText().equals("calico-policies")) {
                return finding.path("verdict").asText() + ": "
                        + finding.path("found").asText();
            }
        }
        throw new AssertionError(check.out() + check.err());
    }

    @Test
    void theyAreNamedByStatusCheckLogAndMetricUntilTheyAreGone() {
        lab.api.serveCalico();
        put("Tier", "name: default", "{order: 1000000}");
        Agent agent = lab.start("a", AgentLab.POLICY);
        awaitCount(agent, 0);
        assertEquals(0, agent.metric(METRIC));
        assertEquals("ok: the cluster has no objects of Calico's own kinds", checked(agent));
        assertFalse(agent.log().contains(WARNING), agent::log);

        put("GlobalNetworkPolicy", "name: default.lock", "{selector: all(), types: [Ingress]}");
        put("NetworkPolicy", "name: default.web, namespace: shop", "{selector: app == 'web', types: [Ingress]}");
        put("HostEndpoint", "name: a-eth0", "{node: a, interfaceName: eth0}");
        // It looks again now and then, and when it starts.
        agent.terminate();
        agent.start().awaitReady();
        awaitCount(agent, 3);
        String[] names = {"GlobalNetworkPolicy default.lock", "NetworkPolicy shop/default.web", "HostEndpoint a-eth0"};
        assertEquals(3, agent.metric(METRIC));
        assertIn(unenforced(agent).path("names").toString(), names);
        assertTrue(unenforced(agent).path("problem").isNull());
        assertIn(agent.operator("status").out(), names);
        assertIn(checked(agent), names);
        assertTrue(checked(agent).startsWith("warn: the cluster has 3 objects"), () -> checked(agent));
        String line = agent.log()
                .lines()
                .filter(each -> each.contains(WARNING))
                .findAny()
                .orElseThrow(() -> new AssertionError(agent.log()));
        assertIn(line, names);
        assertIn(line, "warn", "count=3");

        lab.api.delete(Kind.CALICO_GLOBAL_NETWORK_POLICY, "", "default.lock");
        lab.api.delete(Kind.CALICO_NETWORK_POLICY, "shop", "default.web");
        lab.api.delete(Kind.CALICO_HOST_ENDPOINT, "", "a-eth0");
        agent.terminate();
        agent.start().awaitReady();
        awaitCount(agent, 0);
        assertFalse(
                agent.operator("status").out().contains("Calico"),
                () -> agent.operator("status").out());
    }
}
