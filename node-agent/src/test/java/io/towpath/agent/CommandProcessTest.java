package io.towpath.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands as processes, whose memory is really used up. */
class CommandProcessTest {
    @TempDir
    private Path folder;

    private Process command(String debug, String... words) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx12m"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
        command.add("io.towpath.agent.Main");
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("TOWPATH_DEBUG", debug);
        return builder.start();
    }

    private String failure(String debug) throws Exception {
        // As a tree it takes many times the memory that it takes as text.
        Path conflist = Files.writeString(folder.resolve("conflist"), "[" + "[],".repeat(345_000) + "[]]");
        Process process = command(debug, "ipam", "list", "--cni-conf", conflist.toString());
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), said);
        return said;
    }

    @Test
    void usedUpMemoryIsOneLine() throws Exception {
        String said = failure("");
        assertTrue(said.startsWith("towpath-node: out of memory: 12 MiB of heap are not enough. "), said);
        assertEquals(1, said.lines().count(), said);
    }

    @Test
    void theStackTraceIsForWhoAsksForIt() throws Exception {
        String said = failure("1");
        assertTrue(said.startsWith("towpath-node: out of memory: "), said);
        assertTrue(said.contains("\n\tat io.towpath.agent.cli.IpamCommand."), said);
    }
}
