package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/** A cluster in which some nodes are flannel's, and the others Towpath's by the manifest as it is shipped, with a pod and a Service of each. */
final class MixedCluster {
    private static final int HOST_PORT = 8081;
    private final KubeCluster cluster;
    private final Flannel flannel;
    private final Pods pods;
    private final List<KubeNode> flannels = new ArrayList<>();
    private final List<Pings> pings = new ArrayList<>();
    private Ways ways = new Ways();

    MixedCluster(KubeCluster cluster) {
        this.cluster = cluster;
        flannel = new Flannel(cluster, Flannel.WHERE_TOWPATH_IS_NOT);
        pods = new Pods(cluster);
    }

    Flannel flannel() {
        return flannel;
    }

    /** Puts what both need onto the nodes, and says which of these are flannel's. */
    void prepare(Path root, List<String> ofFlannel) throws IOException {
        flannel.load();
        cluster.loadTowpath(root);
        for (String name : ofFlannel) {
            giveToFlannel(cluster.node(name));
        }
    }

    /** Says that a node is flannel's. */
    void giveToFlannel(KubeNode node) {
        cluster.kubectl("label", "node", node.name(), "towpath.io/network=no");
        flannels.add(node);
    }

    /** The nodes that are Towpath's. */
    List<KubeNode> towpaths() {
        return cluster.nodes().stream().filter(node -> !flannels.contains(node)).toList();
    }

    List<KubeNode> flannels() {
        return flannels.stream().filter(cluster.nodes()::contains).toList();
    }

    /** Waits until each node has its network and that network's agent; returns after how many seconds. */
    String awaitNetworks() {
        double seconds = cluster.awaitNodesReady();
        flannel.await(flannels().size());
        cluster.awaitPods("kube-system", Installed.SELECTOR, towpaths().size());
        return String.format(Locale.ROOT, "Ready after %.1f s", seconds);
    }

    private static String letter(KubeNode node) {
        return node.name().substring("node-".length());
    }

    /** The pod that is on a node. */
    static String pod(KubeNode node) {
        return "web-" + letter(node) + "1";
    }

    /** Starts what is asked on all nodes; what runs already goes on. */
    void startPods() {
        cluster.apply(KubeCluster.resource("mixed-host.yaml").replace("AGNHOST", Images.AGNHOST));
        for (KubeNode node : cluster.nodes()) {
            cluster.apply(Pods.web(pod(node), letter(node) + "1", node.name()));
            cluster.apply(KubeCluster.resource("mixed-service.yaml").replace("NODE", letter(node)));
        }
        awaitPods();
    }

    private void awaitPods() {
        cluster.awaitPods("default", "app=host", cluster.nodes().size());
        pods.awaitReady(cluster.nodes().stream().map(MixedCluster::pod).toList());
    }

    /** Looks at who is where now: pods have other addresses after a boot. */
    void look() {
        Map<String, Namespace> clients = new LinkedHashMap<>();
        for (KubeNode node : cluster.nodes()) {
            clients.put(pod(node), pods.namespace(pod(node)));
            clients.put(node.name(), node.network());
        }
        Ways now = new Ways();
        for (KubeNode node : cluster.nodes()) {
            String pod = pod(node);
            JsonNode service = cluster.get("service", "to-" + letter(node));
            int nodePort = service.at("/spec/ports/0/nodePort").asInt();
            List<String> addresses = pods.addresses(pod);
            clients.forEach((from, client) -> {
                for (String address : from.equals(pod) ? List.<String>of() : addresses) {
                    now.add(from, client, pod, address, Pods.PORT, pod);
                }
                for (String address : node.addressList()) {
                    now.add(from, client, node.name(), address, HOST_PORT, node.name());
                }
                for (JsonNode address : service.at("/spec/clusterIPs")) {
                    now.add(from, client, "Service to-" + letter(node), address.asText(), 80, pod);
                }
                byNodePort(now, from, client, nodePort, pod);
            });
            byNodePort(now, "outside", cluster.controlPlane().namespace(), nodePort, pod);
        }
        ways = now;
    }

    private void byNodePort(Ways now, String from, Namespace client, int port, String pod) {
        for (KubeNode by : cluster.nodes()) {
            for (String address : by.addressList()) {
                now.add(from, client, "NodePort of " + pod + " at " + by.name(), address, port, pod);
            }
        }
    }

    /** Asks all; fails unless everybody answers. */
    String all() {
        List<String> silent = ways.silent();
        if (!silent.isEmpty()) {
            throw new AssertionError(
                    silent.size() + " of " + ways.count() + " ways lead nowhere:\n" + String.join("\n", silent));
        }
        return ways.count() + " ways";
    }

    /** Asks all until everybody answers; returns after how many seconds. */
    String awaitAll() {
        long start = System.nanoTime();
        ways.awaitAll(cluster);
        return String.format(Locale.ROOT, "%d ways after %.0f s", ways.count(), (System.nanoTime() - start) / 1e9);
    }

    /** Has every two pods, but for some, ping each other from now on, by each family, unless they do so already. */
    private void ping(List<String> but) {
        pings.removeIf(each -> but.stream().anyMatch(each::concerns));
        List<KubeNode> nodes = cluster.nodes().stream()
                .filter(node -> !but.contains(pod(node)))
                .toList();
        for (int i = 0; i < nodes.size(); i++) {
            for (int k = i + 1; k < nodes.size(); k++) {
                String from = pod(nodes.get(i));
                String to = pod(nodes.get(k));
                if (pings.stream().noneMatch(each -> each.concerns(from) && each.concerns(to))) {
                    for (String address : pods.addresses(to)) {
                        pings.add(new Pings(from, pods.namespace(from), to, address, cluster.logs()));
                    }
                }
            }
        }
        pings.forEach(Pings::mark);
    }

    /** Something that is done to the cluster. */
    interface Change {
        void make() throws Exception;
    }

    /**
     * Changes something; then everybody must answer.
     *
     * @param seconds for how long at most a ping may go unanswered between pods that the change is not about
     * @param about pods that are made anew by it
     */
    String after(double seconds, List<String> about, Change change) throws Exception {
        ping(about);
        change.make();
        awaitPods();
        look();
        String answered = awaitAll();
        double longest = 0;
        List<String> tooLong = new ArrayList<>();
        for (Pings each : pings) {
            double silence = each.silence();
            longest = Math.max(longest, silence);
            if (silence > seconds) {
                tooLong.add(String.format(Locale.ROOT, "%s: %.2f s", each, silence));
            }
        }
        if (!tooLong.isEmpty()) {
            throw new AssertionError("no answer to pings for longer than " + seconds + " s: " + tooLong);
        }
        return String.format(Locale.ROOT, "%s; at most %.2f s without an answer", answered, longest);
    }

    /** What is done with two nodes. */
    interface Pair {
        void of(KubeNode from, KubeNode to);
    }

    /** Goes through all pairs of different nodes, of which one at least is Towpath's. */
    void pairs(Pair pair) {
        Predicate<KubeNode> ours = node -> !flannels.contains(node);
        for (KubeNode from : cluster.nodes()) {
            for (KubeNode to : cluster.nodes()) {
                if (!from.equals(to) && (ours.test(from) || ours.test(to))) {
                    pair.of(from, to);
                }
            }
        }
    }
}
