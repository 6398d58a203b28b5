package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Manifest;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** A cluster of IPv4 gets IPv6, node by node: first the network's configuration, then each node a second podCIDR. */
final class SecondFamily {
    private static final List<String> MODES = List.of("nftables", "iptables", "nftables");
    private static final List<String> OLD = List.of("web-a1", "web-b1", "web-c1");

    /** Seconds for which at most others may leave out a node whose object is deleted and created anew. */
    private static final double WITHOUT_NODE = 5;

    private final KubeCluster cluster;
    private final Path root;
    private final Pods pods;
    private final Map<String, String> second = new HashMap<>();
    private final List<Pings> pings = new ArrayList<>();

    private SecondFamily(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("families");
        Installed.with(part, Settings.DUAL, MODES, logs, cluster -> new SecondFamily(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("nodes with IPv4 podCIDRs alone, Towpath with IPv4 alone: all Ready", this::ipv4);
        part.require("pods on all nodes reach each other", () -> pods.start(OLD));
        part.require("the network gets IPv6: no ping over IPv4 is lost", () -> kept("", this::network));
        part.check("node-a gets a second podCIDR, and its new pods IPv6", () -> node("node-a"));
        part.check("node-b does; their pods reach each other over IPv6, and node-c's over IPv4", () -> node("node-b"));
        part.check("node-c does; all pods reach each other over both", () -> node("node-c"));
    }

    /** What cannot be changed of a node is changed as administrators do it: the object is made anew. */
    private void replace(String name, boolean both) {
        cluster.await(
                name + " has its podCIDRs",
                () -> !cluster.get("node", name).at("/spec/podCIDRs").isMissingNode());
        ObjectNode node = (ObjectNode) cluster.get("node", name);
        ObjectNode metadata = (ObjectNode) node.path("metadata");
        metadata.remove(List.of("uid", "resourceVersion", "creationTimestamp", "managedFields"));
        ArrayNode ranges = (ArrayNode) node.at("/spec/podCIDRs");
        if (both) {
            ranges.add(Objects.requireNonNull(second.get(name)));
        } else {
            second.put(name, ranges.remove(1).asText());
        }
        cluster.replace(node.toString());
        // It ends when its Node is deleted; elsewhere its pod is started again.
        cluster.node(name).restartProxy();
    }

    private String ipv4() throws IOException {
        cluster.nodes().forEach(node -> replace(node.name(), false));
        cluster.loadTowpath(root);
        cluster.apply(Files.readString(Manifest.file()));
        double seconds = cluster.awaitNodesReady();
        cluster.awaitPods("kube-system", Installed.SELECTOR, cluster.nodes().size());
        return String.format(Locale.ROOT, "Ready after %.1f s", seconds);
    }

    private void network() throws IOException {
        cluster.apply(cluster.manifest());
        // A kubelet may give a new pod the file as it was until it has given the old ones the new file.
        cluster.await("the kubelets have the new configuration", () -> {
            for (JsonNode pod : cluster.get("pods", "-n", "kube-system", "-l", Installed.SELECTOR)
                    .path("items")) {
                String name = pod.at("/metadata/name").asText();
                if (!cluster.exec("kube-system", name, "cat", "/etc/kube-flannel/net-conf.json")
                        .out()
                        .contains("EnableIPv6")) {
                    return false;
                }
            }
            return true;
        });
        cluster.restart("kube-system", "daemonset/towpath");
    }

    /** Changes something while pods that run already ping each other over IPv4; fails if one is lost that is not to or from a pod. */
    private String kept(String but, MixedCluster.Change change) throws Exception {
        if (pings.isEmpty()) {
            for (String from : OLD) {
                for (String to : OLD) {
                    if (from.compareTo(to) < 0) {
                        String address = pods.addresses(to).getFirst();
                        pings.add(new Pings(from, pods.namespace(from), to, address, cluster.logs()));
                    }
                }
            }
        }
        pings.forEach(Pings::mark);
        change.make();
        double longest = 0;
        for (Pings each : pings) {
            double silence = each.silence();
            longest = Math.max(longest, silence);
            if (silence > (each.concerns(but) ? WITHOUT_NODE : 0)) {
                throw new AssertionError(silence + " s without an answer, " + each);
            }
        }
        return String.format(Locale.ROOT, "IPv4 at most %.2f s without an answer", longest);
    }

    private String node(String name) throws Exception {
        return kept(pod(name, 1), () -> {
            replace(name, true);
            String pod = pod(name, 2);
            String app = pod.substring("web-".length());
            cluster.await("new pods of " + name + " have both families", () -> {
                cluster.controlPlane().kubectl("delete", "pod", pod, "--ignore-not-found", "--grace-period=0");
                cluster.apply(Pods.web(pod, app, name));
                cluster.awaitPods("default", "app=" + app, 1);
                return pods.addresses(pod).size() == 2;
            });
            cluster.awaitNodesReady();
            cluster.awaitPods("kube-system", Installed.SELECTOR, cluster.nodes().size());
            reach();
        });
    }

    private static String pod(String node, int number) {
        return "web-" + node.substring("node-".length()) + number;
    }

    /** All pods that there are, each by all addresses of a family that both have. */
    private void reach() {
        List<String> all = new ArrayList<>(OLD);
        for (JsonNode pod : cluster.get("pods").path("items")) {
            String name = pod.at("/metadata/name").asText();
            if (!all.contains(name)) {
                all.add(name);
            }
        }
        Ways ways = new Ways();
        Map<String, List<String>> addresses = new HashMap<>();
        all.forEach(pod -> addresses.put(pod, pods.addresses(pod)));
        for (String from : all) {
            Namespace client = pods.namespace(from);
            int families = addresses.getOrDefault(from, List.of()).size();
            for (String to : all) {
                List<String> of = addresses.getOrDefault(to, List.of());
                for (String address :
                        from.equals(to) ? List.<String>of() : of.subList(0, Math.min(families, of.size()))) {
                    ways.add(from, client, to, address, Pods.PORT, to);
                }
            }
        }
        ways.awaitAll(cluster);
    }
}
