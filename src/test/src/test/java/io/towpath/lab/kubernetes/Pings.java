package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A ping every 50 ms, to learn for how long nothing came through. */
final class Pings {
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ");
    private static final double SECONDS = 0.05;

    private final String what;
    private final String from;
    private final String to;
    private final Path log;
    private int mark;

    /** Begins; returns with the first answer. */
    Pings(String from, Namespace client, String to, String address, Path logs) {
        this.what = from + " to " + to + (address.contains(":") ? " by IPv6" : "");
        this.from = from;
        this.to = to;
        log = logs.resolve("ping-" + what.replace(' ', '-') + "-" + System.nanoTime() + ".log");
        var _ = client.background(Command.of("ping", "-n", "-i", String.valueOf(SECONDS), address), log);
        Await.until("the first answer, " + what, () -> !answered().isEmpty(), this::text);
        mark();
    }

    /** Whether one of these is at either end. */
    boolean concerns(String pod) {
        return from.equals(pod) || to.equals(pod);
    }

    /** Begins to count here. */
    void mark() {
        mark = answered().last();
    }

    /** Waits for one more answer, and tells how many had none since the mark. */
    int lost() {
        int last = answered().last();
        Await.until("one more answer, " + what, () -> answered().last() > last, this::text);
        NavigableSet<Integer> answered = answered();
        return answered.last() - mark - answered.tailSet(mark, false).size();
    }

    /** As {@link #lost}, in seconds. */
    double silence() {
        return lost() * SECONDS;
    }

    private NavigableSet<Integer> answered() {
        NavigableSet<Integer> numbers = new TreeSet<>();
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
    public String toString() {
        return what;
    }
}
