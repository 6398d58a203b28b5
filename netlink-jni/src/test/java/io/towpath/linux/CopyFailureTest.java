package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** Copies by a process of their own, which is killed, or alone sees a file system that is full or read-only. */
@NeedsRoot
class CopyFailureTest {
    private static final String MOUNT_AND_RUN =
            "mount -t tmpfs -o size=1m tmpfs \"$1\" && mkdir \"$1/target\" && echo old >\"$1/target/name\" && shift && exec \"$@\"";
    private static final int EXECUTABLE = 0x1ed;
    private static final int LENGTH = 24_000_000;
    private static final int MOST_KILLS = 100;

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
        System.out.println(Linux.list(target.toString()) + " "
                + Files.readString(target.resolve("name")).strip());
    }
}
