package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import io.towpath.lab.PingLog;
import java.nio.file.Path;
import java.util.NavigableSet;

/** A ping every 50 ms, to learn for how long nothing came through. */
final class Pings {
    private static final double SECONDS = 0.05;

    private final String what;
    private final String from;
    private final String to;
    private final PingLog log;
    private int mark;

    /** Begins; returns with the first answer. */
    Pings(String from, Namespace client, String to, String address, Path logs) {
        this.what = from + " to " + to + (address.contains(":") ? " by IPv6" : "");
        this.from = from;
        this.to = to;
        log = new PingLog(logs.resolve("ping-" + what.replace(' ', '-') + "-" + System.nanoTime() + ".log"));
        var _ = client.background(Command.of("ping", "-n", "-i", String.valueOf(SECONDS), address), log.file());
        Await.until("the first answer, " + what, () -> !log.answered().isEmpty(), log::text);
        mark();
    }

    /** Whether one of these is at either end. */
    boolean concerns(String pod) {
        return from.equals(pod) || to.equals(pod);
    }

    /** Begins to count here. */
    void mark() {
        mark = log.answered().last();
    }

    /** Waits for one more answer, and tells how many had none since the mark. */
    int lost() {
        int last = log.answered().last();
        Await.until("one more answer, " + what, () -> log.answered().last() > last, log::text);
        NavigableSet<Integer> answered = log.answered();
        return answered.last() - mark - answered.tailSet(mark, false).size();
    }

    /** As {@link #lost}, in seconds. */
    double silence() {
        return lost() * SECONDS;
    }

    @Override
    public String toString() {
        return what;
    }
}
