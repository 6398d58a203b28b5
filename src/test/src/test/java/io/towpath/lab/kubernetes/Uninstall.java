package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Towpath, installed as it is shipped, is taken off a node as conf/MIGRATION.md says, which is then as before; and comes back. */
final class Uninstall {
    private static final String LEAVING = "node-b";
    private static final List<String> WEB = List.of("web-a1", "web-b1", "web-b2");
    private static final int HOST_PORT = 8090;
    private static final String HEADING = "## Taking Towpath off a node";

    /** What the kubelet and the runtime write, the operator's own label, and the lock of a folder of leases that has none. */
    private static final String OF_OTHERS =
            "^. (file: /var/lib/cni/(results/|networks/k8s-pod-network/l)|labels: towpath.io/network=|annotations: volumes[.]kubernetes|condition: (Ready|MemoryPressure|DiskPressure|PIDPressure)$)";

    /** Of pods that run: links with their settings, routes, leases, host ports; and the overlay's devices. */
    private static final String STAYS = OF_OTHERS
            + "|cali|nft inet towpath-hostports|flannel|file: /var/lib/towpath/migrate/towpath/|/var/lib/cni/networks/k8s-pod-network/|condition: NetworkUnavailable";

    private final KubeCluster cluster;
    private final Path root;
    private final Pods pods;
    private final Guide guide;
    private final Path folder;
    private @Nullable NodeTraces before;
    private @Nullable Probe own;
    private @Nullable Probe other;

    private Uninstall(KubeCluster cluster, Path root) throws IOException {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
        folder = Files.createDirectories(cluster.folder().resolve("administrator"));
        guide = new Guide(cluster, root, "conf/MIGRATION.md", folder);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("uninstall");
        Installed.with(part, Settings.DUAL, logs, cluster -> new Uninstall(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("a node as it is before any network", this::before);
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("pods, one with a host port, one with a policy", this::workloads);
        part.check("a dry run changes nothing, and says what would go", this::dryRun);
        part.require(
                "the node is left, by the page",
                () -> guide.follow(HEADING, LEAVING).lines().reduce("", (_, line) -> line));
        part.check("nothing is left on it but what its pods have, and devices", () -> left(STAYS));
        part.check("its pods run on, and so do others", this::goOn);
        part.check("once more, with pods and devices: the node is as before", this::all);
        part.require("the manifest is deleted, and applied again", this::again);
        part.check("new pods on both nodes, each with the other, over both families", this::anew);
        part.check("nodes hold what pods need and nothing else", pods::awaitNothingLeaked);
    }

    private KubeNode node() {
        return cluster.node(LEAVING);
    }

    private NodeTraces traces() {
        return NodeTraces.of(cluster, node());
    }

    /** When kube-proxy has come to rest. */
    private String before() {
        cluster.await("kube-proxy's rules are there", () -> {
            NodeTraces last = before;
            before = traces();
            return before.equals(last) && before.lines().stream().anyMatch(line -> line.contains("KUBE-"));
        });
        return Objects.requireNonNull(before).lines().size() + " lines";
    }

    private String workloads() throws IOException {
        String port = "ports: [{containerPort: " + Pods.PORT + ", hostPort: " + HOST_PORT + "}]";
        cluster.apply(Pods.web("web-a1", "a1", "node-a")
                + "---\n"
                + Pods.web("web-b1", "b1", LEAVING).replace("readinessProbe:", port + "\n      readinessProbe:")
                + "---\n" + Pods.web("web-b2", "b2", LEAVING));
        pods.awaitReady(WEB);
        pods.allPairs(WEB);
        cluster.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: closed}
                spec: {podSelector: {matchLabels: {app: b2}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: a1}}}]}]}
                """);
        String closed = pods.addresses("web-b2").getFirst();
        cluster.await("the policy keeps out web-b1", () -> !pods.reaches("web-b1", closed, Pods.PORT));
        own = probe("its own pod", "web-b1", node());
        other = probe("the other node's pod", "web-a1", cluster.node("node-a"));
        return "";
    }

    private Probe probe(String what, String pod, KubeNode from) {
        return new Probe(what, pod, from.network(), pods.addresses(pod).getFirst(), Pods.PORT, cluster.logs());
    }

    private String dryRun() throws IOException, InterruptedException {
        cluster.await(
                "the agent has kept what it knows, which it does by itself within half a minute",
                () -> traces().lines().contains("file: /run/towpath/policy-facts.id"));
        NodeTraces running = traces();
        Guide.Outcome outcome = guide.run("kubectl towpath uninstall \"$NODE\" --dry-run", LEAVING);
        for (String word : List.of(
                "10-towpath.conflist",
                "/opt/cni/bin/towpath",
                "inet towpath-policy",
                "condition NetworkUnavailable",
                "backend-data")) {
            if (!outcome.said().contains("would remove: ") || !outcome.said().contains(word)) {
                throw new AssertionError("nothing is said of " + word + ": " + outcome.said());
            }
        }
        Set<String> changes = traces().changesSince(running, OF_OTHERS);
        if (outcome.exit() != 0 || !changes.isEmpty()) {
            throw new AssertionError("exit code " + outcome.exit() + "\n" + String.join("\n", changes));
        }
        return "";
    }

    private String left(String expected) {
        NodeTraces first = Objects.requireNonNull(before);
        cluster.await(
                "the node is as before",
                () -> traces().changesSince(first, expected).isEmpty(),
                () -> String.join("\n", traces().changesSince(first, expected)));
        return "";
    }

    private String goOn() {
        String port = "http://" + node().address() + ":" + HOST_PORT + "/hostname";
        cluster.await(
                "its host port answers",
                () -> node().inside("curl", "-gs", "--noproxy", "*", "--max-time", "1", port)
                        .run()
                        .out()
                        .equals("web-b1"));
        for (Probe probe : List.of(Objects.requireNonNull(own), Objects.requireNonNull(other))) {
            if (probe.lost() > 0 || !probe.strangers().isEmpty()) {
                throw new AssertionError(probe + ", answered by " + probe.strangers());
            }
        }
        return own + ", " + other;
    }

    private String all() throws IOException, InterruptedException {
        guide.run("kubectl towpath uninstall \"$NODE\" --pods --devices", LEAVING);
        return left(OF_OTHERS);
    }

    private String again() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("towpath.yaml"), cluster.manifest());
        cluster.kubectl("label", "node", LEAVING, "towpath.io/network-");
        guide.run("kubectl delete -f towpath.yaml && kubectl apply -f towpath.yaml", LEAVING);
        double seconds = cluster.awaitNodesReady();
        cluster.awaitPods("kube-system", Installed.SELECTOR, 2);
        return "Ready after " + Math.round(seconds) + " s";
    }

    private String anew() {
        cluster.kubectl("delete", "networkpolicy", "closed");
        // Without a network for long, they may have been evicted.
        cluster.kubectl("delete", "pod", "web-b1", "web-b2", "--ignore-not-found", "--timeout", "120s");
        return pods.start(WEB);
    }
}
