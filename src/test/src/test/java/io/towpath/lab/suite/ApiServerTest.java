package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.ClusterObjects;
import io.towpath.lab.api.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** That the lab's API server is sound, seen by curl from a node. */
@OnLab
class ApiServerTest {
    @AutoClose
    private final Lab lab = new Lab(Plugin.reference("ptp")).withNodes("a").withGateway();

    private final ApiServer api = lab.api();
    private final Namespace node = lab.node().namespace();

    private JsonNode ask(String path, String... options) {
        return Json.read(node.inside(curl(path, options)).run().succeeded().out());
    }

    private Command curl(String path, String... options) {
        return Command.of("curl", "-sS", "--noproxy", "*").and(options).and(api.url() + "/api/v1/nodes" + path);
    }

    private String get(String path) {
        return node.inside(Command.of("curl", "-sS", "--noproxy", "*", api.url() + path))
                .run()
                .succeeded()
                .out();
    }

    @Test
    void nodesAreListedInParts() {
        for (int i = 0; i < 3; i++) {
            api.addNode("n" + i, List.of("10.244." + i + ".0/24"), "192.0.2." + i);
        }
        assertEquals(3, ask("").path("items").size());
        JsonNode first = ask("?limit=2");
        assertEquals(2, first.path("items").size());
        String more = first.at("/metadata/continue").asText();
        assertEquals(
                "n2",
                ask("?limit=2&continue=" + more).at("/items/0/metadata/name").asText());
        assertEquals(1, ask("?fieldSelector=metadata.name%3Dn1").path("items").size());
        assertEquals("10.244.1.0/24", ask("/n1").at("/spec/podCIDRs/0").asText());
    }

    @Test
    void patchOfTheStatusLeavesTheSpecAndFindsConditionsByTheirType() {
        api.addNode("a", List.of("10.244.1.0/24"), "192.0.2.1");
        JsonNode patched = ask(
                "/a/status",
                "-X",
                "PATCH",
                "-H",
                "Content-Type: application/strategic-merge-patch+json",
                "-d",
                "{\"metadata\":{\"annotations\":{\"x/y\":\"1\",\"node.alpha.kubernetes.io/ttl\":null}},\"spec\":{\"podCIDR\":\"\"},"
                        + "\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"False\"}]}}");
        assertEquals("1", api.annotation("a", "x/y"));
        assertEquals("", api.annotation("a", "node.alpha.kubernetes.io/ttl"));
        assertEquals("10.244.1.0/24", patched.at("/spec/podCIDR").asText());
        assertEquals(
                "False", api.condition("a", "NetworkUnavailable").path("status").asText());
        assertEquals("True", api.condition("a", "Ready").path("status").asText());
        assertEquals(Set.of("patch nodes/status"), api.requests());
    }

    @Test
    void whatTheRoleDoesNotAllowIsForbidden() {
        api.addNode("a", List.of("10.244.1.0/24"), "192.0.2.1");
        assertEquals(403, ask("/a", "-X", "DELETE").path("code").asInt());
        assertEquals(403, ask("/a", "-X", "PUT", "-d", "{}").path("code").asInt());
    }

    @Test
    void watchersAreToldInOrderAndOfTheirConnectionsEnd() throws IOException {
        api.addNode("a", List.of("10.244.1.0/24"), "192.0.2.1");
        String revision = ask("").at("/metadata/resourceVersion").asText();
        Path log = lab.folder().resolve("watch");
        Process watch =
                node.background(curl("?watch=true&allowWatchBookmarks=true&resourceVersion=" + revision, "-N"), log);
        api.addNode("b", List.of("10.244.2.0/24"), "192.0.2.2");
        api.annotate("a", "x/y", "1");
        api.deleteNode("b");
        Await.until("all is told", () -> types(log).contains("BOOKMARK"));
        assertEquals(
                List.of("ADDED", "MODIFIED", "DELETED", "BOOKMARK"), types(log).subList(0, 4));
        assertTrue(Files.readString(log).contains("\"x/y\":\"1\""));
        api.down();
        Await.until("the connection is closed", () -> !watch.isAlive());
        assertNotEquals(0, node.inside(curl("")).run().exit());
        api.up();
        assertFalse(ask("").path("items").isEmpty());
        api.compact();
        String answer = node.inside(curl("?watch=true&resourceVersion=" + revision))
                .run()
                .out();
        assertEquals(410, Json.read(answer).at("/object/code").asInt());
    }

    @Test
    void podsAndPoliciesAreServedAndClusterPoliciesOnceTheyAreInstalled() {
        String pods = "/api/v1/pods";
        api.put(ClusterObjects.namespace("x", Map.of("team", "a")));
        api.put(ClusterObjects.pod("x", "web-0", Map.of("app", "web"), "a", List.of("10.244.1.2")));
        String uid = Json.read(get(pods)).at("/items/0/metadata/uid").asText();
        api.put(ClusterObjects.pod("x", "web-0", Map.of("app", "db"), "a", List.of("10.244.1.2")));
        JsonNode pod = Json.read(get(pods)).at("/items/0");
        assertEquals("db", pod.at("/metadata/labels/app").asText());
        assertEquals(uid, pod.at("/metadata/uid").asText());
        api.delete(Kind.POD, "x", "web-0");
        assertTrue(Json.read(get(pods)).path("items").isEmpty());

        String group = "/apis/policy.networking.k8s.io";
        String clusterPolicies = group + "/v1beta1/clusternetworkpolicies";
        assertEquals("404 page not found\n", get(clusterPolicies));
        assertEquals("404 page not found\n", get(group));
        api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: deny, namespace: x}
                spec: {podSelector: {}}
                ---
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: wide}
                spec: {tier: Admin, priority: 1, subject: {namespaces: {}}}
                """);
        String policies = "/apis/networking.k8s.io/v1/networkpolicies";
        assertEquals(
                "deny", Json.read(get(policies)).at("/items/0/metadata/name").asText());
        assertEquals(
                "ClusterNetworkPolicyList",
                Json.read(get(clusterPolicies)).path("kind").asText());
        // Written in one version, read in the other.
        assertEquals(
                "policy.networking.k8s.io/v1beta1",
                Json.read(get(clusterPolicies)).at("/items/0/apiVersion").asText());
        assertEquals(2, Json.read(get(group)).path("versions").size());
        api.serveClusterNetworkPolicies("v1beta1");
        assertEquals("v1beta1", Json.read(get(group)).at("/versions/0/version").asText());
        assertEquals(
                "clusternetworkpolicies",
                Json.read(get(group + "/v1beta1")).at("/resources/0/name").asText());
        assertEquals("404 page not found\n", get(group + "/v1alpha2"));
        assertEquals("404 page not found\n", get(group + "/v1alpha2/clusternetworkpolicies"));
        assertFalse(Json.read(get(clusterPolicies)).path("items").isEmpty());
        api.serveClusterNetworkPolicies(false);
        assertEquals("404 page not found\n", get(clusterPolicies));
        assertEquals(
                "x",
                Json.read(get("/api/v1/namespaces"))
                        .at("/items/0/metadata/name")
                        .asText());
    }

    private static List<String> types(Path log) {
        try {
            List<String> types = new ArrayList<>();
            for (String line : Files.readString(log).split("\n", -1)) {
                if (line.endsWith("}")) {
                    types.add(Json.read(line).path("type").asText());
                }
            }
            return types;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
