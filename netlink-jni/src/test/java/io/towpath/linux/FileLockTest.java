package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
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
            while (opened(path) < 2) {
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

    /** Any user who may open it could keep the node's pods waiting. */
    @Test
    void isTheOwnersAlone() throws Exception {
        Path file = folder.resolve("lock");
        FileLock.acquire(file.toString()).close();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        FileLock.tryAcquire(file.toString()).close();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void doesNotWaitForEver() throws Exception {
        String path = folder.resolve("lock").toString();
        try (FileLock _ = FileLock.acquire(path)) {
            LinuxException late = assertThrows(LinuxException.class, () -> FileLock.acquire(path, 20));
            assertEquals(
                    "lock " + path
                            + ": ETIMEDOUT Connection timed out (somebody else has held it for 0.02 s: \"fuser -v "
                            + path + "\" tells who)",
                    late.getMessage());
            assertEquals(1, opened(path));
        }
        FileLock.acquire(path, 20).close();
        assertEquals(0, opened(path));
    }

    /** How many descriptors of this process are of the file. */
    private static long opened(String path) throws IOException {
        Path file = Path.of(path).toRealPath();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(each -> isOf(each, file)).count();
        }
    }

    private static boolean isOf(Path descriptor, Path file) {
        try {
            return Files.readSymbolicLink(descriptor).equals(file);
        } catch (IOException _) {
            return false; // closed meanwhile
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
