package io.towpath.agent.http;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.Heartbeat;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Makes the pages that take their time, one after the other on a thread of its own: no pod that is handed over waits for them. */
final class PageThread implements AutoCloseable {
    private static final int MOST_ASKED = 64;
    private static final String NAME = "pages";
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Log log;
    private final Heartbeat heartbeat;
    private final ThreadPoolExecutor thread;

    PageThread(Log log) {
        this(log, new Heartbeat(NAME, LIMIT));
    }

    PageThread(Log log, Heartbeat heartbeat) {
        this.log = log;
        this.heartbeat = heartbeat;
        thread = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MOST_ASKED),
                work -> Thread.ofPlatform().daemon().name(NAME).unstarted(() -> begin(work)));
    }

    private void begin(Runnable work) {
        try {
            Linux.giveWay();
        } catch (LinuxException e) {
            log.problem("pages", e.getMessage());
        }
        work.run();
    }

    /** Has a page made; one for which what is asked is wrong may throw an {@link IllegalArgumentException} that says so. */
    CompletableFuture<Response> make(Supplier<Response> page) {
        try {
            return CompletableFuture.supplyAsync(() -> made(page), thread);
        } catch (RejectedExecutionException _) {
            return CompletableFuture.completedFuture(
                    Response.text(Response.UNAVAILABLE, "too much is asked at once: ask again later"));
        }
    }

    /** Tells whether pages are made. */
    Heartbeat heartbeat() {
        return heartbeat;
    }

    private Response made(Supplier<Response> page) {
        heartbeat.beat();
        try {
            return page.get();
        } catch (IllegalArgumentException e) {
            return Response.text(Response.BAD_REQUEST, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            String line = Uncaught.line(e);
            log.problem("pages", line);
            return Response.text(Response.FAILED, line);
        } finally {
            heartbeat.rest();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
