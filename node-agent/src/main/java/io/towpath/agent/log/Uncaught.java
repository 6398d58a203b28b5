package io.towpath.agent.log;

import io.towpath.cni.FailureLine;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/**
 * Tells of what nobody foresaw, on whichever thread, in a line of the log. Where memory is used up, more is lost than one thread: nobody
 * knows what has not been taken in, so the agent ends, which the next start makes good.
 */
public final class Uncaught implements Thread.UncaughtExceptionHandler {
    private final Log log;
    private final PrintStream err;
    private final Runnable end;

    /**
     * A handler.
     *
     * @param err where stack traces go if they are asked for
     * @param end ends the process at once
     */
    public Uncaught(Log log, PrintStream err, Runnable end) {
        this.log = log;
        this.err = err;
        this.end = end;
    }

    /** The task for a scheduled executor, which would keep a failure to itself: a mistake ends the task alone, and is told of. */
    public static Runnable telling(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (Throwable e) {
                tell(e);
            }
        };
    }

    /** Ends the process where a failure means that: for whoever catches all that there may be. */
    public static void endIfMust(@Nullable Throwable failure) {
        if (failure != null && isEnd(failure)) {
            tell(failure);
        }
    }

    /**
     * What is told of a mistake in this program by whoever goes on after it: one line. Where memory is used up the process ends.
     */
    public static String line(Throwable failure) {
        endIfMust(failure);
        return FailureLine.internal(failure);
    }

    private static void tell(Throwable failure) {
        Thread current = Thread.currentThread();
        current.getUncaughtExceptionHandler().uncaughtException(current, failure);
    }

    /** Whether the virtual machine itself is at its end; a stack that is too deep is the mistake of one task. */
    private static boolean isEnd(Throwable failure) {
        return FailureLine.isOutOfMemory(failure)
                || (failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError));
    }

    @Override
    public void uncaughtException(Thread thread, Throwable failure) {
        boolean isEnd = isEnd(failure);
        try {
            log.error(
                    isEnd ? "agent ended" : "unexpected failure",
                    "thread",
                    thread.getName(),
                    "problem",
                    FailureLine.of(failure));
            FailureLine.trace(failure, err);
        } catch (OutOfMemoryError _) {
            err.println("out of memory");
        } finally {
            if (isEnd) {
                end.run();
            }
        }
    }
}
