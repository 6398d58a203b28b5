package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** On real files and file systems; what ends amid a copy, and a disk without room, is in {@link CopyFailureTest}. */
class CopyTest {
    private static final int EXECUTABLE = 0x1ed;
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    @TempDir
    private Path folder;

    private final Random random = new Random(1);

    private byte[] content(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private Path source(byte[] content) throws IOException {
        return Files.write(folder.resolve("source"), content);
    }

    private Path target() throws IOException {
        return Files.createDirectories(folder.resolve("target")).resolve("name");
    }

    private static boolean copy(Path source, Path target) throws LinuxException {
        return Linux.copy(
                source.toString(),
                String.valueOf(target.getParent()),
                String.valueOf(target.getFileName()),
                EXECUTABLE);
    }

    private void assertOnly(String... names) throws IOException {
        assertEquals(List.of(names), Linux.list(folder.resolve("target").toString()));
    }

    @Test
    void copiesContentAndModeOnce() throws Exception {
        byte[] content = content(3_000_001);
        Path source = source(content);
        Path target = target();
        assertTrue(copy(source, target));
        assertArrayEquals(content, Files.readAllBytes(target));
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
        Object inode = Files.getAttribute(target, "unix:ino");
        assertFalse(copy(source, target));
        assertEquals(inode, Files.getAttribute(target, "unix:ino"));
        assertOnly("name");
    }

    @Test
    void replacesWhatDiffersInOneByteInModeOrInKind() throws Exception {
        byte[] content = content(100_000);
        Path source = source(content);
        Path target = target();
        byte[] other = content.clone();
        other[99_999]++;
        Files.write(target, other);
        assertTrue(copy(source, target));
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwx------"));
        assertTrue(copy(source, target));
        Files.delete(target);
        Path linked = Files.write(folder.resolve("linked"), content);
        Files.setPosixFilePermissions(linked, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createSymbolicLink(target, linked);
        Files.write(source, other);
        assertTrue(copy(source, target));
        assertArrayEquals(other, Files.readAllBytes(target));
        assertArrayEquals(content, Files.readAllBytes(linked), "what a link leads to is left alone");
        assertOnly("name");
    }

    @Test
    @EnabledIf("hasMemoryFileSystem")
    void copiesToAnotherFileSystemAndFromTheKernelsOwn() throws Exception {
        byte[] content = content(9_000_000);
        Path elsewhere = Files.createTempFile(MEMORY, "towpath-copy-test", "");
        try {
            Files.write(elsewhere, content);
            assertTrue(copy(elsewhere, target()));
        } finally {
            Files.delete(elsewhere);
        }
        assertArrayEquals(content, Files.readAllBytes(target()));
        assertTrue(copy(Path.of("/proc/version"), target()));
        assertEquals(Files.readString(Path.of("/proc/version")), Files.readString(target()));
    }

    static boolean hasMemoryFileSystem() throws IOException {
        return Files.isDirectory(MEMORY) && Linux.fileSystemType(MEMORY.toString()) == Linux.TMPFS_MAGIC;
    }

    @Test
    void removesWhatACrashLeft() throws Exception {
        Path target = target();
        Files.write(target.resolveSibling(".towpath-new"), content(10));
        assertTrue(copy(source(content(5)), target));
        assertOnly("name");
        Files.write(target.resolveSibling(".towpath-new"), content(10));
        assertFalse(copy(folder.resolve("source"), target));
        assertOnly("name");
        Files.write(target.resolveSibling(".towpath-new"), content(10));
        Linux.publish(String.valueOf(target.getParent()), "name", content(7), 0x1a4);
        assertOnly("name");
    }

    @Test
    void placesBytesOnce() throws Exception {
        Path target = target();
        String parent = String.valueOf(target.getParent());
        for (int length : new int[] {0, 20_000, 20_001, 3}) {
            byte[] content = content(length);
            assertTrue(Linux.place(parent, "name", content, EXECUTABLE));
            assertArrayEquals(content, Files.readAllBytes(target));
            assertFalse(Linux.place(parent, "name", content, EXECUTABLE));
            assertTrue(Linux.place(parent, "name", content, 0x1a4));
        }
        assertOnly("name");
    }

    @Test
    void leavesAFolderOfThatNameAlone() throws Exception {
        Path target = target();
        Files.createDirectories(target.resolve("inside"));
        LinuxException folderThere = assertThrows(LinuxException.class, () -> copy(source(content(5)), target));
        assertTrue(folderThere.is(Errno.EISDIR), folderThere.getMessage());
        assertEquals("write " + target, folderThere.operation());
        assertTrue(Files.isDirectory(target.resolve("inside")));
        assertOnly("name");
    }

    @Test
    void namesTheSourceThatCannotBeRead() throws Exception {
        Path target = target();
        LinuxException missing = assertThrows(LinuxException.class, () -> copy(folder.resolve("missing"), target));
        assertEquals("read " + folder.resolve("missing") + ": ENOENT No such file or directory", missing.getMessage());
        LinuxException isFolder = assertThrows(LinuxException.class, () -> copy(folder, target));
        assertEquals("read " + folder + ": EISDIR Is a directory", isFolder.getMessage());
        assertOnly();
        LinuxException noTarget =
                assertThrows(LinuxException.class, () -> copy(source(content(5)), folder.resolve("missing/name")));
        assertEquals(
                "write " + folder.resolve("missing/name") + ": ENOENT No such file or directory",
                noTarget.getMessage());
    }

    /** The kernel neither lets a file be written that is executed, nor executed that is written. */
    @Test
    @EnabledIf("hasBusybox")
    void replacesAnExecutableThatRunsByOneThatRunsAtOnce() throws Exception {
        Path target = target().resolveSibling("busybox");
        byte[] busybox = Files.readAllBytes(BUSYBOX);
        byte[] longer = Arrays.copyOf(busybox, busybox.length + 1);
        Path[] sources = {source(busybox), Files.write(folder.resolve("longer"), longer)};
        copy(sources[0], target);
        Process running = new ProcessBuilder(target.toString(), "sleep", "1000").start();
        try {
            for (int i = 1; i <= 20; i++) {
                assertTrue(copy(sources[i % 2], target));
                assertEquals(
                        0, new ProcessBuilder(target.toString(), "true").start().waitFor());
            }
            assertTrue(running.isAlive());
            assertOnly("busybox");
        } finally {
            running.destroyForcibly().waitFor();
        }
    }

    static boolean hasBusybox() {
        return Files.isExecutable(BUSYBOX);
    }
}
