package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What tcpdump sees on a link, from its construction on. */
public final class Capture implements AutoCloseable {
    private static final Pattern TIME = Pattern.compile("(?m)^(?=\\d\\d:\\d\\d:\\d\\d\\.)");

    private final Process process;
    private final Path log;

    /** Returns when tcpdump listens. */
    public Capture(Namespace at, String link, Path log, String filter) {
        this.log = log;
        // -Z root: it would become another user and could not be ended with the rest.
        process = at.background(
                Command.of(
                        "tcpdump",
                        "-Z",
                        "root",
                        "-nn",
                        "-l",
                        "-U",
                        "--immediate-mode",
                        "-T",
                        "vxlan",
                        "-i",
                        link,
                        filter),
                log);
        Await.until("tcpdump listens on " + link, () -> text().contains("listening on"), this::text);
    }

    /** What it printed up to now. */
    public String text() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for a packet in whose lines all these texts are. */
    public void awaitPacket(String... texts) {
        Await.until(
                "a packet with " + List.of(texts),
                () -> packets().anyMatch(packet -> List.of(texts).stream().allMatch(packet::contains)),
                this::text);
    }

    /** One text per packet: what is inside a tunnel's packet comes on a line of its own, without the time. */
    private Stream<String> packets() {
        return TIME.splitAsStream(text());
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
