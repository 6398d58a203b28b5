package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Cgroups;
import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A node: namespaces of its own (network, mounts, processes, names), in which a containerd and a kubelet run, and folders that stand for
 * its disk. What is in its memory, {@code /run} included, is gone after {@link #reboot}.
 */
final class KubeNode implements AutoCloseable {
    private static final int FIRST_NUMBER = 11;

    private final Lab lab;
    private final Peers peers;
    private final Settings settings;
    private final ControlPlane controlPlane;
    private final String letter;
    private final int number;
    private final NodeDisk disk;
    private final NodeProcesses processes;
    private final NodeConfig config;
    private final List<Path> images;
    private final List<Namespace> pods = new CopyOnWriteArrayList<>();
    private String proxyMode = "";
    private @Nullable Namespace network;

    /** Starts it; it has registered when this returns, and is not Ready, as it has no network. */
    KubeNode(
            Lab lab, Peers peers, Settings settings, ControlPlane controlPlane, int index, List<Path> images, Path logs)
            throws IOException {
        this.lab = lab;
        this.peers = peers;
        this.settings = settings;
        this.controlPlane = controlPlane;
        this.images = images;
        letter = String.valueOf((char) ('a' + index));
        number = FIRST_NUMBER + index;
        disk = new NodeDisk(lab.folder().resolve(name()));
        disk.create(peers.file("loopback"));
        processes = new NodeProcesses(name(), peers.path(), Files.createDirectories(logs.resolve(name())));
        config = new NodeConfig(peers, settings, disk, cgroup(), controlPlane.nodeKubeconfig(name()));
        config.write();
        try {
            network = up();
            awaitRegistered();
        } catch (Throwable e) {
            down();
            throw e;
        }
    }

    private void awaitRegistered() {
        processes.await(
                "registration",
                () -> controlPlane.kubectl("get", "node", name()).exit() == 0);
    }

    /** Its name in the cluster. */
    String name() {
        return "node-" + letter;
    }

    /** Its address, of the first family. */
    String address() {
        return settings.underlay(number);
    }

    /** Its addresses, one of each of the cluster's families, separated by commas. */
    String addresses() {
        return settings.families("192.168.60." + number, "fd60::" + number);
    }

    /** Its addresses, one of each of the cluster's families. */
    List<String> addressList() {
        return List.of(addresses().split(",", -1));
    }

    Namespace network() {
        return Objects.requireNonNull(network, "not up");
    }

    NodeDisk disk() {
        return disk;
    }

    private String cgroup() {
        return lab.id() + "/" + letter;
    }

    private Namespace up() throws IOException {
        Cgroups.create(cgroup());
        disk.boot();
        Namespace own = lab.namespace(name());
        network = own;
        controlPlane
                .namespace()
                .ip(
                        "link add name " + letter + " type veth peer name eth0 netns " + own.path(),
                        "link set dev " + letter + " master underlay up");
        List<String> lines = new ArrayList<>();
        if (settings.ipv4()) {
            lines.add("address add 192.168.60." + number + "/24 dev eth0");
        }
        if (settings.ipv6()) {
            lines.add("address add fd60::" + number + "/64 dev eth0 nodad");
        }
        lines.add("link set eth0 up");
        if (settings.ipv4()) {
            lines.add("route add default via 192.168.60.1");
        }
        if (settings.ipv6()) {
            lines.add("route add default via fd60::1");
        }
        own.ip(lines.toArray(String[]::new));
        own.sysctl("net/ipv4/ip_forward", "1");
        own.sysctl("net/ipv6/conf/all/forwarding", "1");
        processes.begin(own, disk);
        startContainerd();
        for (Path image : images) {
            load(image);
        }
        startKubelet();
        if (!proxyMode.isEmpty()) {
            startProxy(proxyMode);
        }
        return own;
    }

    private void startContainerd() {
        start(
                "containerd",
                peers.of("containerd"),
                "--config",
                config.containerd().toString());
        processes.await("containerd", () -> Files.exists(containerdSocket()));
    }

    private Path containerdSocket() {
        return disk.run().resolve("containerd/containerd.sock");
    }

    private void startKubelet() {
        start(
                "kubelet",
                peers.of("kubelet"),
                "--kubeconfig",
                config.kubeconfig().toString(),
                "--config",
                config.kubelet().toString(),
                "--hostname-override",
                name(),
                "--node-ip",
                addresses(),
                "--cert-dir",
                "/var/lib/kubelet/pki",
                "--v",
                "2");
    }

    /** Starts a kube-proxy, which is there again after a reboot. */
    void startProxy(String mode) {
        proxyMode = mode;
        // By flags: a file it would watch, which takes one of the machine's few inotify instances.
        start(
                "kube-proxy",
                peers.of("kube-proxy"),
                "--proxy-mode",
                mode,
                "--cluster-cidr",
                settings.podCidr(),
                "--hostname-override",
                name(),
                "--kubeconfig",
                controlPlane.kubeconfig("proxy").toString(),
                "--conntrack-max-per-core",
                "0",
                "--conntrack-min",
                "0");
    }

    /** Ends its kube-proxy, unless that has ended by itself, and starts it again. */
    void restartProxy() {
        processes.end("kube-proxy");
        startProxy(proxyMode);
    }

    /** Starts a program, until the node goes down. */
    void start(String name, String... words) {
        processes.start(name, words);
    }

    /** A command of {@code towpath-node}, as an operator gives it on the node; what it printed, whatever its exit code. */
    String towpathNode(Path root, String... words) {
        List<String> all = new ArrayList<>(
                List.of(root.resolve("node-agent/target/towpath-node").toString()));
        all.addAll(List.of(words));
        return inside(all.toArray(String[]::new)).run().out();
    }

    /** Ends the kubelet and starts it again. */
    void restartKubelet() {
        processes.end("kubelet");
        startKubelet();
    }

    /** Ends containerd and starts it again; containers run on meanwhile. */
    void restartContainerd() throws IOException {
        processes.end("containerd");
        Files.deleteIfExists(containerdSocket());
        startContainerd();
    }

    /** A power failure, and the power is back: all processes and all that is in memory are gone, the disk is as it was. */
    void reboot() throws IOException {
        reboot(() -> {});
    }

    /** The same, with something done while it is off. */
    void reboot(Runnable whileOff) throws IOException {
        down();
        whileOff.run();
        network = up();
        awaitRegistered();
    }

    /** The same where nobody can be asked whether the node is back. */
    void rebootAlone() throws IOException {
        down();
        network = up();
    }

    /** Imports an image into containerd. */
    void load(Path archive) {
        inside(
                        peers.of("ctr"),
                        "--address",
                        "/run/containerd/containerd.sock",
                        "-n",
                        "k8s.io",
                        "images",
                        "import",
                        "--snapshotter",
                        "overlayfs",
                        archive.toString())
                .run()
                .succeeded();
    }

    /** A command that runs on the node, in all of its namespaces. */
    Command inside(String... words) {
        return processes.inside(words);
    }

    /** The network of a pod, by one of its processes. What is run in the background there ends with this node. */
    Namespace podNetwork(String uid) {
        List<Long> inPod = Cgroups.processes(podGroup(uid));
        if (inPod.isEmpty()) {
            throw new AssertionError("no process of pod " + uid + " on " + name());
        }
        Namespace pod = Namespace.at(Path.of("/proc/" + inPod.getFirst() + "/ns/net"));
        pods.add(pod);
        return pod;
    }

    /** The control group of a pod of no guaranteed quality of service. */
    String podGroup(String uid) {
        return cgroup() + "/kubepods/besteffort/pod" + uid;
    }

    /** The addresses that routes by {@code cali*} links lead to. */
    Set<String> routedPods() {
        Set<String> routed = new TreeSet<>();
        for (String family : List.of("-4", "-6")) {
            for (JsonNode route : network().show(family, "route", "show")) {
                if (route.path("dev").asText().startsWith("cali")
                        && !route.path("dst").asText().startsWith("fe80")) {
                    routed.add(route.path("dst").asText());
                }
            }
        }
        return routed;
    }

    private void down() throws IOException {
        pods.forEach(Namespace::endProcesses);
        pods.clear();
        processes.endAll();
        if (network != null) {
            // At once: the kernel takes a namespace down when it gets to it, and a node that boots has a link of this
            // name.
            if (controlPlane.namespace().hasLink(letter)) {
                controlPlane.namespace().ip("link delete dev " + letter);
            }
            network.close();
            network = null;
        }
        Cgroups.remove(cgroup());
    }

    @Override
    public void close() throws IOException {
        down();
    }
}
