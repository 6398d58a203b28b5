package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** What happens to nodes' addresses in a cluster's life; no tunnel may follow what is not its node's address. */
final class Addresses {
    private static final String VIP = "192.168.60.100/24";
    private static final String VIP6 = "fd60::100/64";

    /** Longer than the agents take from one look at everything to the next. */
    private static final long WATCHED_NANOS = 40_000_000_000L;

    private static final long PAUSE_NANOS = 200_000_000L;
    private static final String PUBLIC_IP = "flannel.alpha.coreos.com/public-ip";
    private static final String PUBLIC_IPV6 = "flannel.alpha.coreos.com/public-ipv6";
    private static final String VTEP = "flannel.alpha.coreos.com/backend-data";
    private static final List<String> WEB = List.of("web-a1", "web-b1");

    private final KubeCluster cluster;
    private final Pods pods;
    private final Path root;

    private Addresses(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("addresses");
        Installed.with(part, Settings.DUAL, logs, cluster -> new Addresses(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("pods on two nodes, each with the other, over both families", () -> pods.start(WEB));
        part.check("a virtual address comes to both nodes, in both families", this::virtualAddress);
        part.check("agents start beside it", this::agentsStart);
        part.check("a node's address goes and comes back behind it, as when a lease is renewed", this::renewal);
        part.check("a dead Node has a live node's address and MAC", this::deadNode);
    }

    private String virtualAddress() {
        for (KubeNode node : cluster.nodes()) {
            // An address that goes takes those behind it with it, unless this is set, as systemd does.
            node.network().sysctl("net/ipv4/conf/eth0/promote_secondaries", "1");
            node.network()
                    .ip("address add " + VIP + " dev eth0", "address add " + VIP6 + " dev eth0 nodad preferred_lft 0");
        }
        return answered();
    }

    private String agentsStart() {
        cluster.kubectl("rollout", "restart", "-n", "kube-system", "daemonset/towpath");
        cluster.kubectl("rollout", "status", "-n", "kube-system", "daemonset/towpath", "--timeout", "300s");
        return answered();
    }

    private String renewal() {
        KubeNode node = cluster.nodes().getLast();
        node.network().ip("address del " + node.address() + "/24 dev eth0");
        node.network().ip("address add " + node.address() + "/24 dev eth0");
        List<Way> ways = ways();
        cluster.await("the pods reach each other again", () -> silent(ways).isEmpty());
        return answered();
    }

    private String deadNode() {
        JsonNode annotations = cluster.get("node", "node-b").at("/metadata/annotations");
        cluster.apply("""
                apiVersion: v1
                kind: Node
                metadata:
                  name: node-z
                  annotations:
                    flannel.alpha.coreos.com/backend-type: vxlan
                    %s: '%s'
                    flannel.alpha.coreos.com/kube-subnet-manager: "true"
                    %s: %s
                spec: {podCIDR: 10.244.99.0/24, podCIDRs: [10.244.99.0/24, "fd00:10:244:99::/64"]}
                """.formatted(
                        VTEP,
                        annotations.path(VTEP).asText(),
                        PUBLIC_IP,
                        annotations.path(PUBLIC_IP).asText()));
        try {
            agentsStart();
        } finally {
            cluster.kubectl("delete", "node", "node-z");
        }
        return answered();
    }

    /** Asks the pods for each other for a while; fails if one is silent, a tunnel has moved or a node says another address. */
    private String answered() {
        List<Way> ways = ways();
        int rounds = 0;
        for (long end = System.nanoTime() + WATCHED_NANOS; System.nanoTime() < end; rounds++) {
            List<Way> silent = silent(ways);
            if (!silent.isEmpty()) {
                throw new AssertionError("no answer: " + silent);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        for (KubeNode node : cluster.nodes()) {
            String local = local(node, "flannel.1", "local") + "," + local(node, "flannel-v6.1", "local6");
            JsonNode annotations = cluster.get("node", node.name()).at("/metadata/annotations");
            String told = annotations.path(PUBLIC_IP).asText() + ","
                    + annotations.path(PUBLIC_IPV6).asText();
            if (!local.equals(node.addresses()) || !told.equals(node.addresses())) {
                throw new AssertionError(node.name() + " has " + node.addresses() + ", its tunnels " + local
                        + ", its annotations " + told);
            }
        }
        cluster.awaitNodesReady();
        cluster.awaitPods("kube-system", Installed.SELECTOR, cluster.nodes().size());
        return rounds + " times";
    }

    /** The address by which a tunnel sends. */
    private static String local(KubeNode node, String device, String key) {
        return node.network()
                .show("-d", "link", "show", device)
                .get(0)
                .at("/linkinfo/info_data")
                .path(key)
                .asText();
    }

    /** From a pod's network to an address of another pod. */
    private record Way(String from, Namespace client, String address) {
        @Override
        public String toString() {
            return from + " -> " + address;
        }
    }

    /** All between the pods, which stay as they are: nothing is asked of the API while they are tried. */
    private List<Way> ways() {
        List<Way> ways = new ArrayList<>();
        for (String from : WEB) {
            Namespace client = pods.namespace(from);
            for (String to : WEB) {
                for (String address : from.equals(to) ? List.<String>of() : pods.addresses(to)) {
                    ways.add(new Way(from, client, address));
                }
            }
        }
        return ways;
    }

    private static List<Way> silent(List<Way> ways) {
        return ways.stream()
                .filter(way -> !Pods.getsAtLast(way.client, way.address))
                .toList();
    }
}
