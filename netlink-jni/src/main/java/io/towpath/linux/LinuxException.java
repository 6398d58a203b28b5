package io.towpath.linux;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A system call that failed. */
public class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String message;
    private final String operation;
    private final int errno;

    /**
     * @param operation what was attempted, with its object: {@code "flock /run/lock"}
     * @param errno the error number, positive
     */
    public LinuxException(String operation, int errno) {
        this(operation, errno, null);
    }

    /**
     * @param operation what was attempted, with its object
     * @param errno the error number, positive
     * @param detail what more is known about the reason, null for nothing
     */
    public LinuxException(String operation, int errno, @Nullable String detail) {
        this.message = operation + ": " + Errno.describe(errno) + (detail == null ? "" : " (" + detail + ")");
        this.operation = operation;
        this.errno = errno;
    }

    /** One line: {@code "operation: ERRNAME text (detail)"}. */
    @Override
    public String getMessage() {
        return message;
    }

    /** What was attempted. */
    public String operation() {
        return operation;
    }

    /** The error number of errno(3), positive. */
    public int errno() {
        return errno;
    }

    /** Whether the error number is this one of {@link Errno}. */
    public boolean is(int number) {
        return errno == number;
    }
}
