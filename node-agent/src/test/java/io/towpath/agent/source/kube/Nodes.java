package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Consumer;

/** Nodes as the API has them. */
final class Nodes {
    static final String PREFIX = AnnotationNames.DEFAULT_PREFIX + "/";

    private Nodes() {}

    /** A node that has a slice and no overlay yet; a number from 0 to 65535 tells it from others. */
    static ObjectNode bare(String name, int number) {
        ObjectNode node = FakeApi.MAPPER.createObjectNode().put("kind", "Node").put("apiVersion", "v1");
        ObjectNode metadata = node.putObject("metadata").put("name", name);
        metadata.putObject("labels").put("kubernetes.io/hostname", name);
        metadata.putObject("annotations").put("node.alpha.kubernetes.io/ttl", "0");
        metadata.putArray("managedFields").addObject().put("manager", "kubelet").putObject("fieldsV1");
        String slice = "10." + (64 + number / 256) + "." + number % 256 + ".0/24";
        node.putObject("spec").put("podCIDR", slice).putArray("podCIDRs").add(slice);
        ObjectNode status = node.putObject("status");
        status.putArray("conditions").addObject().put("type", "Ready").put("status", "True");
        status.putArray("images")
                .addObject()
                .put("sizeBytes", 1)
                .putArray("names")
                .add("registry.example/a:1");
        return node;
    }

    /** A node that flanneld runs on. */
    static ObjectNode flannel(String name, int number) {
        ObjectNode node = bare(name, number);
        annotate(node, "kube-subnet-manager", "true");
        annotate(node, "backend-type", "vxlan");
        annotate(node, "backend-data", "{\"VNI\":1,\"VtepMAC\":\"" + mac(number) + "\"}");
        annotate(node, "public-ip", "192.168." + number / 256 + "." + number % 256);
        return node;
    }

    static String mac(int number) {
        return String.format("02:00:00:00:%02x:%02x", number / 256, number % 256);
    }

    static void annotate(ObjectNode node, String name, String value) {
        node.withObject("/metadata").withObject("/annotations").put(PREFIX + name, value);
    }

    static ObjectNode with(ObjectNode node, Consumer<ObjectNode> change) {
        change.accept(node);
        return node;
    }

    /** As the client reads it. */
    static KubeNode read(ObjectNode node) {
        try {
            return FakeApi.MAPPER.treeToValue(node, KubeNode.class);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
