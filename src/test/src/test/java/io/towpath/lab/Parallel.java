package io.towpath.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** The same done to many things, some at a time. */
public final class Parallel {
    private Parallel() {}

    /** Returns when all is done; fails with the first failure then, the others suppressed. */
    public static <T> void run(int atATime, List<T> things, Consumer<T> action) {
        AssertionError failure = null;
        try (ExecutorService threads = Executors.newFixedThreadPool(atATime)) {
            List<Future<?>> futures = new ArrayList<>();
            for (T thing : things) {
                futures.add(threads.submit(() -> action.accept(thing)));
            }
            for (Future<?> future : futures) {
                try {
                    future.get();
                } catch (ExecutionException e) {
                    if (failure == null) {
                        failure = new AssertionError("at least one failed", e.getCause());
                    } else {
                        failure.addSuppressed(e.getCause());
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted", e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
