package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** A node's disk: a folder of the lab's, with folders that the node has in other places. One of them is not on a disk: {@code /run}. */
record NodeDisk(Path folder) {
    private static final Map<String, String> PLACES = Map.of(
            "kubelet", "/var/lib/kubelet",
            "containerd", "/var/lib/containerd",
            "cni", "/var/lib/cni",
            "towpath", "/var/lib/towpath",
            "cni-conf", "/etc/cni",
            "cni-bin", "/opt/cni/bin",
            "pod-logs", "/var/log/containers");

    /** Makes it; with what a node has before any network, as the runtime itself needs it. */
    void create(Path loopback) throws IOException {
        for (String each : PLACES.keySet()) {
            Files.createDirectories(path(each));
        }
        Files.createDirectories(path("cni-conf/net.d"));
        Files.createDirectories(manifests());
        Files.copy(loopback, path("cni-bin/loopback"));
    }

    /** What the node has in {@link #PLACES}, and files that it is started with. */
    Path path(String name) {
        return folder.resolve(name);
    }

    /** The node's {@code /run}. */
    Path run() {
        return path("run");
    }

    /** Where the kubelet looks for pods that no API has to tell of. */
    Path manifests() {
        return path("manifests");
    }

    /** Empties what is in memory, as a boot does. */
    void boot() throws IOException {
        Command.of("rm", "-rf", run().toString()).run().succeeded();
        Files.createDirectories(run().resolve("netns"));
    }

    /** The lines of a shell that lay it over this machine's files, in a mount namespace of the node's own. */
    String mounts() {
        StringBuilder mounts = new StringBuilder("""
                mount --make-rshared /
                mount --bind %1$s /run
                mount --make-rshared /run
                mkdir -p /run/lock
                """.formatted(run()));
        // What the node makes in these folders of the machine's, and be it a mount point, is the node's alone.
        for (String each : List.of("etc", "opt", "var/lib", "var/log")) {
            mounts.append("""
                    mkdir -p %1$s/upper %1$s/work
                    mount -t overlay -o lowerdir=/%2$s,upperdir=%1$s/upper,workdir=%1$s/work towpath-lab /%2$s
                    """.formatted(path("root").resolve(each), each));
        }
        PLACES.forEach((name, place) -> mounts.append("""
                mkdir -p %1$s
                mount --bind %2$s %1$s
                mount --make-rshared %1$s
                """.formatted(place, path(name))));
        return mounts.toString();
    }

    /** Whether a file in a folder of leases is one, by its name: an address. */
    static boolean isLease(String name) {
        return name.matches("[0-9a-f.:]+");
    }

    /** The addresses that are leased to pods. */
    Set<String> leases() {
        Set<String> leases = new TreeSet<>();
        Path networks = path("cni/networks/k8s-pod-network");
        if (Files.isDirectory(networks)) {
            try (Stream<Path> files = Files.list(networks)) {
                files.map(path -> String.valueOf(path.getFileName()))
                        .filter(NodeDisk::isLease)
                        .forEach(leases::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return leases;
    }
}
