package io.towpath.lab.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JUnitResultsTest {
    @TempDir
    private Path folder;

    private Path file(String cases) throws IOException {
        return Files.writeString(folder.resolve("junit.xml"), """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites tests="4"><testsuite name="suite">
                <properties><property name="FocusStrings" value="x"></property></properties>
                %s
                </testsuite></testsuites>
                """.formatted(cases));
    }

    @Test
    void everyVerdictIsReadWithItsReason() throws IOException {
        Path file = file("""
                <testcase name="[It] [sig-network] Services should work [Conformance]" status="passed"><system-err>noise</system-err></testcase>
                <testcase name="[It] breaks" status="failed"><failure message="" type="failed">

                [FAILED] no answer
                In [It] at: here</failure><system-err>noise</system-err></testcase>
                <testcase name="[It] hangs" status="interrupted"><error message="" type="interrupted">ended by the user</error></testcase>
                <testcase name="[It] needs more" status="skipped"><skipped message="skipped - needs 3 nodes"></skipped></testcase>
                <testcase name="[It] not selected" status="skipped"><skipped message="skipped"></skipped></testcase>
                <testcase name="[SynchronizedBeforeSuite]" status="passed"></testcase>
                """);
        assertEquals(
                List.of(
                        new JUnitResults.Case(
                                "It", "[sig-network] Services should work [Conformance]", Report.Verdict.PASSED, ""),
                        new JUnitResults.Case("It", "breaks", Report.Verdict.FAILED, "[FAILED] no answer"),
                        new JUnitResults.Case("It", "hangs", Report.Verdict.FAILED, "ended by the user"),
                        new JUnitResults.Case("It", "needs more", Report.Verdict.SKIPPED, "needs 3 nodes"),
                        new JUnitResults.Case("It", "not selected", Report.Verdict.SKIPPED, ""),
                        new JUnitResults.Case("SynchronizedBeforeSuite", "", Report.Verdict.PASSED, "")),
                JUnitResults.read(file));
    }

    @Test
    void aReportThatIsNotWholeIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("half.xml"), "<testsuites><testsuite>");
        IOException e = assertThrows(IOException.class, () -> JUnitResults.read(file));
        assertTrue(Objects.requireNonNull(e.getMessage()).contains("half.xml is no JUnit report"), e.getMessage());
    }
}
