package io.towpath.cni;

import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** What an operator is told of a failure: one line that says what to do. A stack trace is for who asks for it. */
public final class FailureLine {
    /** The environment variable that, if set and not empty, has the stack trace of a failure printed. */
    public static final String DEBUG_VARIABLE = "TOWPATH_DEBUG";

    private static final String OWN = "io.towpath.";
    private static final int MOST_CAUSES = 20;

    private FailureLine() {}

    /** Of a failure that its message explains, or of one that nobody foresaw. */
    public static String of(Throwable failure) {
        if (isOutOfMemory(failure)) {
            return outOfMemory();
        }
        String message = failure.getMessage();
        return message == null || isMistake(failure) ? internal(failure) : oneLine(message);
    }

    /** Of a failure that is a mistake in this program whatever it is, and where. */
    public static String internal(Throwable failure) {
        if (isOutOfMemory(failure)) {
            return outOfMemory();
        }
        // What a class's initialisation failed by is told, not that it failed.
        Throwable cause = failure;
        while (cause instanceof ExceptionInInitializerError && cause.getCause() != null) {
            cause = cause.getCause();
        }
        StringBuilder line = new StringBuilder("internal error: ").append(cause);
        StackTraceElement at = place(cause);
        if (at != null) {
            line.append(" at ").append(at);
        }
        return oneLine(line.append("; please report it, with what is printed if ")
                .append(DEBUG_VARIABLE)
                .append("=1 is set")
                .toString());
    }

    /** Whether memory was used up, wherever that came to light. */
    public static boolean isOutOfMemory(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < MOST_CAUSES && cause != null; i++) {
            if (cause instanceof OutOfMemoryError) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /** Prints a failure's stack trace if it is asked for by the environment. */
    public static void trace(Throwable failure, PrintStream to) {
        String debug = System.getenv(DEBUG_VARIABLE);
        if (debug != null && !debug.isEmpty()) {
            failure.printStackTrace(to);
        }
    }

    private static String outOfMemory() {
        return "out of memory: " + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB of heap are not enough. More is given by -Xmx before all other arguments, such as -Xmx400m;"
                + " a container's limit has to be more than twice that";
    }

    private static boolean isMistake(Throwable failure) {
        return failure instanceof Error
                || (failure instanceof RuntimeException
                        && !(failure instanceof IllegalArgumentException)
                        && failure.getClass().getName().startsWith("java.lang."));
    }

    private static @Nullable StackTraceElement place(Throwable failure) {
        for (StackTraceElement at : failure.getStackTrace()) {
            if (at.getClassName().startsWith(OWN)) {
                return at;
            }
        }
        return null;
    }

    /** A text without the ends of its lines. */
    static String oneLine(String text) {
        return text.replace('\n', ' ').replace('\r', ' ');
    }
}
