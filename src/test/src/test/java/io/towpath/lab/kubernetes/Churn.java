package io.towpath.lab.kubernetes;

import io.towpath.lab.Cgroups;
import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/** What a cluster goes through in its life: agents that are away, restarts, drains, storms of pods. Nothing may be lost or left. */
final class Churn {
    private static final int NODE_FULL = 110;
    private static final int STORM = 200;
    private static final int JOBS = 200;
    private static final long AWAY_SECONDS = 60;
    private static final List<String> WEB = List.of("web-a1", "web-b1");

    private final KubeCluster cluster;
    private final Pods pods;
    private final Path root;

    private Churn(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("churn");
        Installed.with(part, Settings.DUAL, logs, cluster -> new Churn(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("pods on two nodes, each with the other, over both families", () -> pods.start(WEB));
        part.check("agents are away for a minute: nodes stay Ready, pods start", this::agentsAway);
        part.check("an update to an image that cannot be pulled: the same", this::noImage);
        part.check("the kubelets restart", () -> restarted(KubeNode::restartKubelet));
        part.check("containerd restarts", () -> restarted(KubeNode::restartContainerd));
        part.check("a node is drained and comes back", this::drained);
        part.check("a pod's host port goes to its successor while the first one still ends", this::hostPort);
        part.check("pods in user namespaces, with a host port and a policy", this::userNamespace);
        part.check(NODE_FULL + " pods at once on a node", this::fullNode);
        part.check(STORM + " pods at once on a starved node", this::storm);
        part.check(JOBS + " jobs", this::jobs);
        part.check("pods that go leave nothing", this::leaks);
        part.check("no container was out of memory or started twice", () -> Installed.memory(cluster));
    }

    private String agentsAway() throws IOException, InterruptedException {
        NodeWatch watch = new NodeWatch(cluster);
        cluster.kubectl("delete", "daemonset", "towpath", "-n", "kube-system");
        startPodsMeanwhile();
        cluster.apply(cluster.manifest());
        return wellAgain(watch);
    }

    private String noImage() throws InterruptedException {
        NodeWatch watch = new NodeWatch(cluster);
        String image = "daemonset/towpath";
        cluster.kubectl(
                "set",
                "image",
                "-n",
                "kube-system",
                image,
                "agent=ghcr.io/towpath/towpath:none",
                "install=ghcr.io/towpath/towpath:none");
        cluster.await(
                "a kubelet says that there is no such image",
                () -> cluster.kubectl("get", "pods", "-n", "kube-system").contains("ImagePull"));
        startPodsMeanwhile();
        cluster.kubectl("rollout", "undo", "-n", "kube-system", image);
        return wellAgain(watch);
    }

    /** Has a pod to start on each node, and asks those that run again and again. */
    private void startPodsMeanwhile() {
        cluster.apply(Pods.web("waits-a", "waits", "node-a") + "---\n" + Pods.web("waits-b", "waits", "node-b"));
        long end = System.nanoTime() + AWAY_SECONDS * 1_000_000_000L;
        while (System.nanoTime() < end) {
            pods.allPairs(WEB);
            LockSupport.parkNanos(1_000_000_000L);
        }
    }

    private String wellAgain(NodeWatch watch) throws InterruptedException {
        cluster.awaitPods("default", "app=waits", 2);
        cluster.awaitPods("kube-system", Installed.SELECTOR, 2);
        cluster.kubectl("delete", "pods", "-l", "app=waits", "--grace-period=0");
        watch.requireReady();
        Events.requireNoFailedSandbox(cluster);
        return "";
    }

    /** What is done with a node. */
    private interface Deed {
        void to(KubeNode node) throws IOException;
    }

    private String restarted(Deed deed) throws IOException {
        for (KubeNode node : cluster.nodes()) {
            deed.to(node);
        }
        cluster.apply(Pods.web("later-a", "later", "node-a") + "---\n" + Pods.web("later-b", "later", "node-b"));
        cluster.awaitPods("default", "app=later", 2);
        pods.allPairs(List.of("web-a1", "web-b1", "later-a", "later-b"));
        cluster.kubectl("delete", "pods", "-l", "app=later", "--grace-period=0");
        pods.awaitNothingLeaked();
        return "";
    }

    private String drained() {
        cluster.kubectl("drain", "node-b", "--ignore-daemonsets", "--force", "--delete-emptydir-data");
        pods.awaitNothingLeaked();
        cluster.kubectl("uncordon", "node-b");
        return pods.start(WEB);
    }

    private String hostPort() {
        String stubborn = """
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, labels: {app: %1$s}}
                spec:
                  terminationGracePeriodSeconds: 20
                  nodeSelector: {kubernetes.io/hostname: node-a}
                  containers:
                    - name: web
                      image: %2$s
                      command: [bash, -c, "trap '' TERM; /agnhost netexec --http-port=8080 & while :; do wait; done"]
                      ports: [{containerPort: 8080, hostPort: 31080}]
                      readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
                """;
        cluster.apply(stubborn.formatted("first", Images.AGNHOST));
        cluster.awaitPods("default", "app=first", 1);
        String node = cluster.nodes().getFirst().address();
        cluster.await("the first one answers", () -> answers(node, "first"));
        String group = cluster.nodes()
                .getFirst()
                .podGroup(cluster.get("pod", "first").at("/metadata/uid").asText());
        cluster.kubectl("delete", "pod", "first", "--force", "--grace-period=0");
        long start = System.nanoTime();
        cluster.apply(stubborn.formatted("second", Images.AGNHOST));
        cluster.awaitPods("default", "app=second", 1);
        double seconds = (System.nanoTime() - start) / 1e9;
        cluster.await("the second one answers", () -> answers(node, "second"));
        cluster.await("the first one has ended", () -> Cgroups.processes(group).isEmpty());
        if (!answers(node, "second")) {
            throw new AssertionError("the port leads nowhere after the first one has ended");
        }
        Events.requireNoFailedSandbox(cluster);
        cluster.kubectl("delete", "pod", "second", "--force", "--grace-period=0");
        return String.format(Locale.ROOT, "Ready after %.1f s", seconds);
    }

    private boolean answers(String address, String name) {
        Command.Outcome outcome = pods.ask("web-b1", address, 31080, "hostname");
        return outcome.exit() == 0 && outcome.out().equals(name);
    }

    private String userNamespace() {
        cluster.apply(Pods.web("mapped", "mapped", "node-a", "hostUsers: false"));
        cluster.awaitPods("default", "app=mapped", 1);
        String map = cluster.exec("default", "mapped", "cat", "/proc/self/uid_map")
                .succeeded()
                .out();
        if (map.strip().split("\\s+", -1)[1].equals("0")) {
            throw new AssertionError("the pod's root is the node's: " + map);
        }
        String deny = """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: mapped}
                spec: {podSelector: {matchLabels: {app: mapped}}, policyTypes: [Ingress]}
                """;
        pods.allPairs(List.of("mapped", "web-a1", "web-b1"));
        cluster.apply(deny);
        String target = pods.addresses("mapped").getFirst();
        cluster.await("the policy holds", () -> !pods.reaches("web-b1", target, Pods.PORT));
        cluster.delete(deny);
        cluster.kubectl("delete", "pod", "mapped", "--grace-period=0");
        return "";
    }

    private String fullNode() {
        int there = cluster.get("pods", "-A", "--field-selector", "spec.nodeName=node-a")
                .path("items")
                .size();
        return atOnce("full", NODE_FULL - there);
    }

    /** As many programs that only compute as the machine has processors want them while the pods start. */
    private String storm() {
        List<Process> busy = new ArrayList<>();
        try {
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                busy.add(Command.of("sh", "-c", "while :; do :; done")
                        .startInto(cluster.logs().resolve("busy.log")));
            }
            return atOnce("storm", STORM);
        } finally {
            busy.forEach(Process::destroyForcibly);
        }
    }

    private String atOnce(String name, int count) {
        cluster.apply(
                many(count, i -> Pods.web(name + "-" + i, name, "node-a").replaceAll("(?m)^.*readinessProbe.*\n", "")));
        long start = System.nanoTime();
        cluster.awaitPods("default", "app=" + name, count);
        double seconds = (System.nanoTime() - start) / 1e9;
        Events.requireNoFailedSandbox(cluster);
        cluster.kubectl("delete", "pods", "-l", "app=" + name, "--grace-period=0", "--force", "--wait=false");
        pods.awaitNothingLeaked();
        return String.format(Locale.ROOT, "%d started in %.0f s", count, seconds);
    }

    private String jobs() {
        cluster.apply(many(JOBS, i -> """
                apiVersion: batch/v1
                kind: Job
                metadata: {name: job-%d, labels: {app: job}}
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers: [{name: job, image: "%s", command: ["true"]}]
                """.formatted(i, Images.AGNHOST)));
        cluster.await(
                "all jobs are done",
                () -> cluster.kubectl("get", "jobs", "-l", "app=job", "-o", "jsonpath={.items[*].status.succeeded}")
                                .split(" ", -1)
                                .length
                        == JOBS);
        Events.requireNoFailedSandbox(cluster);
        cluster.kubectl("delete", "jobs", "-l", "app=job", "--wait=false");
        return "";
    }

    private static String many(int count, IntFunction<String> manifest) {
        List<String> manifests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            manifests.add(manifest.apply(i));
        }
        return String.join("---\n", manifests);
    }

    private String leaks() {
        cluster.kubectl("delete", "pods", "--all", "-n", "default", "--grace-period=0", "--force");
        return pods.awaitNothingLeaked();
    }
}
