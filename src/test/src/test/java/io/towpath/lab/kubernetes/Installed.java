package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Cgroups;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** A cluster on which Towpath is installed as its users do: by the shipped manifest, with the Dockerfile's image. */
final class Installed {
    static final String SELECTOR = "app.kubernetes.io/name=towpath";
    private static final int MIB = 1 << 20;

    private Installed() {}

    /** What is done with a cluster. */
    interface Use {
        void of(KubeCluster cluster) throws IOException;
    }

    /** Puts up a cluster of two nodes, with a kube-proxy of either mode, uses it, keeps what it says, and takes it down. */
    static void with(Report.Part part, Settings settings, Path logs, Use use) throws IOException {
        with(part, settings, List.of("nftables", "iptables"), logs, use);
    }

    /** The same, with a node for each mode of kube-proxy that is named. */
    static void with(Report.Part part, Settings settings, List<String> modes, Path logs, Use use) throws IOException {
        List<KubeCluster> made = new ArrayList<>();
        part.require("a Kubernetes of " + modes.size() + " nodes starts", () -> {
            made.add(new KubeCluster(settings, modes.size(), logs));
            return "";
        });
        if (made.isEmpty()) {
            return;
        }
        try (KubeCluster cluster = made.getFirst()) {
            part.require("kube-proxy runs on the nodes, in mode " + String.join(" and ", new TreeSet<>(modes)), () -> {
                for (int i = 0; i < modes.size(); i++) {
                    cluster.nodes().get(i).startProxy(modes.get(i));
                }
                return "";
            });
            use.of(cluster);
            cluster.keepSituation();
        }
    }

    /** Applies the manifest; returns when all nodes are Ready, and Towpath's pods too. */
    static String install(KubeCluster cluster, Path root) throws IOException {
        cluster.loadTowpath(root);
        cluster.apply(cluster.manifest());
        double seconds = cluster.awaitNodesReady();
        cluster.awaitPods("kube-system", SELECTOR, cluster.nodes().size());
        return String.format(Locale.ROOT, "Ready after %.1f s", seconds);
    }

    /** Gives the cluster its DNS. */
    static String dns(KubeCluster cluster) {
        cluster.apply(KubeCluster.resource("coredns.yaml")
                .replace("DNS-ADDRESS", cluster.settings().dns()));
        cluster.awaitPods("kube-system", "k8s-app=kube-dns", 1);
        return "";
    }

    /** Looks at Towpath's containers; says how much of its limit each has needed at most. */
    static String memory(KubeCluster cluster) {
        List<String> used = new ArrayList<>();
        for (JsonNode pod :
                cluster.get("pods", "-n", "kube-system", "-l", SELECTOR).path("items")) {
            for (JsonNode status : pod.at("/status/containerStatuses")) {
                String what = pod.at("/spec/nodeName").asText() + " "
                        + status.path("name").asText();
                if (status.path("restartCount").asInt() != 0) {
                    throw new AssertionError(what + " was started again: " + status);
                }
                String id = status.path("containerID").asText().replaceFirst("^containerd://", "");
                Cgroups.Memory memory = Cgroups.memory(id);
                used.add(what + " " + memory.most() / MIB + "/" + memory.limit() / MIB);
            }
        }
        return String.join(", ", used) + " MiB";
    }
}
