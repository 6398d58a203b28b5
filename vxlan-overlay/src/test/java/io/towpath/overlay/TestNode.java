package io.towpath.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** A node: a network namespace and a folder for its files; iproute2 is the witness of what is in the namespace. */
final class TestNode implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final int CLONE_NEWNET = 0x40000000;

    private final String name = "towpath-ov-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
    private final Path folder;

    TestNode(Path parent) throws IOException {
        folder = Files.createDirectories(parent.resolve(name));
        run(List.of("ip", "netns", "add", name));
        ip("link set lo up");
    }

    /** Connects the two nodes by their eth0. */
    static void connect(TestNode one, TestNode other) {
        one.ip("link add eth0 type veth peer name eth0 netns " + other.name);
        for (TestNode node : new TestNode[] {one, other}) {
            // Without addresses that the kernel makes by itself and tells of in its own time.
            node.ip("link set eth0 addrgenmode none");
            node.ip("link set eth0 up");
        }
    }

    OverlayConfig config() {
        return new OverlayConfig(
                folder.resolve("cluster.json").toString(),
                folder.resolve("run").toString(),
                folder.resolve("flannel/subnet.env").toString());
    }

    Path clusterFile() {
        return folder.resolve("cluster.json");
    }

    Path file(String path) {
        return folder.resolve(path);
    }

    /** Something done with the node's overlay. */
    interface Use<T> {
        T with(Overlay overlay) throws Exception;
    }

    SyncReport sync() throws Exception {
        return overlay(Overlay::sync);
    }

    Ensured ensure() throws Exception {
        return overlay(Overlay::ensure);
    }

    <T> T overlay(Use<T> use) throws Exception {
        return inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                return use.with(new Overlay(config(), rtnl));
            }
        });
    }

    /** Does something on a thread that is in the namespace, as a process of the node would be. */
    <T> T inside(Callable<T> work) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                enter();
                result.complete(work.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    @SuppressWarnings("restricted") // setns(2) for the calling thread only
    private void enter() throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle setns = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setns"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try (NetNs target = NetNs.open("/run/netns/" + name)) {
            if ((int) setns.invokeExact(target.fd(), CLONE_NEWNET) != 0) {
                throw new IOException("setns " + name);
            }
        }
    }

    /** Runs {@code ip} with words between spaces; what it prints. */
    String ip(String words) {
        List<String> command = new ArrayList<>(List.of("ip", "-netns", name));
        command.addAll(List.of(words.split(" ")));
        return look(command);
    }

    /** Runs a program inside; what it prints. */
    String execute(String words) {
        return look(inside(words));
    }

    private List<String> inside(String words) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", name));
        command.addAll(List.of(words.split(" ")));
        return command;
    }

    /** Starts a program inside whose first line of output, of either kind, says that it is ready; null: it says nothing. */
    Running start(String words, boolean announces) throws IOException {
        Process process =
                new ProcessBuilder(inside(words)).redirectErrorStream(true).start();
        BufferedReader output = process.inputReader(UTF_8);
        if (announces) {
            String line = output.readLine();
            while (line != null && !line.contains("listening on")) {
                line = output.readLine();
            }
        }
        return new Running(process, output);
    }

    record Running(Process process, BufferedReader output) implements AutoCloseable {
        @Override
        public void close() {
            process.destroy();
        }
    }

    /** All that hangs on the overlay's devices, and the settings, as iproute2 shows it; the indexes of devices apart. */
    String witness() {
        StringBuilder text = new StringBuilder();
        String links = ip("-o link");
        for (String device : new String[] {"flannel.1", "flannel-v6.1"}) {
            if (links.contains(": " + device + ":")) {
                text.append(ip("-d -o link show dev " + device).replaceAll("^\\d+: ", ""));
                text.append(ip("-o addr show dev " + device + " scope global").replaceAll("(?m)^\\d+: ", ""));
                text.append(ip("-4 -d route show dev " + device));
                text.append(ip("-6 -d route show dev " + device).replaceAll("(?m)^.*fe80::/64.*\n", ""));
                text.append(sorted(ip("neigh show dev " + device + " nud permanent")));
                text.append(sorted(execute("bridge fdb show dev " + device)));
                text.append(execute(
                        "sysctl -a --pattern conf.(" + device.replace('.', '/') + "|all).(accept_ra|forwarding)$"));
            }
        }
        return text.append(execute("sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding"))
                .toString();
    }

    private static String sorted(String text) {
        return text.lines().sorted().map(line -> line + "\n").collect(Collectors.joining());
    }

    /** Runs a program that shows something, again while iproute2 says that the kernel changed it under its reading. */
    private static String look(List<String> command) {
        String output = run(command);
        while (output.contains("Dump was interrupted")) {
            output = run(command);
        }
        return output;
    }

    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        run(List.of("ip", "netns", "delete", name));
    }
}
