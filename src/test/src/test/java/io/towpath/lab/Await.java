package io.towpath.lab;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for what the kernel or another process does in its own time: by asking until it is so. */
public final class Await {
    /** How many times slower than others this machine is, as an emulated one may be: the system property {@code towpath.slowness}. */
    public static final int SLOWNESS = Integer.getInteger("towpath.slowness", 1);

    private static final Duration DEADLINE = Duration.ofSeconds(20);

    /** Asking is work: on a slow machine it would keep what is waited for from being done. */
    private static final Duration PAUSE = Duration.ofMillis(SLOWNESS > 1 ? 200 : 5);

    private Await() {}

    /** Asks until the answer is yes; fails after 20 seconds, on a slow machine later. */
    public static void until(String what, BooleanSupplier condition) {
        until(what, condition, () -> "");
    }

    /** As {@link #until(String, BooleanSupplier)}; returns how long it took, in milliseconds. */
    public static double time(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        until(what, condition);
        return (System.nanoTime() - start) / 1e6;
    }

    /** As above, with more to say if it never happens. */
    public static void until(String what, BooleanSupplier condition, Supplier<String> otherwise) {
        until(what, DEADLINE, PAUSE, condition, otherwise);
    }

    /**
     * As above, for what takes longer.
     *
     * @param deadline after which it fails
     * @param pause between two questions
     */
    public static void until(
            String what, Duration deadline, Duration pause, BooleanSupplier condition, Supplier<String> otherwise) {
        Duration patience = deadline.multipliedBy(SLOWNESS);
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + patience.toSeconds() + " s: " + what + " " + otherwise.get());
            }
            LockSupport.parkNanos(pause.toNanos());
        }
    }
}
