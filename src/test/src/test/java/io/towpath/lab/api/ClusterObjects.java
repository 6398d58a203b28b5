package io.towpath.lab.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import java.util.List;
import java.util.Map;

/** Namespaces and pods, as a cluster has them. */
public final class ClusterObjects {
    private ClusterObjects() {}

    /** A namespace, also with the label that the API gives each. */
    public static ObjectNode namespace(String name, Map<String, String> labels) {
        ObjectNode namespace = object(Kind.NAMESPACE, "", name, labels);
        namespace.withObjectProperty("metadata").withObjectProperty("labels").put("kubernetes.io/metadata.name", name);
        namespace.putObject("status").put("phase", "Active");
        return namespace;
    }

    /**
     * A pod.
     *
     * @param node empty while it is not scheduled
     * @param addresses those of its status, none while the kubelet knows none
     */
    public static ObjectNode pod(
            String namespace, String name, Map<String, String> labels, String node, List<String> addresses) {
        ObjectNode pod = object(Kind.POD, namespace, name, labels);
        ObjectNode spec = pod.putObject("spec");
        spec.putArray("containers").addObject().put("name", "main").put("image", "registry.example/team/main:v1");
        spec.put("restartPolicy", "Always").put("terminationGracePeriodSeconds", 30);
        if (!node.isEmpty()) {
            spec.put("nodeName", node);
        }
        ObjectNode status = pod.putObject("status").put("phase", addresses.isEmpty() ? "Pending" : "Running");
        if (!addresses.isEmpty()) {
            status.put("podIP", addresses.getFirst());
            ArrayNode list = status.putArray("podIPs");
            addresses.forEach(address -> list.addObject().put("ip", address));
        }
        return pod;
    }

    /** Gives the pod's container a port with a name. */
    public static ObjectNode withPort(ObjectNode pod, String name, String protocol, int port) {
        ((ObjectNode) pod.at("/spec/containers/0"))
                .withArrayProperty("ports")
                .addObject()
                .put("name", name)
                .put("protocol", protocol)
                .put("containerPort", port);
        return pod;
    }

    private static ObjectNode object(Kind kind, String namespace, String name, Map<String, String> labels) {
        ObjectNode object = Json.object("{}")
                .put("kind", kind.text)
                .put("apiVersion", kind.apiVersion(kind.versions().getLast()));
        ObjectNode metadata = object.putObject("metadata").put("name", name);
        if (!namespace.isEmpty()) {
            metadata.put("namespace", namespace);
        }
        metadata.put("creationTimestamp", "2026-01-01T00:00:00Z");
        ObjectNode texts = metadata.putObject("labels");
        labels.forEach(texts::put);
        return object;
    }
}
