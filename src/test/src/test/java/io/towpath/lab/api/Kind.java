package io.towpath.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;

/** The kinds of objects that the server has. */
public enum Kind {
    NODE("Node", "", "nodes"),
    POD("Pod", "", "pods"),
    NAMESPACE("Namespace", "", "namespaces"),
    NETWORK_POLICY("NetworkPolicy", "networking.k8s.io", "networkpolicies"),
    /**
     * Served once there was one, or {@link ApiServer#serveClusterNetworkPolicies} said so: a custom resource, whose versions say the same
     * in the same words.
     */
    CLUSTER_NETWORK_POLICY("ClusterNetworkPolicy", "policy.networking.k8s.io", "clusternetworkpolicies"),
    /** These and the next are Calico's: served once there was one, or {@link ApiServer#serveCalico} said so. */
    CALICO_GLOBAL_NETWORK_POLICY("GlobalNetworkPolicy", Kind.CALICO, "globalnetworkpolicies"),
    CALICO_NETWORK_POLICY("NetworkPolicy", Kind.CALICO, "networkpolicies"),
    CALICO_HOST_ENDPOINT("HostEndpoint", Kind.CALICO, "hostendpoints"),
    CALICO_TIER("Tier", Kind.CALICO, "tiers"),
    CALICO_GLOBAL_NETWORK_SET("GlobalNetworkSet", Kind.CALICO, "globalnetworksets"),
    CALICO_NETWORK_SET("NetworkSet", Kind.CALICO, "networksets");

    private static final String CALICO = "crd.projectcalico.org";

    final String text;
    final String group;
    final String plural;

    Kind(String text, String group, String plural) {
        this.text = text;
        this.group = group;
        this.plural = plural;
    }

    /** Those that there are, the best last. */
    List<String> versions() {
        return this == CLUSTER_NETWORK_POLICY ? List.of("v1alpha2", "v1beta1") : List.of("v1");
    }

    String apiVersion(String version) {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /** Where all of them are listed, of all namespaces. */
    String path(String version) {
        return (group.isEmpty() ? "/api/" : "/apis/") + apiVersion(version) + "/" + plural;
    }

    static Kind of(JsonNode object) {
        String kind = object.path("kind").asText();
        String version = object.path("apiVersion").asText();
        return Arrays.stream(values())
                .filter(each -> each.text.equals(kind)
                        && each.versions().stream().map(each::apiVersion).anyMatch(version::equals))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("not served: " + version + " " + kind));
    }

    boolean isNamespaced() {
        return this == POD || this == NETWORK_POLICY || this == CALICO_NETWORK_POLICY || this == CALICO_NETWORK_SET;
    }

    boolean isOfCalico() {
        return group.equals(CALICO);
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
