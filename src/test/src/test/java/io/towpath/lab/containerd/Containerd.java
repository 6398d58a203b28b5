package io.towpath.lab.containerd;

import io.towpath.lab.Await;
import io.towpath.lab.Cgroups;
import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Libc;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Debian's containerd on a node of the lab. Its folders are the lab's; it runs in the node's network and in a mount namespace
 * of its own with an empty {@code /run}, so whatever it mounts is seen by nobody else and goes with it.
 */
final class Containerd implements AutoCloseable {
    private final Node node;
    private final Path folder;
    private final Path socket;
    private final Process process;
    private final Cri cri;
    private final String cgroup;

    /** Starts it, and returns when it is ready for sandboxes. */
    Containerd(Lab lab, Node node, String conflist) throws IOException {
        this.node = node;
        this.folder = node.folder().resolve("containerd");
        this.socket = folder.resolve("containerd.sock");
        this.cgroup = lab.id();
        install(conflist);
        Path config = folder.resolve("config.toml");
        Files.writeString(config, configuration());
        this.process = node.namespace()
                .background(
                        Command.of("containerd", "--config", config.toString())
                                .by(
                                        "sh",
                                        "-c",
                                        "mount -t tmpfs -o mode=755 towpath-lab /run && mkdir /run/netns && exec \"$@\"",
                                        "sh")
                                .by("unshare", "--mount", "--propagation", "private"),
                        log());
        this.cri = new Cri(socket, "/" + cgroup);
        try {
            Await.until("containerd's socket", () -> Files.exists(socket) || !process.isAlive(), this::logText);
            importImage();
            Await.until("containerd is ready", cri::isReady, this::logText);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    Cri cri() {
        return cri;
    }

    /** The namespace that a sandbox's containers are in. */
    Namespace namespace(String sandbox) {
        return Namespace.at(Path.of("/proc/" + cri.status(sandbox).pid() + "/ns/net"));
    }

    /** The names of the sandboxes' network namespaces that are mounted. */
    List<String> namespaces() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + process.pid() + "/root/run/netns"))) {
            return files.map(Path::toString).toList();
        }
    }

    String logText() {
        try {
            return Files.readString(log());
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Path log() {
        return folder.resolve("log");
    }

    private void install(String conflist) throws IOException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("loopback"), Plugin.reference("loopback"));
        Files.createSymbolicLink(bin.resolve("host-local"), Plugin.reference("host-local"));
        String type = Json.read(conflist).path("plugins").path(0).path("type").asText();
        Files.createSymbolicLink(bin.resolve(type), node.plugin());
        Files.writeString(Files.createDirectories(folder.resolve("conf")).resolve("10-towpath.conflist"), conflist);
    }

    private String configuration() {
        return """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"

                [grpc]
                  address = "%2$s"

                [plugins."io.containerd.internal.v1.opt"]
                  path = "%1$s/opt"

                [plugins."io.containerd.grpc.v1.cri"]
                  disable_apparmor = true
                  restrict_oom_score_adj = true
                  sandbox_image = "%3$s"
                  stream_server_address = "127.0.0.1"
                  stream_server_port = "0"

                  [plugins."io.containerd.grpc.v1.cri".cni]
                    bin_dir = "%1$s/bin"
                    conf_dir = "%1$s/conf"

                  [plugins."io.containerd.grpc.v1.cri".containerd]
                    snapshotter = "native"
                    default_runtime_name = "runc"

                    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                      runtime_type = "io.containerd.runc.v2"

                      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                        SystemdCgroup = false
                """.formatted(folder, socket, SandboxImage.NAME);
    }

    private void importImage() throws IOException {
        Path archive = SandboxImage.write(Files.createDirectories(folder.resolve("image")));
        Command.of("ctr", "--address", socket.toString(), "-n", "k8s.io", "images", "import")
                .and("--snapshotter", "native", archive.toString())
                .run()
                .succeeded();
    }

    /** Ends the sandboxes that are left, containerd, its shims, and removes the cgroups. */
    @Override
    public void close() throws IOException {
        try {
            for (String sandbox : process.isAlive() && Files.exists(socket) ? cri.list() : List.<String>of()) {
                cri.stop(sandbox);
                cri.remove(sandbox);
            }
            cri.close();
        } finally {
            process.destroy();
            Await.until("containerd ends", () -> !process.isAlive(), this::logText);
            // shims among them
            String ours = folder + "/";
            Processes.naming(ours).forEach(Libc::kill);
            Await.until("no shim is left", () -> Processes.naming(ours).isEmpty());
            Cgroups.remove(cgroup);
        }
    }
}
