package io.towpath.netlink;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A network namespace of a test's own, with iproute2 as the independent witness of what is in it. */
public final class TestNamespace implements AutoCloseable {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name = "towpath-test-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();

    public TestNamespace() {
        run("ip", "netns", "add", name);
    }

    /** The file that stands for it. */
    public String path() {
        return "/run/netns/" + name;
    }

    public NetNs open() throws NetlinkException {
        return NetNs.open(path());
    }

    /** Runs {@code ip} inside, for the parts of a scene that are not what is tested. */
    public void ip(String... arguments) {
        run(command("ip", List.of(), arguments));
    }

    /** What {@code ip -details -json} shows inside. */
    public JsonNode show(String... arguments) {
        return json(look(command("ip", List.of("-details", "-json"), arguments)));
    }

    /** What {@code bridge -json} shows inside. */
    public JsonNode bridge(String... arguments) {
        return json(look(command("bridge", List.of("-json"), arguments)));
    }

    /** What {@code tc -json} shows inside. */
    public JsonNode tc(String... arguments) {
        return json(look(command("tc", List.of("-json"), arguments)));
    }

    /** What a program prints inside. */
    public String execute(String... command) {
        List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name));
        whole.addAll(List.of(command));
        return look(whole.toArray(String[]::new)).strip();
    }

    /** Something to do inside. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    /** Does something on a thread that is inside and ends with it. */
    public void inside(Action action) throws Exception {
        FutureTask<@Nullable Void> task = new FutureTask<>(() -> {
            try (NetNs netNs = open()) {
                enter(netNs.fd());
            }
            action.run();
            return null;
        });
        Thread.ofPlatform().start(task);
        task.get();
    }

    @SuppressWarnings("restricted") // setns(2) for a whole test thread, which the library itself never leaves inside
    private static void enter(int netNs) {
        Linker linker = Linker.nativeLinker();
        MethodHandle setns = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setns"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        int result;
        try {
            result = (int) setns.invokeExact(netNs, CLONE_NEWNET);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (result != 0) {
            throw new AssertionError("setns");
        }
    }

    private String[] command(String program, List<String> options, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program, "-netns", name));
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text.isBlank() ? "[]" : text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    /** Runs a program that shows something, again while iproute2 says that the kernel changed it under its reading. */
    private static String look(String... command) {
        String output = run(command);
        while (output.contains("Dump was interrupted")) {
            output = run(command);
        }
        return output;
    }

    private static String run(String... command) {
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
        run("ip", "netns", "delete", name);
    }
}
