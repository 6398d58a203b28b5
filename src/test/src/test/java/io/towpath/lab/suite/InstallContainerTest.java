package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Container;
import io.towpath.lab.Dockerfile;
import io.towpath.lab.Lab;
import io.towpath.lab.Libc;
import io.towpath.lab.Manifest;
import io.towpath.lab.OnLab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The container {@code install} as the manifest has it, with the native executables: their real size within its real limit. */
@OnLab
@EnabledIf(value = "io.towpath.lab.Dockerfile#isBuilt", disabledReason = "the native executables are not built")
class InstallContainerTest {
    /** A shell, and what each try starts: more than one try, then. */
    private static final int PROCESSES_OF_TWO_TRIES = 4;

    private final Path executable = Dockerfile.shipped().source("/opt/towpath/towpath");

    private final Path commands = Dockerfile.shipped().source("/usr/local/bin/towpath-node");

    @AutoClose
    private final Lab lab = new Lab(executable);

    @AutoClose
    private final Container container = new Container(lab.id() + "-install", lab.folder(), "install");

    private final Path placed = container.onNode("/opt/cni/bin/towpath");

    InstallContainerTest() throws IOException {}

    @BeforeEach
    void loopback() throws IOException {
        Files.createFile(placed.resolveSibling("loopback"));
    }

    private void nodeIsReady() throws IOException {
        Files.writeString(
                container.onNode("/run/towpath/node.json"),
                "{\"node\":\"a\",\"slices\":[\"10.1.2.0/24\"],\"mtu\":1450}");
    }

    private void awaitReady() {
        Await.until("it is ready", container::isReady, container::log);
    }

    private void assertInPlace() throws IOException {
        assertEquals(-1, Files.mismatch(executable, placed));
        assertEquals(-1, Files.mismatch(commands, placed.resolveSibling("towpath-node")));
        assertEquals(
                Manifest.ofKind("ConfigMap").at("/data/10-towpath.conflist").asText(),
                Files.readString(container.onNode("/etc/cni/net.d/10-towpath.conflist")));
        for (String folder : List.of("/opt/cni/bin", "/etc/cni/net.d")) {
            assertTrue(Files.notExists(container.onNode(folder).resolve(".towpath-new")), folder);
        }
        assertFalse(container.log().contains("exit code"), container::log);
    }

    @Test
    void itTellsWhatItWaitsForOnceAndPutsAllIntoPlace() throws IOException {
        container.start();
        Set<Long> processes = new HashSet<>();
        Await.until(
                "it tries again",
                () -> processes.addAll(container.processes()) && processes.size() >= PROCESSES_OF_TWO_TRIES,
                container::log);
        assertFalse(container.isReady());
        Files.createDirectory(placed);
        nodeIsReady();
        Await.until("it tells of the folder", () -> container.log().contains("EISDIR"), container::log);
        assertFalse(container.isReady());
        Files.delete(placed);
        awaitReady();
        assertInPlace();
        List<String> lines = container.log().lines().toList();
        assertEquals(5, lines.size(), container::log);
        assertTrue(lines.get(0).startsWith("towpath-node: the node is not ready: "), container::log);
        assertTrue(lines.get(1).contains(" is a folder: remove it"), container::log);
        assertTrue(lines.get(2).endsWith("/opt/cni/bin/towpath written"), container::log);
        assertTrue(lines.get(3).endsWith("/etc/cni/net.d/10-towpath.conflist written"), container::log);
        assertTrue(lines.get(4).endsWith("/opt/cni/bin/towpath-node written"), container::log);
        assertEquals(0, container.end("TERM"), container::log);
    }

    @Test
    void itIsReadyAnewWhenItRunsAgain() throws IOException {
        nodeIsReady();
        container.start();
        awaitReady();
        container.end("KILL");
        Files.delete(placed);
        Files.createDirectory(placed);
        container.start();
        Await.until("it tells of the folder", () -> container.log().contains("EISDIR"), container::log);
        assertFalse(container.isReady(), "what was in place before counts no more");
        Files.delete(placed);
        awaitReady();
        assertInPlace();
    }

    @Test
    void whatBelongsToOthersIsReplacedToo() throws IOException {
        Files.writeString(placed, "old");
        for (String folder : List.of("/opt/cni/bin", "/etc/cni/net.d")) {
            Command.of("chown", "-R", "999:999", container.onNode(folder).toString())
                    .run()
                    .succeeded();
        }
        nodeIsReady();
        container.start();
        awaitReady();
        assertInPlace();
    }

    /** A file in memory counts for its container, and cannot be written out. */
    @Test
    void foldersInMemoryFitIntoTheLimit() throws IOException {
        Path folder = container.onNode("/opt/cni/bin");
        Libc.mountTmpfs(folder.toString(), "size=200m");
        try {
            Files.copy(executable, placed);
            Files.write(placed, new byte[] {0}, StandardOpenOption.APPEND);
            Path old = Files.copy(commands, placed.resolveSibling("towpath-node"));
            Files.write(old, new byte[] {0}, StandardOpenOption.APPEND);
            nodeIsReady();
            container.start();
            awaitReady();
            assertInPlace();
            container.end("TERM");
        } finally {
            Libc.unmount(folder.toString());
        }
    }
}
