package io.towpath.linux;

/**
 * An exclusive flock(2) on a file, held until closed or until the process ends, however it ends.
 *
 * <p>{@code java.nio}'s locks are those of fcntl(2), which do not see flock(2)'s: the reference host-local plugin takes the
 * latter, and both must exclude each other.
 */
public final class FileLock implements AutoCloseable {
    private int fd;

    private FileLock(int fd) {
        this.fd = fd;
    }

    /**
     * Waits for the lock. The file is created (mode 0644 less the umask) if it is missing; its folder is not.
     *
     * @throws LinuxException if the file cannot be opened or locked
     */
    public static FileLock acquire(String path) throws LinuxException {
        return acquire(path, 0x1a4);
    }

    /**
     * As {@link #acquire(String)}, for a lock file that has to look as others create it.
     *
     * @param mode the permissions of a file that is missing, less the umask
     */
    public static FileLock acquire(String path, int mode) throws LinuxException {
        return new FileLock(Linux.check("lock " + path, Native.flock(Linux.path(path), mode, true)));
    }

    /**
     * As {@link #acquire}, without waiting.
     *
     * @throws LinuxException with EAGAIN if somebody else holds the lock
     */
    public static FileLock tryAcquire(String path) throws LinuxException {
        return new FileLock(Linux.check("lock " + path, Native.flock(Linux.path(path), 0x1a4, false)));
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
