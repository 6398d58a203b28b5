package io.towpath.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;

/** The kinds of objects that the server has. */
public enum Kind {
    NODE("Node", "v1", "nodes"),
    POD("Pod", "v1", "pods"),
    NAMESPACE("Namespace", "v1", "namespaces"),
    NETWORK_POLICY("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    /** Served once there was one, or {@link ApiServer#serveClusterNetworkPolicies} said so: a custom resource. */
    CLUSTER_NETWORK_POLICY("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", "clusternetworkpolicies");

    final String text;
    final String apiVersion;
    final String plural;

    Kind(String text, String apiVersion, String plural) {
        this.text = text;
        this.apiVersion = apiVersion;
        this.plural = plural;
    }

    /** Where all of them are listed, of all namespaces. */
    String path() {
        return (apiVersion.contains("/") ? "/apis/" : "/api/") + apiVersion + "/" + plural;
    }

    static Kind of(JsonNode object) {
        String kind = object.path("kind").asText();
        String version = object.path("apiVersion").asText();
        return Arrays.stream(values())
                .filter(each -> each.text.equals(kind) && each.apiVersion.equals(version))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("not served: " + version + " " + kind));
    }

    boolean isNamespaced() {
        return this == POD || this == NETWORK_POLICY;
    }

    /** What tells an object from the others of its kind. */
    String key(ObjectNode object) {
        JsonNode metadata = object.path("metadata");
        return key(metadata.path("namespace").asText(), metadata.path("name").asText());
    }

    String key(String namespace, String name) {
        return isNamespaced() ? namespace + "/" + name : name;
    }
}
