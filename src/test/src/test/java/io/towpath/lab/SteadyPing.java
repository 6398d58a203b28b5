package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.NavigableSet;

/** A ping every 20 ms from its construction on, to learn whether anything was lost meanwhile. */
public final class SteadyPing implements AutoCloseable {
    private final Process process;
    private final PingLog log;
    private final String what;

    /** Returns with the first answer. */
    public SteadyPing(Pod from, String address) {
        this.what = from + " to " + address;
        try {
            this.log = new PingLog(Files.createTempFile(from.node().folder(), "ping", ""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.process = from.namespace().background(Command.of("ping", "-n", "-i", "0.02", address), log.file());
        Await.until("the first answer, " + what, () -> !log.answered().isEmpty(), log::text);
    }

    /** Waits for so many more answers. */
    public SteadyPing more(int answers) {
        int wanted = log.answered().size() + answers;
        Await.until(answers + " more answers, " + what, () -> log.answered().size() >= wanted, log::text);
        return this;
    }

    /** Ends it; fails if a ping between the first and the last answer went unanswered. */
    public void assertNothingLost() {
        more(10);
        int lost = end();
        if (lost > 0) {
            throw new AssertionError(lost + " of " + log.answered().size() + " pings lost, " + what);
        }
    }

    /** Ends it and tells how many were lost between the first answer and the last, that is, for how many 20 ms. */
    public int end() {
        Libc.interrupt(process.pid());
        process.onExit().join();
        NavigableSet<Integer> answered = log.answered();
        return answered.last() - answered.first() + 1 - answered.size();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
