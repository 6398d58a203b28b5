package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The processes of a node, in namespaces of its own for mounts, processes and names. When the first one dies, the kernel ends all others. */
final class NodeProcesses {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final String node;
    private final String searchPath;
    private final Path logs;
    private final Map<String, Process> running = new ConcurrentHashMap<>();
    private @Nullable ProcessHandle first;

    /**
     * None yet.
     *
     * @param node its name
     * @param searchPath where programs find those that they start
     * @param logs for what each program prints
     */
    NodeProcesses(String node, String searchPath, Path logs) {
        this.node = node;
        this.searchPath = searchPath;
        this.logs = logs;
    }

    /** Starts the first one, in a network and on a disk. */
    void begin(Namespace network, NodeDisk disk) {
        String script = """
                set -e
                %1$s
                mount --bind %2$s /etc/resolv.conf
                hostname %3$s
                touch /run/up
                trap : CHLD
                while :; do sleep 1000 & wait; done
                """.formatted(disk.mounts(), disk.path("resolv.conf"), node);
        Process process = network.background(
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
        await("namespaces", () -> Files.exists(disk.run().resolve("up")));
        first = process.children().findFirst().orElseThrow();
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

    /** Starts a program, until the node goes down; by its name it can be ended before. */
    void start(String name, String... words) {
        Command command = inside(words).with("PATH", searchPath);
        running.put(name, command.appendInto(logs.resolve(name + ".log")));
    }

    /** Ends a program, if it runs. It is a child of the nsenter that took it into its process namespace. */
    void end(String name) {
        Process process = running.remove(name);
        if (process == null) {
            return;
        }
        List<ProcessHandle> children = process.children().toList();
        children.forEach(ProcessHandle::destroy);
        Await.until(name + " of " + node + " ends", () -> !process.isAlive());
    }

    /** Ends all at once, as a power failure does. */
    void endAll() {
        if (first != null) {
            first.destroyForcibly();
        }
        for (Process process : running.values()) {
            await("processes are gone", () -> !process.isAlive());
        }
        running.clear();
    }

    /** Waits for a minute at most. */
    void await(String what, BooleanSupplier condition) {
        Await.until(node + "'s " + what, PATIENCE, PAUSE, condition, () -> "");
    }
}
