package io.towpath.lab.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import java.util.List;

/** Node objects as large as those of a real cluster. */
public final class NodeObjects {
    /** What flannel's annotations begin with. */
    public static final String FLANNEL = "flannel.alpha.coreos.com/";

    /** A kubelet reports at most 50 images by default (--node-status-max-images). */
    private static final int IMAGES = 50;

    private static final int PODS = 110;

    private NodeObjects() {}

    /** As kubelet and the node IPAM controller leave it. */
    public static ObjectNode registered(String name, List<String> slices, String address) {
        ObjectNode node = Json.object("{'kind':'Node','apiVersion':'v1'}");
        ObjectNode metadata = node.putObject("metadata");
        metadata.put("name", name);
        metadata.put("uid", "00000000-0000-4000-8000-" + String.format("%012x", name.hashCode() & 0xffffffffL));
        metadata.put("creationTimestamp", "2026-01-01T00:00:00Z");
        metadata.putObject("labels")
                .put("kubernetes.io/hostname", name)
                .put("kubernetes.io/arch", "amd64")
                .put("kubernetes.io/os", "linux");
        metadata.putObject("annotations")
                .put("node.alpha.kubernetes.io/ttl", "0")
                .put("volumes.kubernetes.io/controller-managed-attach-detach", "true");
        ObjectNode spec = node.putObject("spec");
        if (!slices.isEmpty()) {
            spec.put("podCIDR", slices.getFirst());
            ArrayNode list = spec.putArray("podCIDRs");
            slices.forEach(list::add);
        }
        ObjectNode status = node.putObject("status");
        status.putObject("capacity").put("cpu", "8").put("memory", "32Gi").put("pods", String.valueOf(PODS));
        status.set("allocatable", status.path("capacity").deepCopy());
        ArrayNode conditions = status.putArray("conditions");
        condition(conditions, "NetworkUnavailable", "True", "NoRouteCreated", "Node created without a route");
        for (String type : List.of("MemoryPressure", "DiskPressure", "PIDPressure")) {
            condition(conditions, type, "False", "KubeletHasEnough", "kubelet has enough");
        }
        condition(conditions, "Ready", "True", "KubeletReady", "kubelet is posting ready status");
        ArrayNode addresses = status.putArray("addresses");
        addresses.addObject().put("type", "InternalIP").put("address", address);
        addresses.addObject().put("type", "Hostname").put("address", name);
        status.putObject("nodeInfo")
                .put("kernelVersion", "6.18.0")
                .put("osImage", "Debian GNU/Linux 12 (bookworm)")
                .put("containerRuntimeVersion", "containerd://1.6.20")
                .put("kubeletVersion", "v1.36.0");
        ArrayNode images = status.putArray("images");
        for (int i = 0; i < IMAGES; i++) {
            ObjectNode image = images.addObject();
            image.putArray("names")
                    .add("registry.example/team/service-" + i + "@sha256:" + "0123456789abcdef".repeat(4))
                    .add("registry.example/team/service-" + i + ":v1." + i);
            image.put("sizeBytes", 10_000_000 + i);
        }
        return node;
    }

    /** As flanneld marks a node that it serves: over IPv4 alone. */
    public static ObjectNode ofFlannel(String name, String slice, String address, String vtepMac) {
        ObjectNode node = registered(name, List.of(slice), address);
        node.withObjectProperty("metadata")
                .withObjectProperty("annotations")
                .put(FLANNEL + "kube-subnet-manager", "true")
                .put(FLANNEL + "backend-type", "vxlan")
                .put(FLANNEL + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"" + vtepMac + "\"}")
                .put(FLANNEL + "public-ip", address);
        return node;
    }

    private static void condition(ArrayNode conditions, String type, String status, String reason, String message) {
        conditions
                .addObject()
                .put("type", type)
                .put("status", status)
                .put("lastHeartbeatTime", "2026-01-01T00:00:00Z")
                .put("lastTransitionTime", "2026-01-01T00:00:00Z")
                .put("reason", reason)
                .put("message", message);
    }
}
