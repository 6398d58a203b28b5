package io.towpath.agent.http;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A unix socket that only root may connect to, of one process at a time: a lock beside it tells whether the process that made
 * it still lives, and ends with that process however it ends.
 */
final class UnixListener implements Renewable, AutoCloseable {
    private static final int TYPE_MASK = 0xf000;
    private static final int SOCKET = 0xc000;

    private static final int REGULAR = 0x8000;
    private static final Set<PosixFilePermission> OWNER_ALONE = PosixFilePermissions.fromString("rw-------");

    private final Path path;
    private final int backlog;
    private FileChannel lock;
    private Linux.Status lockFile;
    private ServerSocketChannel channel;
    private Linux.Status socket;

    private UnixListener(Path path, int backlog) throws IOException {
        this.path = path;
        this.backlog = backlog;
        lock = lock(path);
        try {
            lockFile = requireStatus(lockPath(path));
            requireSocketOrNothing(path);
            channel = bind(path, backlog);
            socket = requireStatus(path);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Makes the socket, in the place of one of a process that has ended; the folder as well if it is missing.
     *
     * @param backlog how many may have connected that nobody has accepted; whoever comes after them has to try again
     * @throws IOException if another process has it, if something else is in its place, or if it cannot be made
     */
    static UnixListener open(Path path, int backlog) throws IOException {
        Path absolute = path.toAbsolutePath();
        if (absolute.getParent() == null) {
            throw new IOException("--socket " + path + " is no file's path");
        }
        return new UnixListener(absolute, backlog);
    }

    @Override
    public String name() {
        return "socket";
    }

    /**
     * Makes the socket anew if it is not there any more, as somebody deleted it; and the lock, if that is gone, too.
     *
     * @return what is to be listened to from now on; null if all is as it was
     * @throws IOException if another process has it by now, or it cannot be made
     */
    @Override
    public synchronized @Nullable ServerSocketChannel renewed() throws IOException {
        if (isSame(socket, status(path))) {
            return null;
        }
        if (!isSame(lockFile, status(lockPath(path)))) {
            FileChannel former = lock;
            lock = lock(path);
            lockFile = requireStatus(lockPath(path));
            former.close();
        }
        requireSocketOrNothing(path);
        channel = bind(path, backlog);
        socket = requireStatus(path);
        return channel;
    }

    private static boolean isSame(Linux.Status one, Linux.@Nullable Status other) {
        return other != null && one.device() == other.device() && one.inode() == other.inode();
    }

    private static Path lockPath(Path path) {
        return path.resolveSibling(path.getFileName() + ".lock");
    }

    private static Linux.@Nullable Status status(Path path) throws LinuxException {
        return Linux.status(path.toString());
    }

    private static Linux.Status requireStatus(Path path) throws IOException {
        Linux.Status status = status(path);
        if (status == null) {
            throw new IOException(path + " was deleted as soon as it was made");
        }
        return status;
    }

    private static FileChannel lock(Path path) throws IOException {
        Path file = lockPath(path);
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        Linux.Status status = status(file);
        if (status != null && (status.mode() & TYPE_MASK) != REGULAR) {
            throw new IOException(file + " is there and no regular file: remove it");
        }
        FileChannel lock = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(OWNER_ALONE));
        // Of an earlier release, which let everybody read it, and so lock it.
        Files.setPosixFilePermissions(file, OWNER_ALONE);
        boolean locked;
        try {
            locked = lock.tryLock() != null;
        } catch (OverlappingFileLockException _) {
            locked = false;
        }
        if (!locked) {
            lock.close();
            throw new IOException("another agent is running, the socket " + path
                    + " is its: end it first, or name another --socket and --state-dir");
        }
        return lock;
    }

    private static void requireSocketOrNothing(Path path) throws IOException {
        Linux.Status status = status(path);
        if (status != null && (status.mode() & TYPE_MASK) != SOCKET) {
            throw new IOException("--socket " + path + " is there and no socket: remove it, or name another");
        }
    }

    /** Binds it in a folder of root's alone and moves it from there: nobody else can connect before the mode is right. */
    private static ServerSocketChannel bind(Path path, int backlog) throws IOException {
        Path secluded = path.resolveSibling(".sock");
        Path made = secluded.resolve("s");
        Files.deleteIfExists(made);
        Files.deleteIfExists(secluded);
        Files.createDirectory(
                secluded, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(made), backlog);
            Files.setPosixFilePermissions(made, OWNER_ALONE);
            Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new IOException("the socket " + path + " cannot be made: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(secluded);
        }
    }

    synchronized ServerSocketChannel channel() {
        return channel;
    }

    /** Removes the socket and gives way to the next process. */
    @Override
    public synchronized void close() throws IOException {
        try (FileChannel _ = lock) {
            channel.close();
            if (isSame(socket, status(path))) {
                Files.deleteIfExists(path);
            }
        }
    }
}
