package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A cluster of both kinds of node, with the real flannel: what happens to either, and flannel's options. */
final class BesideFlannel {
    private static final String FLANNEL = "flannel.alpha.coreos.com/";
    private static final List<String> MODES = List.of("nftables", "iptables", "nftables");
    private static final String OTHER_VNI = "\"VNI\": 7, \"Port\": 4789";
    private static final String DIRECT = "\"DirectRouting\": true";

    /** Seconds for which at most pods are cut off while nodes are told one after the other of another way between them. */
    private static final double CHANGED = 10;

    private final KubeCluster cluster;
    private final Path root;
    private final MixedCluster mixed;

    private BesideFlannel(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        mixed = new MixedCluster(cluster);
    }

    /** The part on a cluster with these settings. */
    static Conformance.Suite on(Settings settings) {
        return (report, root, logs) -> {
            Report.Part part = report.part("flannel, " + settings.name());
            Installed.with(part, settings, MODES, logs, cluster -> {
                BesideFlannel beside = new BesideFlannel(cluster, root);
                if (settings.ipv4()) {
                    beside.checks(part);
                } else {
                    beside.ofIpv6(part);
                }
            });
        };
    }

    private void checks(Report.Part part) {
        part.require(
                "flannel on node-a and node-c, the manifest as shipped on node-b: all Ready",
                () -> install(List.of("node-a", "node-c"), "", Flannel.USUAL, true));
        part.require("pods, nodes and Services reach each other over both families", this::everybody);
        part.check("full packets arrive whole, one byte more is refused", () -> new FullPackets(cluster).check(mixed));
        part.check("flannel's agents are replaced", () -> mixed.after(0, List.of(), mixed.flannel()::restart));
        part.check("Towpath's agents are replaced", () -> mixed.after(0, List.of(), this::restartTowpath));
        part.check("a node of Towpath's joins", () -> mixed.after(0, List.of(), this::joins));
        part.check("a node of flannel's boots, and has another VTEP", () -> boots(cluster.node("node-c")));
        part.check("a node of Towpath's boots, and has another VTEP", () -> boots(cluster.node("node-b")));
        part.check("nodes of both kinds are told to be reached by another address", this::publicAddress);
        part.check("flannel's nodes send without a tunnel, Towpath's with", this::flannelsDirect);
        part.check("both send without a tunnel", this::bothDirect);
        part.check("full packets without a tunnel", () -> new FullPackets(cluster).check(mixed));
        part.check("a node of Towpath's leaves", () -> mixed.after(0, List.of("web-d1"), () -> leaves("node-d")));
        part.check("a node of flannel's joins", () -> mixed.after(0, List.of(), this::joinsFlannel));
        part.check("a node of flannel's leaves", () -> mixed.after(0, List.of("web-e1"), () -> leaves("node-e")));
    }

    private void ofIpv6(Report.Part part) {
        part.require(
                "another VNI and port, flannel in mode iptables without masquerade: all Ready",
                () -> install(List.of("node-a", "node-c"), OTHER_VNI, List.of(), false));
        part.require("pods, nodes and Services reach each other", this::everybody);
        part.check("full packets arrive whole, one byte more is refused", () -> new FullPackets(cluster).check(mixed));
        part.check("flannel's agents are replaced", () -> mixed.after(0, List.of(), mixed.flannel()::restart));
        part.check("Towpath's agents are replaced", () -> mixed.after(0, List.of(), this::restartTowpath));
        part.check("a node of Towpath's boots, and has another VTEP", () -> boots(cluster.node("node-b")));
    }

    private String install(List<String> flannels, String backend, List<String> options, boolean nftables)
            throws IOException {
        mixed.prepare(root, flannels);
        mixed.flannel().apply(backend, options, nftables);
        cluster.apply(Flannel.withBackend(cluster.manifest(), backend));
        return mixed.awaitNetworks();
    }

    private String everybody() {
        mixed.startPods();
        mixed.look();
        return mixed.awaitAll();
    }

    private void restartTowpath() {
        cluster.restart("kube-system", "daemonset/towpath");
    }

    private void joins() throws IOException {
        cluster.join().startProxy("iptables");
        mixed.awaitNetworks();
        mixed.startPods();
    }

    private void joinsFlannel() throws IOException {
        KubeNode node = cluster.join();
        mixed.giveToFlannel(node);
        mixed.flannel().executables(node);
        node.startProxy("nftables");
        mixed.awaitNetworks();
        mixed.startPods();
    }

    private void leaves(String name) throws IOException {
        KubeNode node = cluster.node(name);
        cluster.kubectl("delete", "pod", MixedCluster.pod(node), "--grace-period=0", "--force");
        cluster.leave(node);
    }

    /**
     * Its MAC addresses are in its annotations only: others are taken for its own, and are what the other nodes must follow. Both at once: of
     * one of two families alone flanneld takes no note.
     */
    private String boots(KubeNode node) throws Exception {
        return mixed.after(0, List.of(MixedCluster.pod(node)), () -> {
            node.reboot(() -> {
                // What the API says of it is of before the boot for a while; what is asked is a new one.
                cluster.kubectl("delete", "pod", MixedCluster.pod(node), "--grace-period=0", "--force");
                cluster.kubectl(
                        "annotate",
                        "--overwrite",
                        "node",
                        node.name(),
                        FLANNEL + "backend-data=" + vtep("02:00:00:00:04:0" + letter(node)),
                        FLANNEL + "backend-v6-data=" + vtep("02:00:00:00:06:0" + letter(node)));
            });
            cluster.await(
                    "the API knows that " + node.name() + " is back",
                    () -> cluster.readyNodes().contains(node.name()));
            mixed.startPods();
        });
    }

    private static String letter(KubeNode node) {
        return node.name().substring("node-".length());
    }

    private String vtep(String mac) {
        return "{\"VNI\":" + (cluster.settings().ipv4() ? 1 : 7) + ",\"VtepMAC\":\"" + mac + "\"}";
    }

    private void annotate(KubeNode node, String key, String value) {
        cluster.kubectl("annotate", "--overwrite", "node", node.name(), FLANNEL + key + "=" + value);
    }

    /** flannel goes on to send from its interface's address. */
    private String publicAddress() throws Exception {
        return mixed.after(CHANGED, List.of(), () -> {
            for (KubeNode node : List.of(cluster.node("node-b"), cluster.node("node-c"))) {
                String other = node.address().replace(".60.", ".60.1");
                node.network().ip("address add " + other + "/24 dev eth0");
                annotate(node, "public-ip-overwrite", other);
            }
            mixed.flannel().restart();
            for (KubeNode node : List.of(cluster.node("node-b"), cluster.node("node-c"))) {
                String other = node.address().replace(".60.", ".60.1");
                cluster.await(
                        "the others are told of it",
                        () -> cluster.get("node", node.name())
                                .at("/metadata/annotations")
                                .path(FLANNEL + "public-ip")
                                .asText()
                                .equals(other));
            }
        });
    }

    private String flannelsDirect() throws Exception {
        return mixed.after(CHANGED, List.of(), () -> {
            mixed.flannel().apply(DIRECT, Flannel.USUAL);
            until("flannel's nodes have routes without a tunnel", mixed.flannel()::restart, mixed.flannels());
        });
    }

    private String bothDirect() throws Exception {
        return mixed.after(CHANGED, List.of(), () -> {
            cluster.apply(Flannel.withBackend(cluster.manifest(), DIRECT));
            until("Towpath's nodes have routes without a tunnel", this::restartTowpath, mixed.towpaths());
        });
    }

    /** A kubelet may give a new pod the ConfigMap as it was: then it is made anew. */
    private void until(String what, Runnable restart, List<KubeNode> nodes) {
        cluster.await(what, () -> {
            restart.run();
            return nodes.stream().allMatch(this::isDirect);
        });
    }

    private boolean isDirect(KubeNode node) {
        String routes = node.network().run("ip", "route", "show");
        return routes.lines()
                        .filter(line -> line.startsWith("10.244.") && line.contains("via 192.168.60."))
                        .count()
                == cluster.nodes().size() - 1;
    }
}
