package io.towpath.agent.thread;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.status.Heartbeat;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LastingThreadTest {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final long PATIENCE_S = 20;

    private final List<@Nullable String> told = Collections.synchronizedList(new ArrayList<>());

    @Test
    void whateverTheWorkFailsByItIsBegunAgain() throws Exception {
        List<Throwable> failures = List.of(
                new IOException("no descriptor"), new IllegalStateException("odd"), new NoSuchMethodError("<init>"));
        AtomicInteger begun = new AtomicInteger();
        LastingThread thread = new LastingThread("some", LIMIT, told::add, () -> {
            int number = begun.getAndIncrement();
            if (number < failures.size()) {
                throwIt(failures.get(number));
            }
        });
        thread.start();
        thread.join();
        assertEquals(4, begun.get());
        assertEquals("no descriptor", told.getFirst());
        assertTrue(String.valueOf(told.get(2)).startsWith("internal error: java.lang.NoSuchMethodError: <init> at "));
        assertNull(thread.heartbeat().problem());
    }

    private static void throwIt(Throwable failure) throws Exception {
        if (failure instanceof Error error) {
            throw error;
        }
        throw (Exception) failure;
    }

    @Test
    void thatItIsWellAgainIsToldWhenItHasGoneOnForAWhile() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        LastingThread[] self = new LastingThread[1];
        LastingThread thread = new LastingThread(
                "some",
                LIMIT,
                told::add,
                () -> {
                    if (begun.getAndIncrement() == 0) {
                        throw new IOException("no descriptor");
                    }
                    self[0].beat();
                    self[0].beat();
                },
                Duration.ZERO);
        self[0] = thread;
        thread.start();
        thread.join();
        assertEquals(Arrays.asList("no descriptor", null), told);
    }

    @Test
    void anEndIsNotWaitedForAmidAPause() throws Exception {
        BlockingQueue<String> problems = new LinkedBlockingQueue<>();
        LastingThread thread =
                new LastingThread("some", LIMIT, problem -> problems.add(String.valueOf(problem)), () -> {
                    throw new IOException("no descriptor");
                });
        thread.start();
        for (int i = 0; i < 4; i++) { // the next pause takes seconds
            assertEquals("no descriptor", problems.poll(PATIENCE_S, TimeUnit.SECONDS));
        }
        thread.end();
        thread.join();
        assertFalse(thread.isAlive());
    }

    @Test
    void workThatFailsAgainAndAgainDoesNotBeat() throws Exception {
        CountDownLatch failed = new CountDownLatch(2);
        LastingThread thread = new LastingThread("some", Duration.ZERO, _ -> failed.countDown(), () -> {
            throw new IOException("no descriptor");
        });
        thread.start();
        assertTrue(failed.await(PATIENCE_S, TimeUnit.SECONDS));
        Heartbeat heartbeat = thread.heartbeat();
        assertTrue(String.valueOf(heartbeat.problem()).startsWith("the thread some hangs: "));
        thread.end();
        thread.join();
        assertNull(heartbeat.problem(), "it was told to end");
    }

    @Test
    void usedUpMemoryIsNotGoneOnAfter() throws Exception {
        BlockingQueue<Throwable> ends = new LinkedBlockingQueue<>();
        LastingThread lasting = new LastingThread("some", LIMIT, told::add, () -> {
            throw new IllegalStateException(new OutOfMemoryError("Java heap space"));
        });
        Thread thread = new Thread(lasting::run, "some");
        thread.setUncaughtExceptionHandler((_, failure) -> {
            ends.add(failure);
            lasting.end();
        });
        thread.start();
        thread.join();
        assertEquals(1, ends.size());
    }
}
