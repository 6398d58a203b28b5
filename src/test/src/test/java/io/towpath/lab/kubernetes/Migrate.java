package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** A node of a cluster with the real flannel moves to Towpath and back, as conf/MIGRATION.md says, while everything is asked every 50 ms. */
final class Migrate {
    private static final String MOVING = "node-b";
    private static final List<String> STAYING = List.of("web-a1", "web-a2");
    private static final int HOST_PORT = 8090;

    private final KubeCluster cluster;
    private final Path root;
    private final Pods pods;
    private final Path folder;
    private final Guide guide;
    private final List<Probe> still = new ArrayList<>();
    private final List<Probe> moved = new ArrayList<>();
    private final AddressWatch addresses;

    private Migrate(KubeCluster cluster, Path root) throws IOException {
        this.cluster = cluster;
        this.root = root;
        pods = new Pods(cluster);
        folder = Files.createDirectories(cluster.folder().resolve("administrator"));
        guide = new Guide(cluster, root, "conf/MIGRATION.md", folder);
        addresses = new AddressWatch(cluster);
    }

    /** The part on a cluster with these settings. */
    static Conformance.Suite on(Settings settings) {
        return (report, root, logs) -> {
            Report.Part part = report.part("migrate, " + settings.name());
            Installed.with(part, settings, logs, cluster -> new Migrate(cluster, root).checks(part));
        };
    }

    private void checks(Report.Part part) {
        part.require("flannel makes all nodes Ready", this::flannel);
        part.require("pods of all kinds on both nodes, asked every 50 ms", this::workloads);
        part.require("Towpath is installed beside it, on no node yet", this::once);
        part.check("a bare pod stops the way before it begins", this::bare);
        part.check("so does a label that no DaemonSet goes by", this::label);
        part.require("a way that stops half, as the agent does not start, goes back", this::half);
        part.require("a node moves to Towpath, by the page", () -> guide(guide.follow("## Each node", MOVING)));
        part.check("nothing of flannel's is left on it, and its pods are Towpath's", this::isTowpaths);
        part.check("a policy, which flannel's node does not enforce, holds on it", this::policy);
        part.require("it goes back, by the page", () -> guide(guide.follow("## Back", MOVING)));
        part.check("nothing of Towpath's is left on it, and its pods are flannel's", this::isFlannels);
        part.check("who did not move lost nothing", this::losses);
        part.check("no Service was answered by a stranger", this::strangers);
        part.check("no address was two pods' at once", this::twice);
    }

    /** What the operator is told last. */
    private static String guide(String said) {
        return said.lines().reduce("", (_, line) -> line);
    }

    private String flannel() throws IOException {
        Flannel flannel = new Flannel(cluster, Flannel.EVERYWHERE);
        flannel.load();
        flannel.apply("", Flannel.USUAL);
        double seconds = cluster.awaitNodesReady();
        flannel.await(2);
        return Math.round(seconds) + " s";
    }

    private String workloads() {
        cluster.apply(KubeCluster.resource("migrate.yaml").replace("AGNHOST", Images.AGNHOST));
        cluster.apply(Pods.web("bare", "bare", MOVING));
        pods.start(STAYING);
        cluster.awaitPods("default", "app=web", 4);
        cluster.awaitPods("default", "app=other", 4);
        cluster.awaitPods("default", "app=daemon", 2);
        cluster.awaitPods("default", "app=bare", 1);
        Namespace a = cluster.node("node-a").network();
        Namespace b = cluster.node(MOVING).network();
        for (String staying : pods.addresses("web-a1")) {
            String family = family(staying);
            still.add(new Probe("pod from its node" + family, "web-a1", a, staying, Pods.PORT, cluster.logs()));
            still.add(new Probe("pod from the moving node" + family, "web-a1", b, staying, Pods.PORT, cluster.logs()));
        }
        probe("web", a);
        probe("daemon", a);
        probe("other", b);
        return "";
    }

    private static String family(String address) {
        return address.contains(":") ? " by IPv6" : "";
    }

    private void probe(String service, Namespace from) {
        for (JsonNode each : cluster.get("service", service).at("/spec/clusterIPs")) {
            String address = each.asText();
            moved.add(new Probe(
                    "Service " + service + family(address), service + "-", from, address, 80, cluster.logs()));
        }
    }

    private String once() throws IOException, InterruptedException {
        cluster.loadTowpath(root);
        Files.writeString(folder.resolve("towpath.yaml"), cluster.manifest());
        guide.follow("## Once", MOVING);
        if (!cluster.get("pods", "-n", "kube-system", "-l", Installed.SELECTOR)
                .path("items")
                .isEmpty()) {
            throw new AssertionError("Towpath runs on a node without the label");
        }
        return "";
    }

    private String bare() throws IOException, InterruptedException {
        Guide.Outcome refused = guide.run("kubectl towpath migrate \"$NODE\"", MOVING);
        if (refused.exit() == 0 || !refused.said().contains("default bare ")) {
            throw new AssertionError("exit code " + refused.exit() + ": " + refused.said());
        }
        unchanged();
        cluster.kubectl("delete", "pod", "bare");
        return "";
    }

    private String label() throws IOException, InterruptedException {
        for (String verb : List.of("migrate", "uninstall")) {
            Guide.Outcome refused = guide.run("kubectl towpath " + verb + " \"$NODE\" --label not=there", MOVING);
            if (refused.exit() == 0 || !refused.said().contains("would not leave " + MOVING)) {
                throw new AssertionError(verb + ", exit code " + refused.exit() + ": " + refused.said());
            }
        }
        unchanged();
        return "";
    }

    /** An agent that is never ready; the page's way stops at it, and its way back takes the node from there. */
    private String half() throws IOException, InterruptedException {
        cluster.kubectl("patch", "daemonset", "towpath", "-n", "kube-system", "-p", """
                {"spec": {"template": {"spec": {"containers": [{"name": "agent", "command": ["sleep", "infinity"]}]}}}}
                """);
        Guide.Outcome stopped = guide.run("kubectl towpath migrate \"$NODE\" --timeout 40", MOVING);
        if (stopped.exit() == 0 || !stopped.said().contains("cordoned still")) {
            throw new AssertionError("exit code " + stopped.exit() + ": " + stopped.said());
        }
        String told = guide(guide.follow("## Back", MOVING));
        isFlannels();
        guide.follow("## Once", MOVING);
        // Drained away from the node, they are spread again.
        cluster.restart("default", "deployment/web");
        cluster.restart("default", "deployment/other");
        return told;
    }

    private void unchanged() {
        JsonNode node = cluster.get("node", MOVING);
        if (node.at("/spec/unschedulable").asBoolean()
                || !node.at("/metadata/labels/towpath.io~1network").isMissingNode()) {
            throw new AssertionError("the node was changed all the same");
        }
    }

    private String isTowpaths() {
        KubeNode node = cluster.node(MOVING);
        require(node, List.of("cni0"), List.of("flannel-ipv"), "10-flannel.conflist", "10-towpath.conflist");
        cluster.awaitPods("default", "app=daemon", 2);
        cluster.await(
                "leases and routes are those of its pods",
                () -> pods.differences().stream().noneMatch(line -> line.startsWith(MOVING)),
                () -> pods.differences().toString());
        return hostPort(node);
    }

    private String isFlannels() {
        KubeNode node = cluster.node(MOVING);
        require(node, List.of(), List.of("towpath-"), "10-towpath.conflist", "10-flannel.conflist");
        cluster.awaitPods("default", "app=daemon", 2);
        cluster.await(
                "flannel's leases are those of its pods",
                () -> leases(node).equals(addressesOn(node)),
                () -> leases(node) + " instead of " + addressesOn(node));
        for (String gone : List.of("cni-bin/towpath", "cni-bin/towpath-node", "cni/networks/k8s-pod-network")) {
            Path path = node.disk().path(gone);
            if (Files.isRegularFile(path) || names(path).stream().anyMatch(NodeDisk::isLease)) {
                throw new AssertionError(gone + " is left: " + names(path));
            }
        }
        return hostPort(node);
    }

    private void require(KubeNode node, List<String> links, List<String> tables, String gone, String there) {
        for (String link : links) {
            if (node.network().hasLink(link)) {
                throw new AssertionError(link + " is left");
            }
        }
        String present = node.network().run("nft", "list", "tables");
        if (tables.stream().anyMatch(present::contains)) {
            throw new AssertionError("tables are left: " + present);
        }
        List<String> conflists = names(node.disk().path("cni-conf/net.d"));
        if (conflists.contains(gone) || !conflists.contains(there)) {
            throw new AssertionError("conflists: " + conflists);
        }
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Set<String> leases(KubeNode node) {
        Set<String> leases = new TreeSet<>(names(node.disk().path("cni/networks/cbr0")));
        leases.removeIf(name -> !NodeDisk.isLease(name));
        return leases;
    }

    private Set<String> addressesOn(KubeNode node) {
        Set<String> found = new TreeSet<>();
        for (JsonNode pod : cluster.get("pods", "-A", "--field-selector", "spec.nodeName=" + node.name())
                .path("items")) {
            if (!pod.at("/spec/hostNetwork").asBoolean()) {
                pod.at("/status/podIPs")
                        .forEach(each -> found.add(each.path("ip").asText()));
            }
        }
        return found;
    }

    private String hostPort(KubeNode node) {
        for (String address : node.addressList()) {
            cluster.await(
                    "the host port of the DaemonSet's pod answers at " + address,
                    () -> node.network()
                            .run(
                                    "sh",
                                    "-c",
                                    "curl -gs --noproxy '*' --max-time 1 http://" + Settings.inUrl(address) + ":"
                                            + HOST_PORT + "/hostname || true")
                            .startsWith("daemon-"));
        }
        return "";
    }

    private String policy() {
        JsonNode closed = null;
        for (JsonNode pod : cluster.get("pods", "-l", "app=other").path("items")) {
            if (pod.at("/spec/nodeName").asText().equals(MOVING)) {
                closed = pod;
            }
        }
        if (closed == null) {
            // They were made anew elsewhere while the node was cordoned.
            cluster.kubectl("scale", "deployment", "other", "--replicas", "8");
            cluster.awaitPods("default", "app=other", 8);
            return policy();
        }
        cluster.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: closed}
                spec: {podSelector: {matchLabels: {app: other}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: a2}}}]}]}
                """);
        for (JsonNode each : closed.at("/status/podIPs")) {
            String address = each.path("ip").asText();
            cluster.await("the policy keeps out web-a1", () -> !pods.reaches("web-a1", address, Pods.PORT));
            cluster.await("the policy lets in web-a2", () -> pods.reaches("web-a2", address, Pods.PORT));
        }
        return "";
    }

    private String losses() {
        if (still.stream().anyMatch(probe -> probe.lost() > 0)) {
            throw new AssertionError(still.toString());
        }
        return still + "; of those that move " + moved;
    }

    private String strangers() {
        for (List<Probe> probes : List.of(still, moved)) {
            for (Probe probe : probes) {
                if (!probe.strangers().isEmpty()) {
                    throw new AssertionError(probe + ", answered by " + probe.strangers());
                }
            }
        }
        return "";
    }

    private String twice() throws IOException {
        List<String> twice = addresses.twice();
        if (!twice.isEmpty()) {
            throw new AssertionError(String.join("\n", twice));
        }
        return "";
    }
}
