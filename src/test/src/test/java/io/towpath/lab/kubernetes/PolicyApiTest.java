package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The conformance tests of the project that ClusterNetworkPolicy comes from, with all that it has switched on. */
final class PolicyApiTest {
    private PolicyApiTest() {}

    /**
     * Runs all of them, one after the other.
     *
     * @return how many there were of each verdict
     * @throws AssertionError if the tests did not come to their end
     */
    static String run(KubeCluster cluster, Report.Part part, String name) throws IOException {
        Path folder = Files.createDirectories(cluster.logs().resolve(name));
        Command command = Command.of(
                cluster.peers().of("network-policy-api.test"),
                "-test.v",
                "-test.run",
                "^TestConformance$",
                "-test.timeout",
                "2h",
                "-all-features");
        GoTestOutput output = new GoTestOutput();
        int exit = TestProgram.run(cluster, folder, command, output);
        output.results.forEach((test, verdict) -> part.add(test, verdict, output.why(test)));
        if (part.isEmpty() || (exit != 0 && part.count(Report.Verdict.FAILED) == 0)) {
            throw new AssertionError("the tests ended with code " + exit + ", " + part.counts() + ": see " + folder);
        }
        return part.counts();
    }

    /** Reads what a test of Go prints with {@code -test.v}. Cases are the tests of the second level. */
    private static final class GoTestOutput implements Consumer<String> {
        private static final Pattern CURRENT = Pattern.compile("=== (?:RUN|NAME|CONT) +(\\S+)");
        private static final Pattern ERROR = Pattern.compile("\\s*Error:\\s+(.*)");
        private static final Pattern END = Pattern.compile("\\s*--- (PASS|FAIL|SKIP): (\\S+) \\(([0-9.]+)s\\)");

        private final Map<String, Report.Verdict> results = new LinkedHashMap<>();
        private final Map<String, String> reasons = new LinkedHashMap<>();
        private String current = "";

        @Override
        public void accept(String line) {
            Matcher start = CURRENT.matcher(line);
            Matcher end = END.matcher(line);
            Matcher error = ERROR.matcher(line);
            if (start.matches()) {
                current = start.group(1);
            } else if (error.matches()) {
                reasons.putIfAbsent(current, error.group(1));
            } else if (end.matches()) {
                ended(end.group(2), end.group(1), end.group(3));
            } else if (line.startsWith("panic: ")) {
                reasons.putIfAbsent(current, line);
            }
        }

        private void ended(String test, String verdict, String seconds) {
            String[] levels = test.split("/", -1);
            if (levels.length == 2) {
                results.put(
                        levels[1],
                        switch (verdict) {
                            case "PASS" -> Report.Verdict.PASSED;
                            case "SKIP" -> Report.Verdict.SKIPPED;
                            default -> Report.Verdict.FAILED;
                        });
                TestProgram.tell(verdict.equals("PASS") ? "ok" : verdict, levels[1], seconds + " s");
            }
        }

        /** What the first of a case's steps that failed says. */
        private String why(String test) {
            return reasons.entrySet().stream()
                    .filter(reason -> (reason.getKey() + "/").contains("/" + test + "/"))
                    .map(reason ->
                            reason.getKey().substring(reason.getKey().lastIndexOf('/') + 1) + ": " + reason.getValue())
                    .findFirst()
                    .orElse("");
        }
    }
}
