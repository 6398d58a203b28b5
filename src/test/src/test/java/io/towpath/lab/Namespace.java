package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A network namespace with a name, as {@code ip netns} knows them. Made by a thread of its own, which leaves the process's
 * namespace for good; kept by a mount; entered by processes through {@code nsenter}, which changes nothing but the network.
 */
public final class Namespace implements AutoCloseable {
    /** Where iproute2 and runtimes keep theirs. */
    static final Path FOLDER = Path.of("/run/netns");

    private final String name;
    private final Path path;
    private final Set<Process> processes = ConcurrentHashMap.newKeySet();

    private Namespace(String name, Path path) {
        this.name = name;
        this.path = path;
    }

    /**
     * The one that a file leads to, for example {@code /proc/1/ns/net}; not ours to close: who runs something in
     * the background there ends it by {@link #endProcesses}.
     */
    public static Namespace at(Path path) {
        return new Namespace(path.toString(), path);
    }

    /** Creates it, with the loopback device up. */
    static Namespace create(String name) {
        Namespace namespace = new Namespace(name, FOLDER.resolve(name));
        AtomicReference<IOException> failure = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().name("new namespace " + name).start(() -> {
            try {
                Files.createDirectories(FOLDER);
                Files.createFile(namespace.path);
                Libc.unshareNetwork();
                Libc.bindMount("/proc/thread-self/ns/net", namespace.path.toString());
            } catch (IOException e) {
                failure.set(e);
            }
        });
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        IOException e = failure.get();
        if (e != null) {
            throw new UncheckedIOException(e);
        }
        namespace.run("ip", "link", "set", "lo", "up");
        return namespace;
    }

    public String name() {
        return name;
    }

    /** The file that leads to it, as in {@code CNI_NETNS}. */
    public Path path() {
        return path;
    }

    /** The command run inside. */
    public Command inside(Command command) {
        return command.by("nsenter", "--net=" + path);
    }

    /** Does something in a thread of its own inside: the sockets that it makes stay there. */
    public <T> T call(Callable<T> action) {
        FutureTask<T> task = new FutureTask<>(() -> {
            Libc.enterNetwork(path);
            return action.call();
        });
        Thread.ofPlatform().name("in " + name).start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("in " + name, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Runs a program inside to its end and returns what it printed; fails if it fails. */
    public String run(String... words) {
        return inside(Command.of(words)).run().succeeded().out();
    }

    /** Runs several of iproute2's commands in one process. */
    public void ip(String... lines) {
        byte[] batch = (String.join("\n", lines) + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8);
        inside(Command.of("ip", "-batch", "-").stdin(batch)).run().succeeded();
    }

    /** What iproute2 shows, for example {@code show("-d", "link", "show", "dev", "eth0")}. */
    public JsonNode show(String... words) {
        return Json.read(
                inside(Command.of(words).by("ip", "-j")).run().succeeded().out());
    }

    /** The forwarding entries as the bridge program shows them. */
    public JsonNode forwardingEntries() {
        return Json.read(run("bridge", "-j", "fdb", "show"));
    }

    /** Whether there is a link with this name. */
    public boolean hasLink(String link) {
        return inside(Command.of("ip", "link", "show", "dev", link)).run().exit() == 0;
    }

    /** Starts a program inside; it is ended with the namespace at the latest, if that is ours. */
    public Process background(Command command) {
        Process process = inside(command).start();
        processes.add(process);
        return process;
    }

    /** As {@link #background}, with the output going to a file. */
    public Process background(Command command, Path log) {
        Process process = inside(command).startInto(log);
        processes.add(process);
        return process;
    }

    /** Sets a switch of this namespace, for example {@code net/ipv4/ip_forward}. */
    public void sysctl(String key, String value) {
        run("sh", "-c", "printf %s \"$1\" >\"/proc/sys/$2\"", "sh", value, key);
    }

    /** Ends what runs inside and gives up the name. The kernel takes the rest apart when it finds the time. */
    @Override
    public void close() {
        endProcesses();
        remove(path);
    }

    /** Ends what runs in the background. */
    public void endProcesses() {
        for (Process process : processes) {
            process.destroyForcibly();
            process.onExit().join();
        }
        processes.clear();
    }

    /** Gives up the name of a namespace; whatever is left of it. */
    static void remove(Path path) {
        try {
            while (Mounts.isMountPoint(path)) {
                Libc.unmount(path.toString());
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
