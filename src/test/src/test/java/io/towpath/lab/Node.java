package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.api.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A node: a namespace with a link to the underlay, and the folders that are the node's alone. */
public final class Node {
    private final Lab lab;
    private final String name;
    private final Namespace namespace;
    private final Path folder;
    private final Path plugin;
    private final List<String> addresses;
    private final List<String> slices;

    Node(Lab lab, String name, List<String> addresses, List<String> slices) {
        this.lab = lab;
        this.name = name;
        this.addresses = List.copyOf(addresses);
        this.slices = List.copyOf(slices);
        this.namespace = lab.namespace(name);
        this.folder = lab.folder().resolve(name);
        this.plugin = lab.plugin();
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // Nodes forward: whoever sets up a node for Kubernetes sees to that.
        namespace.sysctl("net/ipv4/ip_forward", "1");
        namespace.sysctl("net/ipv6/conf/all/forwarding", "1");
    }

    public String name() {
        return name;
    }

    public Namespace namespace() {
        return namespace;
    }

    /** What belongs to this node on the disk is all below. */
    public Path folder() {
        return folder;
    }

    public Path plugin() {
        return plugin;
    }

    /** Its first address in the underlay. */
    public String address() {
        return addresses.getFirst();
    }

    public List<String> addresses() {
        return addresses;
    }

    /** Its part of the pods' network. */
    public String slice() {
        return slices.getFirst();
    }

    public List<String> slices() {
        return slices;
    }

    public Path clusterFile() {
        return folder.resolve("cluster.json");
    }

    public Path stateDir() {
        return folder.resolve("run");
    }

    public Path subnetEnv() {
        return folder.resolve("subnet.env");
    }

    public Path dataDir() {
        return folder.resolve("networks");
    }

    /** What an agent keeps for a boot. */
    public Path cacheDir() {
        return folder.resolve("cache");
    }

    /** As a boot leaves it: in the kernel nothing of ours or of pods, and of files those that are on a disk. The agent must have ended. */
    public void boot() {
        for (JsonNode link : namespace.show("link", "show")) {
            String each = link.path("ifname").asText();
            if (each.startsWith("cali") || each.startsWith("flannel")) {
                namespace.ip("link delete dev " + each);
            }
        }
        namespace.run("nft", "flush", "ruleset");
        try {
            Lab.deleteFolder(stateDir());
            Files.delete(subnetEnv());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The shipped conf with this node's paths. */
    public NetConf conf() {
        return NetConf.shipped()
                .with("clusterFile", clusterFile())
                .with("stateDir", stateDir())
                .with("subnetEnv", subnetEnv())
                .ipam("dataDir", dataDir());
    }

    /** The shipped conflist with this node's paths, as it would lie in the runtime's conf folder. */
    public ObjectNode conflist() {
        ObjectNode list = NetConf.shippedList();
        ObjectNode plugin = conf().tree();
        plugin.remove(List.of("name", "cniVersion"));
        list.putArray("plugins").add(plugin);
        return list;
    }

    /** The leases of the shipped conf's network. */
    public Leases leases() {
        return leases(conf().name());
    }

    /** The leases of a network. */
    public Leases leases(String network) {
        return new Leases(dataDir().resolve(network));
    }

    /** A pod whose container ID is made from its name, and no other pod's. */
    public Pod pod(String pod) {
        return pod(pod, 0);
    }

    /** A pod of this name in its n-th container. */
    public Pod pod(String pod, int attempt) {
        String suffix = attempt == 0 ? "" : "-" + attempt;
        String id = sha256(lab.id() + "/" + name + "/" + pod + suffix);
        return new Pod(this, pod, id, lab.namespace(name + "-" + pod + suffix));
    }

    /** A call of the plugin that is about no pod: GC, STATUS, VERSION. */
    public Call call(String verb, NetConf conf) {
        return Call.of(plugin, namespace, verb, conf);
    }

    /** GC with these pods as the valid ones. */
    public Answer gc(Pod... valid) {
        return gc(conf().version("1.1.0"), valid);
    }

    /** GC with these pods as the valid ones. */
    public Answer gc(NetConf conf, Pod... valid) {
        List<String> attachments = new java.util.ArrayList<>();
        for (Pod pod : valid) {
            attachments.add("{'containerID':'" + pod.containerId() + "','ifname':'" + pod.ifName() + "'}");
        }
        String list = "[" + String.join(",", attachments) + "]";
        return call("GC", conf.with("cni.dev/valid-attachments", list).with("cni.dev/attachments", list))
                .run();
    }

    /** An agent that follows this node's cluster file; not started yet. It ends with the lab. */
    public Agent agent() {
        return lab.with(Agent.ofFile(this));
    }

    /** An agent that follows an API server; not started yet. It ends with the lab. */
    public Agent agent(ApiServer api) {
        return lab.with(Agent.ofApi(this, api));
    }

    /** An agent that is told by its options or its pod where the API is; not started yet. It ends with the lab. */
    public Agent kubernetesAgent() {
        return lab.with(Agent.ofKubernetes(this));
    }

    /** All that is in the node's kernel and on its disk. */
    public NodeState state() {
        return NodeState.of(this);
    }

    /** Writes the file that says who is in the cluster. */
    public void writeClusterFile(ObjectNode cluster) {
        Json.write(clusterFile(), cluster);
    }

    private static String sha256(String text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
