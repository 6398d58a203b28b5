package io.towpath.lab.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoTestOutputTest {
    @Test
    void casesAreTheSecondLevelAndTheFirstErrorBelowIsTheReason() {
        GoTestOutput output = new GoTestOutput();
        """
                === RUN   TestConformance
                    suite.go:1: Test Setup: Applying base manifests
                === RUN   TestConformance/Works
                === RUN   TestConformance/Works/Should_pass
                --- PASS: TestConformance (9.00s)
                    --- PASS: TestConformance/Works (1.00s)
                        --- PASS: TestConformance/Works/Should_pass (1.00s)
                === RUN   TestConformance/Broken
                === RUN   TestConformance/Broken/Should_pass
                === RUN   TestConformance/Broken/Should_fail
                    helper.go:2:\s
                        \tError Trace:\thelper.go:2
                        \tError:      \tCondition never satisfied
                        \tTest:       \tTestConformance/Broken/Should_fail
                    --- FAIL: TestConformance/Broken (3.00s)
                        --- FAIL: TestConformance/Broken/Should_fail (2.00s)
                        --- PASS: TestConformance/Broken/Should_pass (1.00s)
                === RUN   TestConformance/Silent
                    --- FAIL: TestConformance/Silent (0.00s)
                === RUN   TestConformance/Other
                    --- SKIP: TestConformance/Other (0.00s)
                """.lines().forEach(output);

        assertEquals(
                List.of(
                        Map.entry("Works", Report.Verdict.PASSED),
                        Map.entry("Broken", Report.Verdict.FAILED),
                        Map.entry("Silent", Report.Verdict.FAILED),
                        Map.entry("Other", Report.Verdict.SKIPPED)),
                List.copyOf(output.results().entrySet()));
        assertEquals("", output.why("Works"));
        assertEquals("Should_fail: Condition never satisfied", output.why("Broken"));
        assertEquals("see the log", output.why("Silent"));
    }
}
