package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.towpath.netlink.NeedsRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies by a process of their own, which is killed, or alone sees a file system that is full or read-only. */
@NeedsRoot
class CopyFailureTest {
    private static final String MOUNT_AND_RUN =
            "mount -t tmpfs -o size=1m tmpfs \"$1\" && mkdir \"$1/target\" && echo old >\"$1/target/name\" && shift && exec \"$@\"";
    private static final int EXECUTABLE = 0x1ed;
    private static final int LENGTH = 24_000_000;
    private static final int MOST_KILLS = 100;

    private static final Path STRACE = Path.of("/usr/bin/strace");
    private static final int KILLED = 128 + 9;

    @TempDir
    private Path folder;

    private static List<String> worker(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        // Less than what is copied.
        command.addAll(List.of("-Xmx16m", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), CopyFailureTest.class.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private byte[] source(String name, int fill) throws IOException {
        byte[] content = new byte[LENGTH];
        Arrays.fill(content, (byte) fill);
        Files.write(folder.resolve(name), content);
        return content;
    }

    @Test
    void aKillLeavesTheOldFileOrTheNewOneAndNothingThatStays() throws Exception {
        byte[] one = source("one", 1);
        byte[] other = source("other", 2);
        Path target = Files.createDirectories(folder.resolve("target"));
        Path unfinished = target.resolve(".towpath-new");
        boolean wasAmid = false;
        for (int i = 0; i < MOST_KILLS && !wasAmid; i++) {
            Process worker = start(worker("copy", folder.toString()));
            // The first line comes when a file is in place, so that there is one to lose.
            assertEquals('.', worker.getInputStream().read());
            while (Files.notExists(unfinished) && worker.isAlive()) {
                Thread.onSpinWait();
            }
            worker.destroyForcibly().waitFor();
            byte[] found = Files.readAllBytes(target.resolve("name"));
            assertArrayEquals(found[0] == 1 ? one : other, found);
            wasAmid = Files.exists(unfinished);
        }
        assertTrue(wasAmid, "no kill came amid a copy");
        Linux.copy(folder.resolve("one").toString(), target.toString(), "name", EXECUTABLE);
        assertArrayEquals(one, Files.readAllBytes(target.resolve("name")));
        assertEquals(List.of("name"), Linux.list(target.toString()));
    }

    @Test
    void aFullDiskKeepsTheOldFile() throws Exception {
        source("one", 1);
        Path disk = Files.createDirectories(folder.resolve("disk"));
        assertEquals(
                "write " + disk + "/target/name: ENOSPC No space left on device\n[name] old\n",
                alone(disk, "fail", folder.resolve("one").toString(), disk + "/target"));
    }

    @Test
    void aReadOnlyFolderIsTold() throws Exception {
        source("one", 1);
        Path disk = Files.createDirectories(folder.resolve("disk"));
        assertEquals(
                "write " + disk + "/target/name: EROFS Read-only file system\n[name] old\n",
                alone(disk, "read-only", folder.resolve("one").toString(), disk + "/target"));
    }

    /** Of what a kernel, or a container's filter, may refuse. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy_file_range:error=EXDEV",
                "copy_file_range:error=EPERM",
                "copy_file_range,sendfile:error=ENOSYS"
            })
    void whatTheKernelDoesNotCopyIsCopiedInPieces(String refusal) throws Exception {
        source("one", 1);
        assertEquals("", faulty(refusal));
        assertTrue(Files.readString(folder.resolve("trace")).contains("(INJECTED)"), () -> refusal);
        assertEquals(-1, Files.mismatch(folder.resolve("one"), folder.resolve("target/name")));
        assertEquals(List.of("name"), Linux.list(folder.resolve("target").toString()));
    }

    /** Some file systems find out that they are full when they write to the disk. */
    @ParameterizedTest
    @CsvSource({
        "fsync, ENOSPC No space left on device",
        "fsync, EIO Input/output error",
        "renameat, EDQUOT Disk quota exceeded"
    })
    void whatFailsAtTheEndKeepsTheOldFile(String call, String error) throws Exception {
        source("one", 1);
        String name = error.substring(0, error.indexOf(' '));
        assertEquals("write " + folder + "/target/name: " + error + "\n", faulty(call + ":error=" + name + ":when=1"));
        assertEquals("old", Files.readString(folder.resolve("target/name")));
        assertEquals(List.of("name"), Linux.list(folder.resolve("target").toString()));
    }

    /** The second fsync is the folder's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "flock:signal=KILL",
                "copy_file_range:signal=KILL:when=1",
                "copy_file_range:signal=KILL:when=4",
                "fchmod:signal=KILL",
                "fsync:signal=KILL:when=1",
                "renameat:signal=KILL",
                "fsync:signal=KILL:when=2"
            })
    void aKillAtAnyCallLeavesTheOldFileOrTheNewOne(String kill) throws Exception {
        byte[] one = source("one", 1);
        assertEquals("", faulty(kill));
        byte[] found = Files.readAllBytes(folder.resolve("target/name"));
        byte[] expected = kill.endsWith("when=2") ? one : "old".getBytes(StandardCharsets.UTF_8);
        assertArrayEquals(expected, found);
        Linux.copy(folder.resolve("one").toString(), folder.resolve("target").toString(), "name", EXECUTABLE);
        assertArrayEquals(one, Files.readAllBytes(folder.resolve("target/name")));
        assertEquals(List.of("name"), Linux.list(folder.resolve("target").toString()));
    }

    /** What a worker prints whose system calls strace(1) has fail, or which it kills at one of them. */
    private String faulty(String fault) throws Exception {
        assumeTrue(Files.isExecutable(STRACE), STRACE + " is not installed (strace): it makes the faults");
        Files.writeString(Files.createDirectories(folder.resolve("target")).resolve("name"), "old");
        List<String> command = new ArrayList<>(List.of(STRACE.toString(), "-f", "-qq"));
        command.addAll(List.of("-o", folder.resolve("trace").toString()));
        command.addAll(List.of("-e", "trace=" + fault.substring(0, fault.indexOf(':')), "-e", "inject=" + fault));
        command.addAll(worker("once", folder.resolve("one").toString(), folder + "/target"));
        Process process = start(command);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(fault.contains("KILL") ? KILLED : 0, process.waitFor(), output);
        return output;
    }

    /** What a worker prints that sees a small file system of its own. */
    private static String alone(Path disk, String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("unshare", "-m", "sh", "-c", MOUNT_AND_RUN, "sh", disk.toString()));
        command.addAll(worker(arguments));
        Process process = start(command);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    /** Copies for ever, or fails to and tells what is there then. */
    @SuppressWarnings("SystemOut") // the parent reads it
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("copy")) {
            for (int i = 0; ; i++) {
                String source = arguments[1] + (i % 2 == 0 ? "/one" : "/other");
                Linux.copy(source, arguments[1] + "/target", "name", EXECUTABLE);
                System.out.print('.');
                System.out.flush();
            }
        }
        Path target = Path.of(arguments[2]);
        if (arguments[0].equals("read-only")) {
            Process remount = start(List.of("mount", "-o", "remount,ro", String.valueOf(target.getParent())));
            assertEquals(0, remount.waitFor());
        }
        try {
            Linux.copy(arguments[1], target.toString(), "name", EXECUTABLE);
        } catch (LinuxException e) {
            System.out.println(e.getMessage());
        }
        if (arguments[0].equals("once")) {
            return;
        }
        System.out.println(Linux.list(target.toString()) + " "
                + Files.readString(target.resolve("name")).strip());
    }
}
