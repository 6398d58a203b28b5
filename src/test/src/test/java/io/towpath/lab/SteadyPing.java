package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A ping every 20 ms from its construction on, to learn whether anything was lost meanwhile. */
public final class SteadyPing implements AutoCloseable {
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ttl=");

    private final Process process;
    private final Path log;
    private final String what;

    /** Returns with the first answer. */
    public SteadyPing(Pod from, String address) {
        this.what = from + " to " + address;
        try {
            this.log = Files.createTempFile(from.node().folder(), "ping", "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.process = from.namespace().background(Command.of("ping", "-n", "-i", "0.02", address), log);
        Await.until("the first answer, " + what, () -> !answered().isEmpty(), this::text);
    }

    /** Waits for so many more answers. */
    public SteadyPing more(int answers) {
        int wanted = answered().size() + answers;
        Await.until(answers + " more answers, " + what, () -> answered().size() >= wanted, this::text);
        return this;
    }

    /** Ends it; fails if a ping between the first and the last answer went unanswered. */
    public void assertNothingLost() {
        more(10);
        int lost = end();
        if (lost > 0) {
            throw new AssertionError(lost + " of " + answered().size() + " pings lost, " + what);
        }
    }

    /** Ends it and tells how many were lost between the first answer and the last, that is, for how many 20 ms. */
    public int end() {
        Libc.interrupt(process.pid());
        process.onExit().join();
        TreeSet<Integer> answered = new TreeSet<>(answered());
        return answered.last() - answered.first() + 1 - answered.size();
    }

    private Set<Integer> answered() {
        Set<Integer> numbers = new TreeSet<>();
        Matcher matcher = ANSWER.matcher(text());
        while (matcher.find()) {
            numbers.add(Integer.parseInt(matcher.group(1)));
        }
        return numbers;
    }

    private String text() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
