package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Who asks the nodes of a cluster by {@code kubectl towpath}, with the real kubectl. */
final class Operator {
    private static final String ON = "node-b";

    private final KubeCluster cluster;
    private final Guide guide;

    Operator(KubeCluster cluster, Path root) throws IOException {
        this.cluster = cluster;
        guide = new Guide(
                cluster,
                root,
                "conf/README.md",
                Files.createDirectories(cluster.folder().resolve("operator")));
    }

    private String told(int exit, String command, String... words) throws IOException, InterruptedException {
        Guide.Outcome outcome = guide.run("kubectl towpath " + command, ON);
        if (outcome.exit() != exit) {
            throw new AssertionError(command + ", exit code " + outcome.exit() + ": " + outcome.said());
        }
        for (String word : words) {
            if (!outcome.said().contains(word)) {
                throw new AssertionError(command + " says nothing of " + word + ": " + outcome.said());
            }
        }
        return outcome.said();
    }

    /** One node, all nodes, as text and as JSON. */
    String asks() throws IOException, InterruptedException {
        told(0, "status \"$NODE\"", ON);
        told(0, "status --all-nodes", "== node-a\n", "== node-b\n");
        told(0, "check --all-nodes", "== node-a\n", "== node-b\n", "overlay-entries");
        told(0, "overlay show \"$NODE\"", "flannel.1");
        told(0, "ipam list \"$NODE\"", "ADDRESS");
        told(0, "policy log --all-nodes");
        List<String> lines = told(0, "status --all-nodes -o json").lines().toList();
        for (String line : lines) {
            JsonNode node = Json.read(line);
            if (!node.at("/output/ready").asBoolean()) {
                throw new AssertionError("not ready, or no status: " + line);
            }
        }
        told(2, "status", "which node?");
        told(1, "status node-z", "there is no node node-z");
        return lines.size() + " nodes";
    }

    /** Of pods that are there, with a policy that closes web-a1 to all but web-b1. */
    String explanations() throws IOException, InterruptedException {
        told(0, "policy explain default/web-b1 default/web-a1 8080", "allowed");
        told(1, "policy explain default/web-b2 default/web-a1 8080", "denied");
        told(1, "policy explain default/web-b2 default/web-a1 8080 \"$NODE\"", "denied");
        told(2, "policy explain default/web-b2 default/nobody 8080", "there is no pod default/nobody");
        return "";
    }

    /** An image that no registry has ends it at once, with the kubelet's word, and leaves no pod. */
    String noImage() throws IOException, InterruptedException {
        long start = System.nanoTime();
        told(1, "uninstall \"$NODE\" --dry-run --image registry.invalid/towpath:0", "cannot be started on node-b: ");
        cluster.await(
                "its pod goes",
                () -> cluster.get("pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=towpath-uninstall")
                        .path("items")
                        .isEmpty());
        return Math.round((System.nanoTime() - start) / 1e9) + " s";
    }
}
