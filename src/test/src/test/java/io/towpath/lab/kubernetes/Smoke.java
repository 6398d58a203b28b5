package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** What must work before anything else is worth trying: minutes, on a cluster of two nodes. */
final class Smoke {
    private static final List<String> WEB = List.of("web-a1", "web-a2", "web-b1", "web-b2");
    private static final String DENY_ALL_TO_A1 = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: smoke}
            spec:
              podSelector: {matchLabels: {app: a1}}
              policyTypes: [Ingress]
              ingress: [{from: [{podSelector: {matchLabels: {app: b1}}}]}]
            """;

    private static final int METRICS = 9097;

    private final KubeCluster cluster;
    private final Pods pods;
    private final Path root;
    private final Operator operator;

    private Smoke(KubeCluster cluster, Path root) throws IOException {
        this.cluster = cluster;
        this.root = root;
        operator = new Operator(cluster, root);
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("smoke");
        Installed.with(part, Settings.IPV4, logs, cluster -> new Smoke(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.check("no container was out of memory or started twice", () -> Installed.memory(cluster));
        part.require("the cluster's DNS", () -> Installed.dns(cluster));
        part.require("pods on two nodes, each with every other", () -> pods.start(WEB));
        part.check("a Service by its address and by its name", this::service);
        part.check("kubectl towpath asks one node and all nodes", operator::asks);
        part.check("a NetworkPolicy closes, is explained, and opens when it goes", this::policy);
        part.check("kubectl towpath uninstall ends at once where there is no image", operator::noImage);
        part.check("20 MB to and from a pod with 10M each way take 16 s", () -> Limits.check(cluster, pods, "web-b1"));
        part.check("each node's metrics are there for a pod elsewhere, and nothing else is", this::metrics);
        part.check("an agent is replaced while pods come and go", this::replaced);
        part.check("a node reboots and its pods come back", this::reboot);
        part.check("pods that go leave nothing", this::leaks);
        part.check("the role allows what is asked for, and nothing else", this::role);
    }

    private String service() {
        cluster.apply("""
                apiVersion: v1
                kind: Service
                metadata: {name: web}
                spec:
                  selector: {app: b2}
                  ports: [{port: 80, targetPort: 8080}]
                """);
        String address = cluster.get("service", "web").at("/spec/clusterIP").asText();
        for (String from : List.of("web-a1", "web-b1")) {
            cluster.await("the Service answers " + from, () -> pods.reaches(from, address, 80));
            cluster.await(
                    "the Service answers " + from + " by name",
                    () -> pods.ask(from, "web.default.svc.cluster.local", 80, "hostname")
                            .out()
                            .equals("web-b2"));
        }
        return "";
    }

    private String policy() throws IOException, InterruptedException {
        String target = pods.addresses("web-a1").getFirst();
        cluster.apply(DENY_ALL_TO_A1);
        for (String stranger : List.of("web-a2", "web-b2")) {
            cluster.await("the policy keeps out " + stranger, () -> !pods.reaches(stranger, target, Pods.PORT));
        }
        if (!pods.reaches("web-b1", target, Pods.PORT)) {
            throw new AssertionError("the policy keeps out web-b1, which it allows");
        }
        operator.explanations();
        cluster.delete(DENY_ALL_TO_A1);
        for (String stranger : List.of("web-a2", "web-b2")) {
            cluster.await(
                    "without the policy, " + stranger + " gets in", () -> pods.reaches(stranger, target, Pods.PORT));
        }
        return "";
    }

    private String metrics() {
        for (KubeNode node : cluster.nodes()) {
            String from = node.name().equals("node-a") ? "web-b2" : "web-a2";
            String answer = pods.ask(from, node.address(), METRICS, "metrics").out();
            if (!answer.contains("towpath_ready 1")) {
                throw new AssertionError(node.name() + " answers " + from + ": " + answer);
            }
            answer = pods.ask(from, node.address(), METRICS, "healthz").out();
            if (!answer.strip().equals("there is /metrics")) {
                throw new AssertionError(node.name() + " answers " + from + ": " + answer);
            }
        }
        return "";
    }

    private String replaced() throws InterruptedException {
        NodeWatch watch = new NodeWatch(cluster);
        cluster.kubectl("rollout", "restart", "-n", "kube-system", "daemonset/towpath");
        int count = 0;
        while (!isRolledOut()) {
            String name = "short-" + count;
            count++;
            cluster.apply(Pods.web(name, name, count % 2 == 0 ? "node-a" : "node-b"));
            cluster.awaitPods("default", "app=" + name, 1);
            cluster.kubectl("delete", "pod", name, "--wait=false");
        }
        watch.requireReady();
        Events.requireNoFailedSandbox(cluster);
        return count + " pods";
    }

    private boolean isRolledOut() {
        return cluster.controlPlane()
                        .kubectl("rollout", "status", "-n", "kube-system", "daemonset/towpath", "--timeout", "1s")
                        .exit()
                == 0;
    }

    private String reboot() throws IOException {
        KubeNode node = cluster.nodes().get(1);
        node.reboot();
        cluster.await(
                "the API knows that " + node.name() + " is back",
                () -> cluster.readyNodes().contains(node.name()));
        pods.awaitReady(WEB);
        cluster.await("every pod reaches every other after the reboot", () -> {
            try {
                pods.allPairs(WEB);
                return true;
            } catch (AssertionError _) {
                return false;
            }
        });
        return "";
    }

    private String leaks() {
        cluster.kubectl("delete", "pods", "--all", "-n", "default", "--grace-period=0", "--force");
        return pods.awaitNothingLeaked();
    }

    private String role() throws IOException {
        cluster.apply(KubeCluster.resource("clusternetworkpolicies.yaml"));
        cluster.await(
                "the agents ask for the custom resource",
                () -> audit().unused().isEmpty(),
                () -> "nobody asked: " + audit().unused());
        AuditLog audit = audit();
        if (!audit.refused().isEmpty() || !audit.beyond().isEmpty()) {
            throw new AssertionError("refused: " + audit.refused() + "; beyond the role: " + audit.beyond());
        }
        return "";
    }

    private AuditLog audit() {
        try {
            return new AuditLog(cluster.controlPlane().auditLog());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
