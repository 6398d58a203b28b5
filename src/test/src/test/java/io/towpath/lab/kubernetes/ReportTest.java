package io.towpath.lab.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is told of a part. */
class ReportTest {
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();
    private final Report report = new Report(new PrintStream(told, true, StandardCharsets.UTF_8));

    private void run(Conformance.Suite suite) {
        Conformance.run("smoke", suite, report, Path.of("/"), Path.of("/"));
    }

    /** As where a signal that this process ignores has ended the cluster's programs: one line, and the other parts go on. */
    @Test
    void aPartThatBreaksOffIsOneLine() {
        run((made, _, _) -> made.part("smoke").check("something", () -> ""));
        told.reset();
        run((_, _, _) -> {
            throw new AssertionError("kubectl get pods: connection refused\nand much more");
        });
        run((_, _, _) -> {
            throw new IOException();
        });
        assertEquals("""
                  FAILED  breaks off: kubectl get pods: connection refused
                  FAILED  breaks off: java.io.IOException
                """, told.toString(StandardCharsets.UTF_8));
        assertFalse(report.isWell());
    }

    /** What is left out fails nothing, and alone is no success. */
    @Test
    void whatIsLeftOutIsToldWithItsReason() {
        run((made, _, _) -> made.part("smoke").skip("something", "there is no internet"));
        assertEquals("""

                smoke
                  skip    something: there is no internet
                """, told.toString(StandardCharsets.UTF_8));
        assertFalse(report.isWell());
        run((made, _, _) -> made.part("smoke").check("another thing", () -> ""));
        assertTrue(report.isWell());
    }
}
