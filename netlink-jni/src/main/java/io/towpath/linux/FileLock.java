package io.towpath.linux;

/**
 * An exclusive flock(2) on a file, held until closed or until the process ends, however it ends.
 *
 * <p>{@code java.nio}'s locks are those of fcntl(2), which do not see flock(2)'s: the reference host-local plugin takes the
 * latter, and both must exclude each other.
 */
public final class FileLock implements AutoCloseable {
    /** Longer than anybody holds one who works: the first sync of an overlay of thousands of nodes takes seconds. */
    private static final int PATIENCE_SECONDS = 30;

    private static final int MODE = 0x180; // rw-------

    private int fd;

    private FileLock(int fd) {
        this.fd = fd;
    }

    /**
     * Waits for the lock, {@value #PATIENCE_SECONDS} s at most. The file is created for its owner alone if it is missing, and becomes so
     * if it is not: whoever may open it, may hold it. Its folder is not created.
     *
     * @throws LinuxException if the file cannot be opened or locked; with ETIMEDOUT if somebody else held it all the time
     */
    public static FileLock acquire(String path) throws LinuxException {
        return acquire(path, PATIENCE_SECONDS * 1000);
    }

    /** As {@link #acquire(String)}, with so many milliseconds of patience. */
    static FileLock acquire(String path, int milliseconds) throws LinuxException {
        int result = Native.flock(Linux.path(path), MODE, milliseconds);
        if (result == -Errno.ETIMEDOUT) {
            throw new LinuxException(
                    "lock " + path,
                    Errno.ETIMEDOUT,
                    "somebody else has held it for " + milliseconds / 1000.0 + " s: \"fuser -v " + path
                            + "\" tells who");
        }
        String operation = "lock " + path;
        if (result == -Errno.EISDIR) {
            throw new LinuxException(operation, Errno.EISDIR, "it must be a file: remove it");
        }
        return new FileLock(Linux.checkRegular(operation, result));
    }

    /**
     * As {@link #acquire}, without waiting.
     *
     * @throws LinuxException with EAGAIN if somebody else holds the lock
     */
    public static FileLock tryAcquire(String path) throws LinuxException {
        return acquire(path, 0);
    }

    /** Releases the lock; closing again does nothing. */
    @Override
    public void close() {
        if (fd >= 0) {
            Native.close(fd);
            fd = -1;
        }
    }
}
