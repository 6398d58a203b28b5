package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.http.Endpoints;
import io.towpath.agent.status.Statuses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class InstallCommandTest extends CliScene {
    private Ran install(Path executable) throws IOException {
        Path commands = disk.resolve("commands");
        if (Files.notExists(commands)) {
            Files.writeString(commands, "#!commands");
        }
        return run(
                "install",
                "--executable",
                executable.toString(),
                "--node-executable",
                commands.toString(),
                "--conflist",
                conflist().toString(),
                "--bin-dir",
                disk + "/bin",
                "--conf-dir",
                disk + "/net.d",
                "--socket",
                disk + "/agent.sock");
    }

    @Test
    void installsOnceTheNodeIsReadyAndThenLeavesAllAlone() throws Exception {
        Path executable = Files.writeString(disk.resolve("new"), "#!new");
        Ran early = install(executable);
        assertEquals(Cli.FAILED, early.code());
        assertTrue(early.err().startsWith("towpath-node: the node is not ready: no agent answers on "), early::err);
        assertTrue(Files.notExists(disk.resolve("bin")));
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            nodeState(); // of before, which does not count beside the agent's word
            assertEquals(Cli.FAILED, install(executable).code());
            assertTrue(Files.notExists(disk.resolve("net.d")));
            board.publish(Statuses.ready());
            Ran ran = install(executable);
            assertEquals(Cli.OK, ran.code(), ran::err);
        }
        Path placed = disk.resolve("bin/towpath");
        assertEquals("#!new", Files.readString(placed));
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(placed)));
        assertEquals(Files.readString(conflist()), Files.readString(disk.resolve("net.d/10-towpath.conflist")));
        Path commands = disk.resolve("bin/towpath-node");
        assertEquals("#!commands", Files.readString(commands));
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(commands)));
        Object before = Files.getAttribute(placed, "unix:ino");
        Ran again = install(executable);
        assertTrue(again.out().startsWith(placed + " is in place already\n"), again::out);
        assertEquals(before, Files.getAttribute(placed, "unix:ino"));
        assertTrue(again.out().contains(commands + " is in place already\n"), again::out);
        Files.writeString(disk.resolve("commands"), "#!of another release");
        assertEquals(Cli.OK, install(executable).code());
        assertEquals("#!of another release", Files.readString(commands));
    }

    /** The network is there without them, and a full disk is not written to every two seconds. */
    @Test
    void commandsThatCannotBePutOntoTheNodeAreAWarning() throws Exception {
        nodeState();
        Path executable = Files.writeString(disk.resolve("new"), "new");
        Path inTheWay = Files.createDirectories(disk.resolve("bin/towpath-node"));
        Ran ran = install(executable);
        assertEquals(Cli.OK, ran.code(), ran::err);
        assertTrue(
                ran.out().contains("warning: there are no commands on the node: write " + inTheWay + ": EISDIR"),
                ran::out);
        assertEquals("new", Files.readString(disk.resolve("bin/towpath")));
        assertTrue(Files.exists(disk.resolve("net.d/10-towpath.conflist")));
    }

    @Test
    void whatOthersHaveStaysAndIsWarnedOf() throws Exception {
        nodeState();
        Files.createDirectories(disk.resolve("net.d"));
        Path canal = Files.writeString(disk.resolve("net.d/10-canal.conflist"), "{}");
        Files.writeString(disk.resolve("net.d/00-note.txt"), "no configuration");
        Files.createDirectories(disk.resolve("bin"));
        Files.writeString(disk.resolve("bin/towpath"), "old");
        Path executable = Files.writeString(disk.resolve("new"), "new");
        Ran ran = install(executable);
        assertEquals(Cli.OK, ran.code(), ran::err);
        assertEquals("new", Files.readString(disk.resolve("bin/towpath")));
        assertTrue(Files.exists(canal));
        assertTrue(
                ran.out()
                        .contains(
                                "warning: " + disk
                                        + "/net.d/10-canal.conflist sorts before 10-towpath.conflist, so the runtime takes that"),
                ran::out);
        assertEquals(
                2, ran.out().lines().filter(line -> line.startsWith("warning")).count(), ran::out);
    }

    @Test
    void whatCannotBeWrittenIsToldWithTheMendAndChangesNothing() throws Exception {
        nodeState();
        Path executable = Files.writeString(disk.resolve("new"), "new");
        Path inTheWay = Files.createDirectories(disk.resolve("bin/towpath"));
        assertEquals(
                "towpath-node: write " + inTheWay + ": EISDIR Is a directory: " + inTheWay
                        + " is a folder: remove it, or name another place with --bin-dir\n",
                install(executable).err());
        Files.delete(inTheWay);
        Files.delete(disk.resolve("bin"));
        Files.writeString(disk.resolve("bin"), "no folder");
        assertEquals(
                "towpath-node: write " + inTheWay + ": ENOTDIR Not a directory: " + disk
                        + "/bin is no folder: remove what is there, or name another with --bin-dir\n",
                install(executable).err());
        assertTrue(Files.notExists(disk.resolve("net.d")));
    }

    @Test
    void whatAnEarlierTryLeftIsRemoved() throws Exception {
        nodeState();
        Path executable = Files.writeString(disk.resolve("new"), "new");
        assertEquals(Cli.OK, install(executable).code());
        for (String folder : List.of("bin", "net.d")) {
            Files.writeString(disk.resolve(folder).resolve(".towpath-new"), "half");
        }
        Ran again = install(executable);
        assertTrue(again.out().startsWith(disk + "/bin/towpath is in place already\n"), again::out);
        assertEquals(2, Objects.requireNonNull(disk.resolve("bin").toFile().list()).length);
        assertEquals(1, Objects.requireNonNull(disk.resolve("net.d").toFile().list()).length);
    }

    @Test
    void anExecutableThatIsNoneIsTold() throws Exception {
        nodeState();
        Path empty = Files.createFile(disk.resolve("empty"));
        assertEquals(
                "towpath-node: there is nothing in executable " + empty + ": name another with --executable\n",
                install(empty).err());
        assertEquals(
                "towpath-node: executable " + disk + " is no file: name another with --executable\n",
                install(disk).err());
    }

    @Test
    void nothingIsInstalledWhenAFileIsMissing() throws Exception {
        nodeState();
        Ran ran = install(disk.resolve("none"));
        assertEquals(
                "towpath-node: there is no executable " + disk + "/none: name another with --executable\n", ran.err());
        assertTrue(Files.notExists(disk.resolve("net.d")));
    }
}
