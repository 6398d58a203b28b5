package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What flanneld on another node, the scheduler, and other plugins on this one go by. */
@OnLab
class FlannelContractTest {
    private static final String FLANNEL = NodeObjects.FLANNEL;

    private static String mac(Node node, String device) {
        return node.namespace()
                .show("link", "show", "dev", device)
                .path(0)
                .path("address")
                .asText();
    }

    private static JsonNode backendData(String mac) {
        return Json.object("{'VNI':1}").put("VtepMAC", mac);
    }

    @Test
    void annotationsAndCondition() {
        try (AgentLab lab = new AgentLab("a")) {
            lab.join("a");
            Await.until(
                    "the condition",
                    () -> lab.api
                            .condition("a", "NetworkUnavailable")
                            .path("status")
                            .asText()
                            .equals("False"));
            assertEquals("true", lab.api.annotation("a", FLANNEL + "kube-subnet-manager"));
            assertEquals("vxlan", lab.api.annotation("a", FLANNEL + "backend-type"));
            assertEquals("192.168.50.1", lab.api.annotation("a", FLANNEL + "public-ip"));
            assertEquals(
                    backendData(mac(lab.node("a"), "flannel.1")),
                    Json.read(lab.api.annotation("a", FLANNEL + "backend-data")));
            JsonNode condition = lab.api.condition("a", "NetworkUnavailable");
            assertEquals("FlannelIsUp", condition.path("reason").asText());
            assertEquals(
                    "Flannel is running on this node", condition.path("message").asText());
            assertEquals("True", lab.api.condition("a", "Ready").path("status").asText(), "others' conditions stay");
            assertEquals("0", lab.api.annotation("a", "node.alpha.kubernetes.io/ttl"), "others' annotations stay");
            assertOnlyAllowedRequests(lab);
        }
    }

    /** With the verbs of the shipped role, and with all of them. */
    private static void assertOnlyAllowedRequests(AgentLab lab) {
        Set<String> allowed = new HashSet<>();
        for (JsonNode rule : Manifest.ofKind("ClusterRole").path("rules")) {
            for (JsonNode verb : rule.path("verbs")) {
                allowed.add(verb.asText() + " " + rule.path("resources").path(0).asText());
            }
        }
        for (String request : lab.api.requests()) {
            assertTrue(allowed.contains(request), request);
        }
    }

    @Test
    void bothFamilies() throws IOException {
        try (AgentLab lab = new AgentLab(true, true, "a")) {
            lab.join("a");
            Node a = lab.node("a");
            Await.until(
                    "the annotations",
                    () -> !lab.api.annotation("a", FLANNEL + "public-ipv6").isEmpty());
            assertEquals("2001:db8:50::1", lab.api.annotation("a", FLANNEL + "public-ipv6"));
            assertEquals(
                    backendData(mac(a, "flannel-v6.1")),
                    Json.read(lab.api.annotation("a", FLANNEL + "backend-v6-data")));
            List<String> lines = Files.readAllLines(a.subnetEnv());
            assertTrue(lines.contains("FLANNEL_IPV6_NETWORK=fd00:10:244::/56"), lines::toString);
            assertTrue(lines.contains("FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64"), lines::toString);
        }
    }

    @Test
    void subnetEnv() throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.join("a");
            assertEquals(
                    Set.of(
                            "FLANNEL_NETWORK=10.244.0.0/16",
                            "FLANNEL_SUBNET=10.244.1.1/24",
                            "FLANNEL_MTU=1450",
                            "FLANNEL_IPMASQ=true"),
                    Set.copyOf(Files.readAllLines(lab.node("a").subnetEnv())));
        }
    }

    @Test
    void publicIpMayBeOverwritten() {
        try (AgentLab lab = new AgentLab("a", "b")) {
            lab.register("a");
            lab.api.annotate("a", FLANNEL + "public-ip-overwrite", "198.51.100.1");
            lab.start("a");
            lab.join("b");
            Await.until(
                    "the address",
                    () -> lab.api.annotation("a", FLANNEL + "public-ip").equals("198.51.100.1"));
            Await.until(
                    "b's entry",
                    () -> AgentLab.hasPeer(
                            lab.node("b").namespace(), lab.node("a").slice(), "198.51.100.1"));
        }
    }

    @Test
    void theMacOutlivesRestartAndReboot() throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.register("a");
            // As flanneld had it.
            lab.api.annotate("a", FLANNEL + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"0a:11:22:33:44:55\"}");
            Agent agent = lab.start("a");
            Node a = lab.node("a");
            assertEquals("0a:11:22:33:44:55", mac(a, "flannel.1"));
            agent.terminate();
            agent.start().awaitReady();
            assertEquals("0a:11:22:33:44:55", mac(a, "flannel.1"));
            agent.kill();
            a.namespace().ip("link delete flannel.1");
            for (java.nio.file.Path file : List.of(a.stateDir(), a.subnetEnv())) {
                io.towpath.lab.Command.of("rm", "-rf", file.toString()).run().succeeded();
            }
            agent.start().awaitReady();
            assertEquals("0a:11:22:33:44:55", mac(a, "flannel.1"));
            assertEquals(
                    backendData("0a:11:22:33:44:55"), Json.read(lab.api.annotation("a", FLANNEL + "backend-data")));
        }
    }
}
