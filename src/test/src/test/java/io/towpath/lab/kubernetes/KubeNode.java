package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Cgroups;
import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node: namespaces of its own (network, mounts, processes, names), in which a containerd and a kubelet run, and folders that stand for
 * its disk. What is in its memory, {@code /run} included, is gone after {@link #reboot}.
 */
final class KubeNode implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final int FIRST_NUMBER = 11;

    /** A folder of the node's disk, and where the node has it. */
    private static final Map<String, String> DISK = Map.of(
            "kubelet", "/var/lib/kubelet",
            "containerd", "/var/lib/containerd",
            "cni", "/var/lib/cni",
            "towpath", "/var/lib/towpath",
            "cni-conf", "/etc/cni",
            "cni-bin", "/opt/cni/bin",
            "pod-logs", "/var/log/containers");

    private final Lab lab;
    private final Peers peers;
    private final Settings settings;
    private final ControlPlane controlPlane;
    private final String letter;
    private final int number;
    private final Path folder;
    private final Path logs;
    private final NodeConfig config;
    private final List<Path> images;
    private final Map<String, Process> running = new ConcurrentHashMap<>();
    private String proxyMode = "";
    private @Nullable Namespace network;
    private @Nullable ProcessHandle first;

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
        folder = lab.folder().resolve(name());
        this.logs = Files.createDirectories(logs.resolve(name()));
        for (String each : DISK.keySet()) {
            Files.createDirectories(folder.resolve(each));
        }
        Files.createDirectories(folder.resolve("cni-conf/net.d"));
        Files.createDirectories(folder.resolve("manifests"));
        // What a node has before any network: the runtime itself needs it.
        Files.copy(peers.file("loopback"), folder.resolve("cni-bin/loopback"));
        config = new NodeConfig(peers, settings, folder, cgroup(), controlPlane.nodeKubeconfig(name()));
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
        await(
                "node " + name() + " is registered",
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

    Namespace network() {
        return Objects.requireNonNull(network, "not up");
    }

    /** The folder that is the node's {@code /var/lib/cni}, {@code /run} and so on: see {@link #DISK}. */
    Path disk(String name) {
        return folder.resolve(name);
    }

    /** Where the kubelet looks for pods that no API has to tell of. */
    Path manifests() {
        return folder.resolve("manifests");
    }

    String cgroup() {
        return lab.id() + "/" + letter;
    }

    private Namespace up() throws IOException {
        running.clear();
        Cgroups.create(cgroup());
        Path run = folder.resolve("run");
        Command.of("rm", "-rf", run.toString()).run().succeeded();
        Files.createDirectories(run.resolve("netns"));
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
        startFirst(own, run);
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

    /** The node's first process: when it dies, the kernel ends all others of the node. */
    private void startFirst(Namespace inside, Path run) {
        StringBuilder mounts = new StringBuilder();
        // What the node makes in these folders of the machine's, and be it a mount point, is the node's alone.
        for (String each : List.of("etc", "opt", "var/lib", "var/log")) {
            Path own = folder.resolve("root").resolve(each);
            mounts.append(
                    "mkdir -p %1$s/upper %1$s/work && mount -t overlay -o lowerdir=/%2$s,upperdir=%1$s/upper,workdir=%1$s/work towpath-lab /%2$s%n"
                            .formatted(own, each));
        }
        DISK.forEach((disk, place) -> mounts.append("mkdir -p ")
                .append(place)
                .append(" && mount --bind ")
                .append(folder.resolve(disk))
                .append(' ')
                .append(place)
                .append(" && mount --make-rshared ")
                .append(place)
                .append('\n'));
        String script = """
                set -e
                mount --make-rshared /
                mount --bind %1$s /run
                mount --make-rshared /run
                mkdir -p /run/lock
                %2$s
                mount --bind %4$s /etc/resolv.conf
                hostname %3$s
                touch /run/up
                trap : CHLD
                while :; do sleep 1000 & wait; done
                """.formatted(run, mounts, name(), folder.resolve("resolv.conf"));
        Process process = inside.background(
                Command.of("bash", "-c", script)
                        .by(
                                "unshare",
                                "--mount",
                                "--uts",
                                "--ipc",
                                "--pid",
                                "--fork",
                                "--kill-child=KILL",
                                "--mount-proc"),
                logs.resolve("first.log"));
        running.put("first", process);
        await(name() + "'s namespaces", () -> Files.exists(run.resolve("up")));
        first = process.children().findFirst().orElseThrow();
    }

    private void startContainerd() {
        start(
                "containerd",
                peers.of("containerd"),
                "--config",
                config.containerd().toString());
        await(name() + "'s containerd", () -> Files.exists(folder.resolve("run/containerd/containerd.sock")));
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
                settings.families("192.168.60." + number, "fd60::" + number),
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

    /** Starts a program that is a service of the node, until the node goes down. */
    void startService(String name, String... words) {
        start(name, words);
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
        end("kubelet");
        startKubelet();
    }

    /** Ends containerd and starts it again; containers run on meanwhile. */
    void restartContainerd() throws IOException {
        end("containerd");
        Files.deleteIfExists(folder.resolve("run/containerd/containerd.sock"));
        startContainerd();
    }

    /** A power failure, and the power is back: all processes and all that is in memory are gone, the disk is as it was. */
    void reboot() throws IOException {
        rebootAlone();
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
        return Command.of(words)
                .by(
                        "nsenter",
                        "-t",
                        String.valueOf(Objects.requireNonNull(first, "not up").pid()),
                        "-m",
                        "-u",
                        "-i",
                        "-n",
                        "-p",
                        "--");
    }

    private void start(String name, String... words) {
        Command command = inside(words).with("PATH", peers.path());
        Path log = logs.resolve(name + ".log");
        running.put(name, command.appendInto(log));
    }

    /** The program is a child of the nsenter that took it into its process namespace. */
    private void end(String name) {
        Process process = running.remove(name);
        if (process == null) {
            return;
        }
        List<ProcessHandle> children = process.children().toList();
        children.forEach(ProcessHandle::destroy);
        Await.until(name + " of " + name() + " ends", () -> !process.isAlive());
    }

    /** The namespaces of the pods' that the runtime has mounted. */
    List<String> podNamespaces() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("run/netns"))) {
            return files.map(path -> String.valueOf(path.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    /** The network of a pod, by one of its processes. */
    Namespace podNetwork(String uid) {
        List<Long> processes = Cgroups.processes(podGroup(uid));
        if (processes.isEmpty()) {
            throw new AssertionError("no process of pod " + uid + " on " + name());
        }
        return Namespace.at(Path.of("/proc/" + processes.getFirst() + "/ns/net"));
    }

    /** The control group of a pod of no guaranteed quality of service. */
    String podGroup(String uid) {
        return cgroup() + "/kubepods/besteffort/pod" + uid;
    }

    /** The addresses that are leased to pods. */
    Set<String> leases() {
        Set<String> leases = new TreeSet<>();
        Path networks = folder.resolve("cni/networks/k8s-pod-network");
        if (Files.isDirectory(networks)) {
            try (Stream<Path> files = Files.list(networks)) {
                files.map(path -> String.valueOf(path.getFileName()))
                        .filter(name -> name.matches("[0-9a-f.:]+"))
                        .forEach(leases::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return leases;
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
        if (first != null) {
            first.destroyForcibly();
        }
        for (Process process : running.values()) {
            await("the processes of " + name() + " are gone", () -> !process.isAlive());
        }
        if (network != null) {
            network.close();
        }
        Cgroups.remove(cgroup());
    }

    private static void await(String what, java.util.function.BooleanSupplier condition) {
        Await.until(what, PATIENCE, PAUSE, condition, () -> "");
    }

    @Override
    public void close() throws IOException {
        down();
    }
}
