package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Json;
import io.towpath.lab.Namespace;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;

/**
 * A node that flanneld serves, played by ip, bridge and kubectl's annotations: what flanneld programs into the kernel and what it
 * reads and writes in the API, as its source has it. Its pods are the reference plugin ptp's with host-local, under Canal's name.
 */
final class FlannelNode {
    private static final String FLANNEL = NodeObjects.FLANNEL;

    private final Node node;
    private final ApiServer api;
    private final Set<String> peers = new HashSet<>();

    FlannelNode(Node node, ApiServer api) {
        this.node = node;
        this.api = api;
    }

    /** As flanneld starts: its stored MAC if there is one, else a new one; its device, its annotations, subnet.env. */
    FlannelNode start(String newMac) {
        String stored = api.annotation(node.name(), FLANNEL + "backend-data");
        String mac =
                stored.isEmpty() ? newMac : Json.read(stored).path("VtepMAC").asText();
        Namespace at = node.namespace();
        if (!at.hasLink("flannel.1")) {
            at.ip("link add flannel.1 address " + mac + " type vxlan id 1 local " + node.address()
                    + " dev eth0 dstport 8472 nolearning");
            at.sysctl("net/ipv6/conf/flannel.1/accept_ra", "0");
            at.ip("address add " + gateway(node.slice()) + "/32 dev flannel.1", "link set flannel.1 mtu 1450 up");
        } else if (!mac(at).equals(mac)) {
            throw new AssertionError("flanneld ends here: " + mac(at) + " is not " + mac);
        }
        api.annotate(
                node.name(),
                FLANNEL + "kube-subnet-manager",
                "true",
                FLANNEL + "backend-type",
                "vxlan",
                FLANNEL + "backend-data",
                "{\"VNI\":1,\"VtepMAC\":\"" + mac + "\"}",
                FLANNEL + "public-ip",
                node.address());
        try {
            Files.writeString(
                    node.subnetEnv(),
                    "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET="
                            + node.slice().replace(".0/24", ".1/24") + "\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sync();
        return this;
    }

    /** As flanneld follows the nodes: those that some flannel has marked, each by its neighbour, entry and route. */
    void sync() {
        Set<String> gone = new HashSet<>(peers);
        for (JsonNode each : api.nodes()) {
            JsonNode annotations = each.at("/metadata/annotations");
            String name = each.at("/metadata/name").asText();
            boolean marked = annotations
                            .path(FLANNEL + "kube-subnet-manager")
                            .asText()
                            .equals("true")
                    && annotations.path(FLANNEL + "backend-type").asText().equals("vxlan");
            if (!marked || name.equals(node.name())) {
                continue;
            }
            String slice = each.at("/spec/podCIDR").asText();
            String mac = Json.read(annotations.path(FLANNEL + "backend-data").asText())
                    .path("VtepMAC")
                    .asText();
            String address = annotations.path(FLANNEL + "public-ip").asText();
            Namespace at = node.namespace();
            at.ip("neigh replace " + gateway(slice) + " dev flannel.1 lladdr " + mac + " nud permanent");
            at.run("bridge", "fdb", "replace", mac, "dev", "flannel.1", "dst", address, "self", "permanent");
            at.ip("route replace " + slice + " via " + gateway(slice) + " dev flannel.1 onlink");
            peers.add(slice);
            gone.remove(slice);
        }
        for (String slice : gone) {
            node.namespace().ip("route delete " + slice, "neigh delete " + gateway(slice) + " dev flannel.1");
            peers.remove(slice);
        }
    }

    /** A pod as on a Canal node, with its lease where Canal has it; it is not added yet. */
    Pod pod(String name) {
        NetConf conf = node.conf()
                .ipam("{'type': 'host-local', 'subnet': '" + node.slice() + "', 'routes': [{'dst': '0.0.0.0/0'}]}")
                .with("type", "ptp")
                .with("mtu", 1450);
        return node.pod(name).plugin(Plugin.reference("ptp")).conf(conf);
    }

    private static String gateway(String slice) {
        return slice.replaceFirst("/.*", "");
    }

    private static String mac(Namespace at) {
        return at.show("link", "show", "dev", "flannel.1")
                .path(0)
                .path("address")
                .asText();
    }
}
