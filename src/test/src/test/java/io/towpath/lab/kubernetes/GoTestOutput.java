package io.towpath.lab.kubernetes;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what a test of Go prints with {@code -test.v}. Cases are the tests of the second level. */
final class GoTestOutput implements Consumer<String> {
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

    /** What came of each case, in the order in which they ended. */
    Map<String, Report.Verdict> results() {
        return results;
    }

    /** What the first step that failed says, if the case failed. */
    String why(String test) {
        if (results.get(test) != Report.Verdict.FAILED) {
            return "";
        }
        return reasons.entrySet().stream()
                .filter(reason -> (reason.getKey() + "/").contains("/" + test + "/"))
                .map(reason ->
                        reason.getKey().substring(reason.getKey().lastIndexOf('/') + 1) + ": " + reason.getValue())
                .findFirst()
                .orElse("see the log");
    }
}
