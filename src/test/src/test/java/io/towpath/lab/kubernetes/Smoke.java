package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
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

    /** Of a1, which may ask b2 and nobody else. */
    private static final String A1_ASKS_B2_ALONE = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: smoke-egress}
            spec:
              podSelector: {matchLabels: {app: a1}}
              policyTypes: [Egress]
              egress: [{to: [{podSelector: {matchLabels: {app: b2}}}]}]
            """;

    private static final int METRICS = 9097;
    private static final int SERVICE_PORT = 80;

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

    /** The same where kube-proxy has the kernel's own load balancer; skipped where the kernel has none. */
    static void besideIpvs(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("ipvs");
        if (!Files.exists(Path.of("/proc/net/ip_vs"))) {
            part.skip(
                    "the smoke beside kube-proxy in mode ipvs",
                    "this kernel has no IPVS, or its module ip_vs is not loaded");
            return;
        }
        Installed.with(
                part, Settings.IPV4, List.of("ipvs", "ipvs"), logs, cluster -> new Smoke(cluster, root).checks(part));
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
        part.check("an egress policy is asked of a Service's endpoint", this::egress);
        part.check("a node port on both nodes", this::nodePort);
        String limits = "20 MB to and from a pod with 10M each way take 16 s";
        if (Await.SLOWNESS > 1) {
            part.skip(limits, "an emulated processor says nothing about time");
        } else {
            part.check(limits, () -> Limits.check(cluster, pods, "web-b1"));
        }
        part.check("each node's metrics are there for a pod elsewhere, and nothing else is", this::metrics);
        part.check("an agent is replaced while pods come and go", this::replaced);
        part.check("a node reboots and its pods come back", this::reboot);
        part.check("pods that go leave nothing", this::leaks);
        part.check("the role allows what is asked for, and nothing else", this::role);
    }

    /** Makes a Service of an app's pods, and returns its address. */
    private String serve(String name, String app, String type) {
        cluster.apply("""
                apiVersion: v1
                kind: Service
                metadata: {name: %s}
                spec:
                  type: %s
                  selector: {app: %s}
                  ports: [{port: %d, targetPort: %d}]
                """.formatted(name, type, app, SERVICE_PORT, Pods.PORT));
        return cluster.get("service", name).at("/spec/clusterIP").asText();
    }

    private String service() {
        String address = serve("web", "b2", "ClusterIP");
        for (String from : List.of("web-a1", "web-b1")) {
            cluster.await("the Service answers " + from, () -> pods.reaches(from, address, SERVICE_PORT));
            cluster.await(
                    "the Service answers " + from + " by name",
                    () -> pods.ask(from, "web.default.svc.cluster.local", SERVICE_PORT, "hostname")
                            .out()
                            .equals("web-b2"));
        }
        return "";
    }

    private String egress() {
        String allowed = cluster.get("service", "web").at("/spec/clusterIP").asText();
        String closed = serve("other", "b1", "ClusterIP");
        cluster.await("the other Service answers web-a1", () -> pods.reaches("web-a1", closed, SERVICE_PORT));
        cluster.apply(A1_ASKS_B2_ALONE);
        cluster.await(
                "the policy keeps web-a1 from the other Service", () -> !pods.reaches("web-a1", closed, SERVICE_PORT));
        if (!pods.reaches("web-a1", allowed, SERVICE_PORT)) {
            throw new AssertionError("the policy keeps web-a1 from the Service whose endpoint it allows");
        }
        if (!pods.reaches("web-a2", closed, SERVICE_PORT)) {
            throw new AssertionError("the policy keeps web-a2, which it does not select, from the other Service");
        }
        cluster.delete(A1_ASKS_B2_ALONE);
        cluster.await(
                "without the policy, the other Service answers web-a1",
                () -> pods.reaches("web-a1", closed, SERVICE_PORT));
        return "";
    }

    private String nodePort() {
        serve("port", "b2", "NodePort");
        int port = cluster.get("service", "port").at("/spec/ports/0/nodePort").asInt();
        for (KubeNode node : cluster.nodes()) {
            cluster.await(
                    node.name() + "'s port answers from outside", () -> pods.outsiderReaches(node.address(), port));
            for (String from : List.of("web-a1", "web-b1")) {
                cluster.await(node.name() + "'s port answers " + from, () -> pods.reaches(from, node.address(), port));
            }
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
