package io.towpath.agent.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UncaughtTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(written, true, StandardCharsets.UTF_8);
    private final AtomicInteger ends = new AtomicInteger();
    private final Uncaught uncaught =
            new Uncaught(new Log(err, Log.Form.TEXT, Log.Level.ERROR, Clock.systemUTC()), err, ends::incrementAndGet);

    private String line(Error failure) throws InterruptedException {
        written.reset();
        Thread thread = new Thread(
                () -> {
                    throw failure;
                },
                "some");
        thread.setUncaughtExceptionHandler(uncaught);
        thread.start();
        thread.join();
        String all = written.toString(StandardCharsets.UTF_8);
        assertEquals(1, all.lines().count(), all);
        return all;
    }

    @Test
    void whatEndsAThreadIsALineOfTheLog() throws Exception {
        for (Error failure : List.of(new StackOverflowError(), new AssertionError("two\nlines"))) {
            String line = line(failure);
            assertTrue(
                    line.contains(" error unexpected failure  thread=some problem=\"internal error: java.lang."), line);
        }
        assertEquals(0, ends.get());
    }

    @Test
    void whatEndsATaskOfAScheduledExecutorIsTooAndTheNextOneRuns() throws Exception {
        CountDownLatch next = new CountDownLatch(1);
        try (ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform()
                .name("some")
                .uncaughtExceptionHandler(uncaught)
                .factory())) {
            var _ = executor.schedule(
                    Uncaught.telling(() -> {
                        throw new AssertionError("wrong");
                    }),
                    0,
                    TimeUnit.SECONDS);
            var _ = executor.schedule(Uncaught.telling(next::countDown), 0, TimeUnit.SECONDS);
            next.await();
        }
        String line = written.toString(StandardCharsets.UTF_8);
        assertTrue(line.contains(" error unexpected failure  thread=some problem=\"internal error: java.lang."), line);
    }

    @Test
    void usedUpMemoryEndsAll() throws Exception {
        String line = line(new OutOfMemoryError("Java heap space"));
        assertTrue(line.contains(" error agent ended  thread=some problem=\"out of memory: "), line);
        assertEquals(1, ends.get());
    }
}
