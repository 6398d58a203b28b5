package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The network configuration is wrong in the ConfigMap, and mended there: nothing is restarted for it. */
final class NetConfChanges {
    private static final String RIGHT = "\"Network\": \"10.244.0.0/16\"";
    private static final String ELSEWHERE = "\"Network\": \"10.99.0.0/16\"";
    private static final String NONSENSE = "\"Network\": \"10.244.0.0\"";
    private static final List<String> WEB = List.of("web-a1", "web-b1");

    private final KubeCluster cluster;
    private final Path root;
    private final Pods pods;

    private NetConfChanges(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("net-conf");
        Installed.with(part, Settings.IPV4, logs, cluster -> new NetConfChanges(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("with a Network that is not the cluster's, each node says so", this::installWrong);
        part.require("the ConfigMap is mended, and the nodes become Ready without a restart", this::mend);
        part.check("each node is as it must be: towpath-node overlay show and check want nothing", this::well);
        part.require("pods on two nodes, each with every other", () -> pods.start(WEB));
        part.check("a ConfigMap that becomes wrong changes nothing, and is told", this::spoil);
        part.check("no container was started twice", () -> Installed.memory(cluster));
    }

    private String installWrong() throws IOException {
        cluster.loadTowpath(root);
        apply(ELSEWHERE);
        for (KubeNode node : cluster.nodes()) {
            cluster.await(
                    "the condition of " + node.name(),
                    () -> condition(node).path("status").asText().equals("True"),
                    () -> condition(node).toString());
            String message = condition(node).path("message").asText();
            require(message.contains("podCIDR") && message.contains("ConfigMap towpath-config"), message);
            awaitEvent(node, "towpath-config");
        }
        require(cluster.readyNodes().isEmpty(), "Ready: " + cluster.readyNodes());
        return condition(cluster.nodes().getFirst()).path("message").asText();
    }

    private String mend() throws IOException {
        apply(RIGHT);
        double seconds = cluster.awaitNodesReady();
        cluster.awaitPods("kube-system", Installed.SELECTOR, cluster.nodes().size());
        for (KubeNode node : cluster.nodes()) {
            cluster.await(
                    "the condition of " + node.name(),
                    () -> condition(node).path("status").asText().equals("False"));
        }
        Installed.memory(cluster); // restarts nothing
        return "Ready %.0f s after that".formatted(seconds);
    }

    private String well() {
        for (KubeNode node : cluster.nodes()) {
            String shown = node.towpathNode(root, "overlay", "show");
            require(!shown.contains("accept_ra") && !shown.contains("would"), shown);
            String checked = node.towpathNode(root, "check");
            require(!checked.contains("fail "), checked);
        }
        return "";
    }

    private String spoil() throws IOException {
        apply(NONSENSE);
        KubeNode first = cluster.nodes().getFirst();
        awaitEvent(first, "10.244.0.0");
        require(cluster.readyNodes().size() == cluster.nodes().size(), "Ready: " + cluster.readyNodes());
        pods.allPairs(WEB);
        apply(RIGHT);
        return "";
    }

    private void apply(String network) throws IOException {
        String manifest = cluster.manifest();
        require(manifest.contains(RIGHT), "the manifest has no " + RIGHT);
        cluster.apply(manifest.replace(RIGHT, network));
    }

    private void awaitEvent(KubeNode node, String part) {
        cluster.await("an event of " + node.name() + " about " + part, () -> {
            for (JsonNode event : cluster.get(
                            "events", "-n", "default", "--field-selector", "reason=NetworkNotConfigured")
                    .path("items")) {
                if (event.at("/involvedObject/name").asText().equals(node.name())
                        && event.path("message").asText().contains(part)) {
                    return true;
                }
            }
            return false;
        });
    }

    private JsonNode condition(KubeNode node) {
        for (JsonNode each : cluster.get("node", node.name()).at("/status/conditions")) {
            if (each.path("type").asText().equals("NetworkUnavailable")) {
                return each;
            }
        }
        return MissingNode.getInstance();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
