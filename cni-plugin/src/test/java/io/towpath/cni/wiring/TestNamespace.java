package io.towpath.cni.wiring;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A network namespace of a test's own, with iproute2 and others as witnesses of what is in it. */
public final class TestNamespace implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name = "towpath-cni-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
    private boolean open = true;

    public TestNamespace() throws IOException {
        run("ip", "netns", "add", name);
        ip("link", "set", "lo", "up");
    }

    /** The file that stands for it. */
    public String path() {
        return "/run/netns/" + name;
    }

    public NetNs open() throws NetlinkException {
        return NetNs.open(path());
    }

    /** Runs {@code ip} inside. */
    public void ip(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "-netns", name));
        command.addAll(List.of(arguments));
        run(command.toArray(String[]::new));
    }

    /** What {@code ip -details -json} shows inside. */
    public JsonNode show(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "-netns", name, "-details", "-json"));
        command.addAll(List.of(arguments));
        String text = look(command.toArray(String[]::new));
        return JSON.readTree(text.isBlank() ? "[]" : text);
    }

    /** What a program prints inside; an error if it fails. */
    public String execute(String... command) throws IOException {
        List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name));
        whole.addAll(List.of(command));
        return look(whole.toArray(String[]::new)).strip();
    }

    /** A setting below /proc/sys inside. */
    public String sysctl(String key) throws IOException {
        return execute("cat", "/proc/sys/" + key);
    }

    /** The names of all links inside but the loopback device, by index. */
    public List<String> links() throws IOException {
        List<String> names = new ArrayList<>();
        for (JsonNode link : show("link")) {
            if (!link.path("ifname").asText().equals("lo")) {
                names.add(link.path("ifname").asText());
            }
        }
        return names;
    }

    /** Runs a program that shows something, again while iproute2 says that the kernel changed it under its reading. */
    private static String look(String... command) throws IOException {
        String output = run(command);
        while (output.contains("Dump was interrupted")) {
            output = run(command);
        }
        return output;
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + ": " + output);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return output;
    }

    @Override
    public void close() throws IOException {
        if (open) {
            open = false;
            run("ip", "netns", "delete", name);
        }
    }
}
