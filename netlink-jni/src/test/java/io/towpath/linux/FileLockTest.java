package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLockTest {
    @TempDir
    private Path folder;

    @Test
    void excludesAnotherHolderUntilClosed() throws Exception {
        String path = folder.resolve("lock").toString();
        try (FileLock _ = FileLock.acquire(path)) {
            LinuxException held = assertThrows(LinuxException.class, () -> FileLock.tryAcquire(path));
            assertTrue(held.is(Errno.EAGAIN), held.getMessage());
        }
        FileLock.tryAcquire(path).close();
    }

    @Test
    void isTheLockThatFlockOfUtilLinuxSees() throws Exception {
        String path = folder.resolve("lock").toString();
        try (FileLock _ = FileLock.acquire(path)) {
            assertEquals(1, run("flock", "--nonblock", path, "true"));
        }
        assertEquals(0, run("flock", "--nonblock", path, "true"));
    }

    @Test
    void waitsForTheHolder() throws Exception {
        String path = folder.resolve("lock").toString();
        AtomicBoolean released = new AtomicBoolean();
        Callable<Boolean> second = () -> {
            try (FileLock _ = FileLock.acquire(path)) {
                return released.get();
            }
        };
        FutureTask<Boolean> waiting = new FutureTask<>(second);
        Thread thread = new Thread(waiting);
        try (FileLock _ = FileLock.acquire(path)) {
            thread.start();
            while (!hasWaiter(path)) {
                Thread.onSpinWait();
            }
            released.set(true);
        }
        assertTrue(waiting.get(), "the second holder did not wait for the first");
    }

    @Test
    void namesTheFileThatCannotBeOpened() {
        String path = folder.resolve("missing/lock").toString();
        LinuxException missing = assertThrows(LinuxException.class, () -> FileLock.acquire(path));
        assertEquals("lock " + path + ": ENOENT No such file or directory", missing.getMessage());
    }

    /** A waiter is a line of /proc/locks with an arrow; the last number of its file is the inode. */
    private static boolean hasWaiter(String path) throws IOException {
        String inode = ":" + Files.getAttribute(Path.of(path), "unix:ino") + " ";
        return Files.readString(Path.of("/proc/locks"))
                .lines()
                .anyMatch(line -> line.contains("->") && line.contains(inode));
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
