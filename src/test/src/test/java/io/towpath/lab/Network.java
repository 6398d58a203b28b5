package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Traffic made inside a namespace. */
public final class Network {
    private static final String PING_SECONDS = String.valueOf(2 * Await.SLOWNESS);
    private static final String FETCH_SECONDS = String.valueOf(15 * Await.SLOWNESS);

    private Network() {}

    /** One ping; the first may go unanswered while neighbours are being found. */
    public static void ping(Namespace from, String address, String... options) {
        Command.Outcome outcome = tryPing(from, address, options);
        if (outcome.exit() != 0) {
            outcome = tryPing(from, address, options);
        }
        if (outcome.exit() != 0) {
            throw new AssertionError(
                    "no answer to " + outcome + "\n" + from.run("ip", "address") + from.run("ip", "route"));
        }
    }

    /** One ping. */
    public static Command.Outcome tryPing(Namespace from, String address, String... options) {
        List<String> words = new ArrayList<>(List.of("ping", "-n", "-c", "1", "-W", PING_SECONDS));
        words.addAll(List.of(options));
        words.add(address);
        return from.inside(Command.of(words.toArray(String[]::new))).run();
    }

    /** Fetches {@code http://address:port/}; a server that does not listen yet is asked again for ten seconds. */
    public static String fetch(Namespace from, String address, int port) {
        String host = address.contains(":") ? "[" + address + "]" : address;
        return from.run(
                "curl",
                "-gsS",
                "--noproxy",
                "*",
                "--max-time",
                FETCH_SECONDS,
                "--retry",
                "10",
                "--retry-delay",
                "1",
                "--retry-connrefused",
                "http://" + host + ":" + port + "/");
    }

    static void serve(Namespace at, int port, String text, Path page) {
        Path folder = Objects.requireNonNull(page.getParent());
        try {
            Files.createDirectories(folder);
            Files.writeString(page, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Process server = at.background(
                Command.of("busybox", "httpd", "-f", "-p", String.valueOf(port), "-h", folder.toString()));
        Await.until(
                "busybox httpd listens on port " + port,
                () -> !at.run("ss", "-Hltn", "sport = :" + port).isBlank() || !server.isAlive());
        if (!server.isAlive()) {
            throw new AssertionError("busybox httpd ended with code " + server.exitValue());
        }
    }
}
