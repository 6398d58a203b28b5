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
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A unix socket that only root may connect to, of one process at a time: a lock beside it tells whether the process that made
 * it still lives, and ends with that process however it ends.
 */
final class UnixListener implements AutoCloseable {
    private static final int TYPE_MASK = 0xf000;
    private static final int SOCKET = 0xc000;

    private final Path path;
    private final FileChannel lock;
    private final ServerSocketChannel channel;

    private UnixListener(Path path, FileChannel lock, ServerSocketChannel channel) {
        this.path = path;
        this.lock = lock;
        this.channel = channel;
    }

    /**
     * Makes the socket, in the place of one of a process that has ended; the folder as well if it is missing.
     *
     * @param backlog how many may have connected that nobody has accepted; whoever comes after them has to try again
     * @throws IOException if another process has it, if something else is in its place, or if it cannot be made
     */
    static UnixListener open(Path path, int backlog) throws IOException {
        Path absolute = path.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) {
            throw new IOException("--socket " + path + " is no file's path");
        }
        Files.createDirectories(folder);
        FileChannel lock = lock(absolute);
        try {
            requireSocketOrNothing(absolute);
            return new UnixListener(absolute, lock, bind(absolute, folder, backlog));
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel lock = FileChannel.open(
                path.resolveSibling(path.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
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
        Linux.Status status;
        try {
            status = Linux.status(path.toString());
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (status != null && (status.mode() & TYPE_MASK) != SOCKET) {
            throw new IOException("--socket " + path + " is there and no socket: remove it, or name another");
        }
    }

    /** Binds it in a folder of root's alone and moves it from there: nobody else can connect before the mode is right. */
    private static ServerSocketChannel bind(Path path, Path folder, int backlog) throws IOException {
        Path secluded = folder.resolve(".sock");
        Path made = secluded.resolve("s");
        Files.deleteIfExists(made);
        Files.deleteIfExists(secluded);
        Files.createDirectory(
                secluded, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(made), backlog);
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
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

    ServerSocketChannel channel() {
        return channel;
    }

    /** Removes the socket and gives way to the next process. */
    @Override
    public void close() throws IOException {
        try (lock) {
            channel.close();
            Files.deleteIfExists(path);
        }
    }
}
