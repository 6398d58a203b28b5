package io.towpath.lab.kubernetes;

import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** A cluster whose API is away: what is in force stays, and what needs no API starts. */
final class Outages {
    private static final long AWAY_NANOS = 80_000_000_000L;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final List<String> WEB = List.of("web-a1", "web-b1");

    private static final String CLOSED = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: %1$s}
            spec: {podSelector: {matchLabels: {app: %1$s}}, policyTypes: [Ingress]}
            """;

    private final KubeCluster cluster;
    private final Pods pods;
    private final Path root;

    private Outages(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("outages");
        Installed.with(part, Settings.IPV4, logs, cluster -> new Outages(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("pods on two nodes, each with the other", () -> pods.start(WEB));
        part.check("the API is away for 80 s: pods reach each other, a policy holds", this::apiAway);
        part.check("a Node that cannot be served is told by an event", this::leftOut);
        part.check("a node boots while the API is away: a static pod has its network and its policy", this::boot);
    }

    private String apiAway() {
        cluster.apply(Pods.web("closed", "closed", "node-a"));
        cluster.apply(CLOSED.formatted("closed"));
        cluster.awaitPods("default", "app=closed", 1);
        String closed = pods.addresses("closed").getFirst();
        String open = pods.addresses("web-a1").getFirst();
        Namespace client = pods.namespace("web-b1");
        cluster.await("the policy holds", () -> !Pods.gets(client, closed));
        cluster.controlPlane().stopApi();
        long end = System.nanoTime() + AWAY_NANOS;
        while (System.nanoTime() < end) {
            if (!Pods.getsAtLast(client, open)) {
                throw new AssertionError("web-a1 does not answer web-b1");
            }
            if (Pods.gets(client, closed)) {
                throw new AssertionError("the policy is no longer in force");
            }
            LockSupport.parkNanos(SECOND_NANOS);
        }
        cluster.controlPlane().startApi();
        long start = System.nanoTime();
        cluster.apply(CLOSED.formatted("a1"));
        cluster.await("a policy that came after the outage holds", () -> !Pods.gets(client, open));
        double seconds = (System.nanoTime() - start) / 1e9;
        cluster.delete(CLOSED.formatted("a1"));
        cluster.await("and is gone again", () -> Pods.gets(client, open));
        return String.format(Locale.ROOT, "a policy was in force %.1f s after the API was ready", seconds);
    }

    /** Its range is not the cluster's. Nobody is there, so its Ready has to be said again and again. */
    private String leftOut() {
        cluster.apply("""
                apiVersion: v1
                kind: Node
                metadata:
                  name: stranger
                  annotations:
                    flannel.alpha.coreos.com/backend-type: vxlan
                    flannel.alpha.coreos.com/backend-data: '{"VNI":1,"VtepMAC":"02:00:00:00:00:63"}'
                    flannel.alpha.coreos.com/kube-subnet-manager: "true"
                    flannel.alpha.coreos.com/public-ip: 192.168.60.99
                spec: {podCIDR: 10.99.1.0/24, podCIDRs: [10.99.1.0/24]}
                """);
        try {
            cluster.await("an event tells of it", () -> {
                cluster.kubectl("patch", "node", "stranger", "--subresource=status", "-p", ready());
                return cluster.kubectl("get", "events", "-n", "default", "--field-selector", "reason=OverlayIncomplete")
                        .contains("stranger");
            });
        } finally {
            cluster.kubectl("delete", "node", "stranger");
        }
        return "";
    }

    /** A patch by which a Node is Ready now. */
    private static String ready() {
        return """
                {"status": {"conditions": [
                  {"type": "Ready", "status": "True", "reason": "Lab", "message": "lab", "lastHeartbeatTime": "%s"}]}}
                """.formatted(Instant.now());
    }

    /** The kubelet starts static pods alone before the API has answered, so the agent is a service of the node here. */
    private String boot() throws IOException {
        cluster.kubectl("delete", "daemonset", "towpath", "-n", "kube-system");
        KubeNode node = cluster.nodes().getLast();
        cluster.await(
                "the agents have ended",
                () -> cluster.get("pods", "-n", "kube-system", "-l", Installed.SELECTOR)
                        .path("items")
                        .isEmpty());
        startAgents();
        cluster.apply(CLOSED.formatted("static"));
        Files.writeString(
                node.disk().manifests().resolve("static.yaml"),
                Pods.web("static", "static", node.name()).replaceAll("(?m)^.*(nodeSelector|readinessProbe).*\n", ""));
        cluster.awaitPods("default", "app=static", 1);
        Path kept = node.disk().path("towpath").resolve("policy-facts.json");
        cluster.await(
                "the facts are kept on the disk, the static pod among them",
                () -> holds(kept, "static-" + node.name()));
        Namespace client = pods.namespace("web-a1");
        cluster.controlPlane().stopApi();
        node.rebootAlone();
        startAgent(node);
        cluster.await(
                "the static pod has an address", () -> !node.routedPods().isEmpty(), () -> "see " + cluster.logs());
        String address = node.routedPods().iterator().next();
        cluster.await("the static pod answers its node", () -> Pods.gets(node.network(), address), () -> "");
        if (Pods.gets(client, address)) {
            throw new AssertionError("the static pod's policy is not in force after the boot");
        }
        String status = node.towpathNode(root, "status");
        cluster.controlPlane().startApi();
        cluster.awaitNodesReady();
        cluster.delete(CLOSED.formatted("static"));
        cluster.await("without the policy, the static pod answers", () -> Pods.gets(client, address), () -> "");
        return status.lines()
                .filter(line -> line.contains("known"))
                .findFirst()
                .orElse("")
                .strip();
    }

    private static boolean holds(Path file, String text) {
        try {
            return Files.exists(file) && Files.readString(file).contains(text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void startAgents() throws IOException {
        for (KubeNode node : cluster.nodes()) {
            startAgent(node);
        }
    }

    private void startAgent(KubeNode node) throws IOException {
        Path config = cluster.folder().resolve("control-plane/towpath.conf");
        if (!Files.exists(config)) {
            String token = cluster.kubectl("create", "token", "towpath", "-n", "kube-system")
                    .strip();
            cluster.controlPlane().kubeconfig("towpath", "token: \"" + token + "\"");
            Files.writeString(
                    cluster.folder().resolve("net-conf.json"),
                    "{\"Network\": \"" + cluster.settings().podCidr() + "\", \"Backend\": {\"Type\": \"vxlan\"}}");
        }
        List<String> words = new ArrayList<>(
                List.of(root.resolve("node-agent/target/towpath-node").toString(), "agent"));
        words.addAll(List.of("--kubeconfig-file", config.toString(), "--node-name", node.name()));
        words.addAll(List.of(
                "--net-config-path", cluster.folder().resolve("net-conf.json").toString()));
        node.start("towpath-node", words.toArray(String[]::new));
    }
}
