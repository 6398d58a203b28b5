package io.towpath.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class LinuxTest {
    @TempDir
    private Path folder;

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void readsWhatIsThereAndNothingWhenNothingIs() throws Exception {
        byte[] large = new byte[100_000];
        large[99_999] = 7;
        Files.write(folder.resolve("large"), large);
        Files.write(folder.resolve("empty"), new byte[0]);
        assertArrayEquals(large, Linux.readFile(at("large"), 100_000));
        assertArrayEquals(new byte[0], Linux.readFile(at("empty"), 10));
        assertNull(Linux.readFile(at("missing"), 10));
    }

    @Test
    void readsNoMoreThanAllowed() throws Exception {
        Files.write(folder.resolve("file"), new byte[11]);
        LinuxException large = assertThrows(LinuxException.class, () -> Linux.readFile(at("file"), 10));
        assertEquals("read " + at("file") + ": EFBIG File too large (more than 10 bytes)", large.getMessage());
        LinuxException directory = assertThrows(LinuxException.class, () -> Linux.readFile(folder.toString(), 10));
        assertTrue(directory.is(Errno.EISDIR), directory.getMessage());
    }

    @Test
    void takesWhatAFileHasAndNotWhatItMayHave() throws Exception {
        byte[] content = new byte[5000];
        content[4999] = 7;
        Files.write(folder.resolve("file"), content);
        assertArrayEquals(content, Linux.readFile(at("file"), Integer.MAX_VALUE));
        assertArrayEquals(content, Linux.readFile(at("file"), 5000));
        assertThrows(LinuxException.class, () -> Linux.readFile(at("file"), 4999));
    }

    /** Of a process that does nothing, as the kernel's own lists may change from one reading to the next. */
    @Test
    void readsFilesOfTheKernelWhichTellNoSize() throws Exception {
        String value = "x".repeat(100_000);
        ProcessBuilder builder = new ProcessBuilder("sleep", "600");
        builder.environment().clear();
        builder.environment().put("PATH", value);
        Process process = builder.start();
        try {
            String path = "/proc/" + process.pid() + "/environ";
            byte[] environment = ("PATH=" + value + "\0").getBytes(UTF_8);
            assertArrayEquals(environment, Linux.readFile(path, Integer.MAX_VALUE));
            assertArrayEquals(environment, Linux.readFile(path, environment.length));
            LinuxException large =
                    assertThrows(LinuxException.class, () -> Linux.readFile(path, environment.length - 1));
            assertTrue(large.is(Errno.EFBIG), large.getMessage());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Nobody is at the other end of a FIFO, and a device answers for ever. */
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void takesNothingButARegularFile() throws Exception {
        assertEquals(0, new ProcessBuilder("mkfifo", at("fifo")).start().waitFor());
        for (String path : List.of(at("fifo"), "/dev/zero", "/dev/null")) {
            refused(path, () -> Linux.readFile(path, 10));
            refused(path, () -> Linux.overwrite(path, new byte[1], 0x180));
            refused(path, () -> FileLock.acquire(path));
        }
        assertEquals(List.of("fifo"), Linux.list(folder.toString()));
    }

    private static void refused(String path, Executable call) {
        LinuxException refused = assertThrows(LinuxException.class, call);
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.endsWith(path + ": EINVAL Invalid argument (it is no regular file: remove it)"), message);
    }

    @Test
    void publishesNewFileOnce() throws Exception {
        assertTrue(Linux.publishNew(folder.toString(), "name", "one".getBytes(UTF_8), 0x180));
        assertFalse(Linux.publishNew(folder.toString(), "name", "two".getBytes(UTF_8), 0x180));
        assertEquals("one", Files.readString(folder.resolve("name")));
        assertEquals(
                PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(folder.resolve("name")));
        assertEquals(List.of("name"), Linux.list(folder.toString()));
    }

    @Test
    void publishesInPlaceOfAnOlderFile() throws Exception {
        Linux.publish(folder.toString(), "name", "one".getBytes(UTF_8), 0x1a4);
        Linux.publish(folder.toString(), "name", "two".getBytes(UTF_8), 0x1a4);
        Linux.syncDirectory(folder.toString());
        assertEquals("two", Files.readString(folder.resolve("name")));
        assertEquals(List.of("name"), Linux.list(folder.toString()));
    }

    @Test
    void threadThatGivesWayDoesSoWithThoseThatItStarts() throws Exception {
        List<Integer> values = Collections.synchronizedList(new ArrayList<>());
        Thread giving = new Thread(() -> assertDoesNotThrow(() -> {
            values.add(nice());
            Linux.giveWay();
            values.add(nice());
            Thread started = new Thread(() -> assertDoesNotThrow(() -> values.add(nice())));
            started.start();
            started.join();
        }));
        giving.start();
        giving.join();
        int usual = nice();
        int later = Math.min(19, usual + 10);
        assertEquals(List.of(usual, later, later), values);
    }

    /** The calling thread's nice value. */
    private static int nice() throws Exception {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[16]);
    }

    @Test
    void tellsWhyItCannotPublish() {
        assertThrows(LinuxException.class, () -> Linux.publish("/dev", "full/name", "one".getBytes(UTF_8), 0x1a4));
        LinuxException missing =
                assertThrows(LinuxException.class, () -> Linux.publishNew(at("missing"), "name", new byte[0], 0x1a4));
        assertTrue(missing.is(Errno.ENOENT), missing.getMessage());
    }

    @Test
    void unlinksOnce() throws Exception {
        Files.createFile(folder.resolve("name"));
        assertTrue(Linux.unlink(at("name")));
        assertFalse(Linux.unlink(at("name")));
        assertFalse(Files.exists(folder.resolve("name")));
    }

    @Test
    void makesFoldersAboveToo() throws Exception {
        Linux.makeDirectories(at("a/b/c"), 0x1ed);
        Linux.makeDirectories(at("a/b/c"), 0x1ed);
        assertTrue(Files.isDirectory(folder.resolve("a/b/c")));
    }

    @Test
    void listsMoreNamesThanFitAtFirst() throws Exception {
        TreeSet<String> expected = new TreeSet<>();
        for (int i : IntStream.range(0, 500).toArray()) {
            String name = "a-name-of-some-length-" + i;
            Files.createFile(folder.resolve(name));
            expected.add(name);
        }
        assertEquals(expected, new TreeSet<>(Linux.list(folder.toString())));
        assertEquals(500, Linux.list(folder.toString()).size());
    }

    @Test
    void tellsStatus() throws Exception {
        Path file = Files.writeString(folder.resolve("name"), "four");
        Linux.Status status = Linux.status(file.toString());
        assertNotNull(status);
        assertEquals(4, status.size());
        assertEquals(Files.getAttribute(file, "unix:ino"), status.inode());
        assertEquals(Files.getAttribute(file, "unix:dev"), status.device());
        assertEquals(Files.getAttribute(file, "unix:mode"), status.mode());
        assertEquals(Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS), status.modified());
        assertNull(Linux.status(at("missing")));
    }

    @Test
    void tellsFileSystemType() throws Exception {
        assertEquals(0x9fa0, Linux.fileSystemType("/proc"));
        assertThrows(LinuxException.class, () -> Linux.fileSystemType(at("missing")));
    }

    @Test
    void refusesNulInPath() {
        LinuxException nul = assertThrows(LinuxException.class, () -> Linux.unlink("/tmp/a\0b"));
        assertTrue(nul.is(Errno.EINVAL), nul.getMessage());
    }

    @Test
    void refusesPathBeyondTheSystemsLimit() {
        LinuxException tooLong = assertThrows(LinuxException.class, () -> Linux.unlink("/" + "a".repeat(5000)));
        assertTrue(tooLong.is(Errno.ENAMETOOLONG), tooLong.getMessage());
    }

    @Test
    void asksNoDeviceThatIsNotThere() {
        LinuxException missing = assertThrows(LinuxException.class, () -> Linux.txChecksumOffload("nosuchdevice"));
        assertTrue(missing.is(Errno.ENODEV), missing.getMessage());
    }

    @Test
    void overwritesWithWhateverIsLongerOrShorter() throws Exception {
        String file = at("file");
        for (String text : new String[] {"10.1.2.9", "10.1.2.10", "10.1.2.9", ""}) {
            Linux.overwrite(file, text.getBytes(UTF_8), 0x180);
            assertEquals(text, Files.readString(Path.of(file)));
        }
    }
}
