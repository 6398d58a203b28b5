package io.towpath.lab.kubernetes;

import io.towpath.lab.ImageArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The real flannel with its bridge, as its project's manifest has it, on those of a cluster's nodes that an expression is true of. */
final class Flannel {
    /** Expression for all nodes. */
    static final String EVERYWHERE = "{key: kubernetes.io/os, operator: In, values: [linux]}";

    /** Expression for those that Towpath's shipped manifest leaves out. */
    static final String WHERE_TOWPATH_IS_NOT = "{key: towpath.io/network, operator: In, values: [\"no\"]}";

    static final String NAMESPACE = "kube-flannel";
    static final String SELECTOR = "app=flannel";
    private static final String IMAGE = "flannel.test/flannel:0.28.10";
    private static final Path XTABLES = Path.of("/usr/lib/x86_64-linux-gnu/xtables");
    private static final String BACKEND = "\"Backend\": {\"Type\": \"vxlan\"";

    private final KubeCluster cluster;
    private final String nodes;

    /** @param nodes the expression */
    Flannel(KubeCluster cluster, String nodes) {
        this.cluster = cluster;
        this.nodes = nodes;
    }

    /** Puts the image and the CNI executables onto all nodes. */
    void load() throws IOException {
        ImageArchive archive = ImageArchive.named(IMAGE)
                .file(cluster.peers().file("flanneld"), "/opt/bin/flanneld")
                .file(Path.of("/usr/sbin/nft"), "/usr/bin/nft");
        // It looks for rules of iptables that it could have left, in whatever mode.
        for (String program : List.of("iptables", "iptables-save", "iptables-restore")) {
            archive.file(Path.of("/usr/sbin/" + program), "/usr/bin/" + program);
            archive.file(Path.of("/usr/sbin/ip6" + program.substring(2)), "/usr/bin/ip6" + program.substring(2));
        }
        for (String extension : List.of("comment", "mark", "MASQUERADE", "standard")) {
            Path file = XTABLES.resolve("libxt_" + extension + ".so");
            if (Files.exists(file)) {
                archive.file(file, file.toString());
            }
        }
        Path image = archive.busybox().write(cluster.folder().resolve("flannel.tar"));
        cluster.load(List.of(image));
        for (KubeNode node : cluster.nodes()) {
            executables(node);
        }
    }

    /** Puts the CNI executables onto a node. */
    void executables(KubeNode node) throws IOException {
        Path bin = node.disk().path("cni-bin");
        for (String plugin : List.of("bridge", "host-local", "portmap")) {
            Files.copy(cluster.peers().file(plugin), bin.resolve(plugin), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Path flannel = Files.writeString(bin.resolve("flannel"), KubeCluster.resource("flannel-cni"));
        if (!flannel.toFile().setExecutable(true, false)) {
            throw new IOException(flannel + " cannot be made executable");
        }
    }

    /** The options that its manifest has. */
    static final List<String> USUAL = List.of("--ip-masq");

    /**
     * Applies its manifest, with the families of the cluster, in mode nftables.
     *
     * @param backend what the backend has besides its type, for example {@code "VNI": 7}; may be empty
     * @param options of flanneld
     */
    void apply(String backend, List<String> options) {
        apply(backend, options, true);
    }

    /** The same in a mode. */
    void apply(String backend, List<String> options, boolean nftables) {
        Settings settings = cluster.settings();
        String conf = "{\"EnableIPv4\": " + settings.ipv4()
                + (settings.ipv4() ? ", \"Network\": \"10.244.0.0/16\"" : "")
                + (settings.ipv6() ? ", \"EnableIPv6\": true, \"IPv6Network\": \"fd00:10:244::/56\"" : "")
                + ", \"EnableNFTables\": " + nftables + ", " + withBackend(BACKEND + "}}", backend);
        String words = options.isEmpty() ? "" : ", " + String.join(", ", options);
        cluster.apply(KubeCluster.resource("flannel.yaml")
                .replace("NET-CONF", conf)
                .replace("NODES", nodes)
                .replace(" OPTIONS", words));
    }

    /** A net-conf.json of the usual backend, with more of it. */
    static String withBackend(String conf, String backend) {
        if (!conf.contains(BACKEND)) {
            throw new AssertionError("no " + BACKEND + " in " + conf);
        }
        return backend.isEmpty() ? conf : conf.replace(BACKEND, BACKEND + ", " + backend);
    }

    /** Waits until it runs on so many nodes. */
    void await(int count) {
        cluster.awaitPods(NAMESPACE, SELECTOR, count);
    }

    /** Has all of its agents replaced. */
    void restart() {
        cluster.restart(NAMESPACE, "daemonset/kube-flannel-ds");
    }
}
