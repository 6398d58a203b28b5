package io.towpath.ipam;

import io.towpath.linux.FileLock;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file system as the store uses it: every step that a crash can come after, or that can fail, is one call. Tests put
 * themselves in between; what each method does is said at {@link Linux}.
 */
interface Disk {
    /** The one of the machine. */
    Disk REAL = new Disk() {};

    /** A lock that is held. */
    interface Lock extends AutoCloseable {
        @Override
        void close();
    }

    /** Locks a file, which is created if it is missing. */
    default Lock lock(String path) throws LinuxException {
        return FileLock.acquire(path)::close;
    }

    default byte @Nullable [] read(String path, int limit) throws LinuxException {
        return Linux.readFile(path, limit);
    }

    default Linux.@Nullable Status status(String path) throws LinuxException {
        return Linux.status(path);
    }

    default List<String> list(String directory) throws LinuxException {
        return Linux.list(directory);
    }

    default boolean publishNew(String directory, String name, byte[] content, int mode) throws LinuxException {
        return Linux.publishNew(directory, name, content, mode);
    }

    default void publish(String directory, String name, byte[] content, int mode) throws LinuxException {
        Linux.publish(directory, name, content, mode);
    }

    default void overwrite(String path, byte[] content, int mode) throws LinuxException {
        Linux.overwrite(path, content, mode);
    }

    default boolean unlink(String path) throws LinuxException {
        return Linux.unlink(path);
    }

    default void makeDirectories(String path, int mode) throws LinuxException {
        Linux.makeDirectories(path, mode);
    }

    default void setModified(String path, long seconds, int nanoseconds) throws LinuxException {
        Linux.setModified(path, seconds, nanoseconds);
    }
}
