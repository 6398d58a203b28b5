package io.towpath.agent.thread;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.Heartbeat;
import io.towpath.cni.FailureLine;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that goes on for as long as the agent does. What its work fails by, foreseen or not, is told once, and the work is begun anew
 * after a pause that grows. Where memory is used up the process ends. Work that fails again and again does not beat, so that in the
 * end the agent is started anew.
 */
public final class LastingThread {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(30);

    /** Work that has gone on for so long has got over what it failed by. */
    private static final Duration RECOVERED = Duration.ofSeconds(30);

    private final Thread thread;
    private final Heartbeat heartbeat;
    private final Consumer<@Nullable String> problem;
    private final Work work;
    private final Duration recovered;
    private final CountDownLatch ended = new CountDownLatch(1);

    // Of the thread that works alone.
    private @Nullable String told;
    private Duration pause = FIRST_PAUSE;
    private long begun;

    /** What a thread does. */
    @FunctionalInterface
    public interface Work {
        /** Works until it is told to end. It calls {@link #beat} again and again; what it throws has it called again. */
        void run() throws Exception;
    }

    /**
     * A thread that does nothing yet.
     *
     * @param limit the longest that may be between two beats
     * @param problem told what the work fails by, in one line, and null when that is over
     */
    public LastingThread(String name, Duration limit, Consumer<@Nullable String> problem, Work work) {
        this(name, limit, problem, work, RECOVERED);
    }

    /** As above, with a line of the log for a problem. */
    public LastingThread(String name, Duration limit, Log log, Work work) {
        this(name, limit, problem -> log.problem("thread " + name, problem), work);
    }

    LastingThread(String name, Duration limit, Consumer<@Nullable String> problem, Work work, Duration recovered) {
        this.problem = problem;
        this.work = work;
        this.recovered = recovered;
        heartbeat = new Heartbeat(name, limit);
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    /** Tells whether it works. */
    public Heartbeat heartbeat() {
        return heartbeat;
    }

    /** Begins. */
    public void start() {
        thread.start();
    }

    /** Works on the calling thread, in the place of one that is started, until the work returns or {@link #end}. */
    public void run() {
        heartbeat.beat();
        boolean goesOn = true;
        while (goesOn) {
            begun = System.nanoTime();
            try {
                work.run();
                goesOn = false;
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt(); // by whoever ends it
                goesOn = false;
            } catch (Throwable e) {
                goesOn = failed(e);
            }
        }
        heartbeat.rest();
    }

    /** Whether it is to go on. */
    private boolean failed(Throwable failure) {
        Uncaught.endIfMust(failure);
        try {
            told = FailureLine.of(failure);
            problem.accept(told);
            FailureLine.trace(failure, System.err);
            boolean ends = ended.await(pause.toMillis(), TimeUnit.MILLISECONDS);
            Duration longer = pause.multipliedBy(2);
            pause = longer.compareTo(LAST_PAUSE) < 0 ? longer : LAST_PAUSE;
            return !ends;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Says that it works; called by the work, on its thread. */
    public void beat() {
        heartbeat.beat();
        if (told != null && System.nanoTime() - begun >= recovered.toNanos()) {
            told = null;
            pause = FIRST_PAUSE;
            problem.accept(null);
        }
    }

    /** Has failed work not be begun again; the work itself has to be told otherwise. Any thread may call it. */
    public void end() {
        ended.countDown();
    }

    /** Interrupts the work, for work that waits for that. */
    public void interrupt() {
        end();
        thread.interrupt();
    }

    /** Whether it was started and has not ended. */
    public boolean isAlive() {
        return thread.isAlive();
    }

    /** Waits until it has ended; returns at once if it was not started. */
    public void join() throws InterruptedException {
        thread.join();
    }
}
