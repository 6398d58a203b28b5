package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;

/** What a command says that fails. */
class CliFailureTest {
    @Test
    void whoIsRefusedAndNotRootIsToldSo() {
        LinuxException refused = new LinuxException("table list", Errno.EPERM);
        assertEquals("table list: EPERM Operation not permitted: run this as root", Cli.line(refused, false));
        assertEquals("table list: EPERM Operation not permitted", Cli.line(refused, true));
        assertEquals("no lock: run this as root", Cli.line(new IOException("no lock", refused), false));
        assertEquals("/x: run this as root", Cli.line(new AccessDeniedException("/x"), false));
        assertEquals("run this as root, now", Cli.line(new IOException("run this as root, now", refused), false));
        assertEquals("x: EIO Input/output error", Cli.line(new LinuxException("x", Errno.EIO), false));
    }

    private String failing(Throwable failure) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CommandSpec root = Cli.root("towpath-node", "");
        root.addSubcommand("fail", Cli.command("fail", "", _ -> {
            if (failure instanceof Exception e) {
                throw e;
            }
            throw (Error) failure;
        }));
        assertEquals(Cli.FAILED, new Cli(root, stream(out), stream(err)).run("fail"));
        assertEquals(0, out.size());
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void whatNobodyForesawIsOneLineToo() {
        for (Throwable failure : List.of(
                new StackOverflowError(),
                new ExceptionInInitializerError(new IllegalStateException("why")),
                new NullPointerException("two\nlines"),
                new NoClassDefFoundError("name"))) {
            String line = failing(failure);
            assertEquals(1, line.lines().count(), line);
            assertTrue(line.startsWith("towpath-node: internal error: java.lang."), line);
            assertTrue(line.contains(" at io.towpath.agent.cli.CliFailureTest."), "where: " + line);
            assertTrue(line.endsWith("TOWPATH_DEBUG=1 is set\n"), "what to do: " + line);
        }
        assertTrue(failing(new ExceptionInInitializerError(new IllegalStateException("why")))
                .contains("why"));
        assertEquals(
                "towpath-node: said by who threw it\n", failing(new IllegalArgumentException("said by who threw it")));
    }

    @Test
    void usedUpMemoryIsToldWithWhatGivesMore() {
        for (Throwable failure : List.of(
                new OutOfMemoryError("Java heap space"), new IllegalStateException(new OutOfMemoryError("heap")))) {
            String line = failing(failure);
            assertEquals(1, line.lines().count(), line);
            assertTrue(line.startsWith("towpath-node: out of memory: "), line);
            assertTrue(line.contains(" MiB of heap are not enough. More is given by -Xmx"), line);
        }
    }

    private static PrintStream stream(ByteArrayOutputStream buffer) {
        return new PrintStream(buffer, true, StandardCharsets.UTF_8);
    }
}
