package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Manifest;
import io.towpath.lab.Plugin;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A cluster of real programs, and what its administrator does. Closed, it leaves nothing but its logs. */
final class KubeCluster implements AutoCloseable {
    /** Two processors take minutes for a node's worth of pods. */
    private static final Duration PATIENCE = Duration.ofMinutes(6);

    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Lab lab = new Lab(Plugin.towpath());
    private final Peers peers = Peers.built();
    private final Settings settings;
    private final Path logs;
    private final ControlPlane controlPlane;
    private final List<KubeNode> nodes = new ArrayList<>();
    private final List<Path> images;
    private final List<Path> loaded = new ArrayList<>();
    private int made;

    /** A control plane and nodes, which have no network yet. */
    KubeCluster(Settings settings, int nodeCount, Path logs) throws IOException {
        this.settings = settings;
        this.logs = Files.createDirectories(logs);
        try {
            images = Images.ofEveryNode(peers, lab.folder().resolve("images"));
            controlPlane = lab.with(new ControlPlane(lab, peers, settings, logs));
            for (int i = 0; i < nodeCount; i++) {
                join();
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    Settings settings() {
        return settings;
    }

    Peers peers() {
        return peers;
    }

    ControlPlane controlPlane() {
        return controlPlane;
    }

    List<KubeNode> nodes() {
        return nodes;
    }

    /** A node by its name in the cluster. */
    KubeNode node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    Path logs() {
        return logs;
    }

    /** A folder that goes with the cluster. */
    Path folder() {
        return lab.folder();
    }

    /** A further node, with all images that the others have; it has no network yet. */
    KubeNode join() throws IOException {
        KubeNode node = lab.with(new KubeNode(lab, peers, settings, controlPlane, made, images, logs));
        made++;
        nodes.add(node);
        loaded.forEach(node::load);
        return node;
    }

    /** A node goes for good, and its administrator deletes it. */
    void leave(KubeNode node) throws IOException {
        node.close();
        nodes.remove(node);
        kubectl("delete", "node", node.name());
    }

    /** Puts images onto all nodes, also onto those that are yet to come. */
    void load(List<Path> archives) {
        loaded.addAll(archives);
        archives.forEach(archive -> nodes.forEach(node -> node.load(archive)));
    }

    /** Makes Towpath's image of the tree that was built, as the Dockerfile says, and puts it onto all nodes. */
    void loadTowpath(Path root) throws IOException {
        load(List.of(Images.towpath(root, lab.folder().resolve("images"))));
    }

    /** The shipped manifest as it is, but for what its first lines tell the operator to set: the pods' network. */
    String manifest() throws IOException {
        String text = Files.readString(Manifest.file());
        if (settings.ipv6()) {
            String network = "\"Network\": \"10.244.0.0/16\",";
            if (!text.contains(network)) {
                throw new AssertionError("the manifest's net-conf.json has no line " + network);
            }
            String ipv6 = "\"EnableIPv6\": true, \"IPv6Network\": \"fd00:10:244::/56\",";
            text = text.replace(network, settings.ipv4() ? network + ipv6 : "\"EnableIPv4\": false, " + ipv6);
        }
        return text;
    }

    /** Objects that the lab brings: a file beside the classes. */
    static String resource(String name) {
        try (InputStream in =
                Objects.requireNonNull(KubeCluster.class.getResourceAsStream("/kubernetes/" + name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** kubectl, which must succeed; what it printed. */
    String kubectl(String... words) {
        return controlPlane.kubectl(words).succeeded().out();
    }

    /** kubectl apply. */
    void apply(String yaml) {
        command("apply", yaml);
    }

    /** kubectl delete, of what the text describes. */
    void delete(String yaml) {
        command("delete", yaml);
    }

    /** kubectl replace --force: deletes, and creates anew, as what cannot be changed is changed. */
    void replace(String yaml) {
        command("replace", yaml, "--force");
    }

    private void command(String verb, String yaml, String... options) {
        Command command =
                controlPlane.kubectlCommand(verb, "-f", "-").and(options).stdin(yaml.getBytes(StandardCharsets.UTF_8));
        controlPlane.namespace().inside(command).run().succeeded();
    }

    /** What the API has, for example {@code get("pods", "-A")}. */
    JsonNode get(String... words) {
        String[] all = new String[words.length + 3];
        all[0] = "get";
        System.arraycopy(words, 0, all, 1, words.length);
        all[words.length + 1] = "-o";
        all[words.length + 2] = "json";
        return Json.read(kubectl(all));
    }

    /** A command in the first container of a pod. */
    Command.Outcome exec(String namespace, String pod, String... words) {
        String[] all = new String[words.length + 5];
        System.arraycopy(new String[] {"exec", "-n", namespace, pod, "--"}, 0, all, 0, 5);
        System.arraycopy(words, 0, all, 5, words.length);
        return controlPlane.kubectl(all);
    }

    /** Waits, for minutes if need be; says what the cluster has if it never happens. */
    void await(String what, BooleanSupplier condition) {
        await(what, condition, this::situation);
    }

    /** As above, with something else to say. */
    void await(String what, BooleanSupplier condition, Supplier<String> otherwise) {
        Await.until(what, PATIENCE, PAUSE, condition, otherwise);
    }

    /** Has all pods of a Deployment or DaemonSet replaced, and waits until they are. */
    void restart(String namespace, String what) {
        kubectl("rollout", "restart", "-n", namespace, what);
        await(
                what + " is rolled out",
                () -> controlPlane
                                .kubectl("rollout", "status", "-n", namespace, what, "--timeout", "1s")
                                .exit()
                        == 0);
    }

    /** Waits until all nodes are Ready; returns after how many seconds they were. */
    double awaitNodesReady() {
        long start = System.nanoTime();
        await("all nodes are Ready", () -> readyNodes().size() == nodes.size());
        return (System.nanoTime() - start) / 1e9;
    }

    /** The names of the nodes that are Ready. */
    List<String> readyNodes() {
        List<String> ready = new ArrayList<>();
        for (JsonNode node : get("nodes").path("items")) {
            for (JsonNode condition : node.at("/status/conditions")) {
                if (condition.path("type").asText().equals("Ready")
                        && condition.path("status").asText().equals("True")) {
                    ready.add(node.at("/metadata/name").asText());
                }
            }
        }
        return ready;
    }

    /** Waits until there are so many pods with a label, all Ready. */
    void awaitPods(String namespace, String selector, int count) {
        await(count + " pods " + selector + " are Ready", () -> readyPods(namespace, selector) == count);
    }

    private long readyPods(String namespace, String selector) {
        long ready = 0;
        for (JsonNode pod : get("pods", "-n", namespace, "-l", selector).path("items")) {
            for (JsonNode condition : pod.at("/status/conditions")) {
                if (condition.path("type").asText().equals("Ready")
                        && condition.path("status").asText().equals("True")
                        && pod.at("/metadata/deletionTimestamp").isMissingNode()) {
                    ready++;
                }
            }
        }
        return ready;
    }

    /** What somebody wants to see who has waited in vain. */
    String situation() {
        return "\n"
                + controlPlane.kubectl("get", "nodes,pods", "-A", "-o", "wide").out()
                + controlPlane
                        .kubectl("get", "events", "-A", "--sort-by", ".lastTimestamp")
                        .out()
                        .lines()
                        .filter(line -> line.contains("Warning"))
                        .reduce("", (all, line) -> all + line + "\n");
    }

    /** Writes what the API knows beside the programs' logs. */
    void keepSituation() throws IOException {
        Files.writeString(
                logs.resolve("pods.txt"),
                controlPlane.kubectl("get", "nodes,pods", "-A", "-o", "wide").out());
        Files.writeString(
                logs.resolve("events.txt"),
                controlPlane
                        .kubectl("get", "events", "-A", "--sort-by", ".lastTimestamp")
                        .out());
        for (JsonNode pod : Json.read(controlPlane
                        .kubectl("get", "pods", "-n", "kube-system", "-o", "json")
                        .out())
                .path("items")) {
            String name = pod.at("/metadata/name").asText();
            Files.writeString(
                    logs.resolve(name + ".log"),
                    controlPlane
                            .kubectl("logs", "-n", "kube-system", name, "--all-containers", "--prefix")
                            .out());
        }
    }

    @Override
    public void close() {
        lab.close();
    }
}
