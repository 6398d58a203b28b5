package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Kubernetes' own end-to-end tests. Each case that was selected becomes a row of the report; what they print goes to a log. */
final class EndToEnd {
    private static final String SIG = "[sig-network] ";

    private EndToEnd() {}

    /**
     * Runs the cases that are selected, some at a time.
     *
     * @param name of the folder with their log and results, beside the logs of the cluster
     * @param focus what is in their names, as regular expressions; one of them is enough
     * @param hours after which they give up
     * @return how many there were of each verdict
     * @throws AssertionError if the tests did not come to their end
     */
    static String run(KubeCluster cluster, Report.Part part, String name, List<String> focus, int hours)
            throws IOException {
        Path folder = Files.createDirectories(cluster.logs().resolve(name));
        Path work = Files.createDirectories(cluster.folder().resolve(name));
        // They mostly wait; those that bear no other beside them run alone, at the end.
        Command command = Command.of(
                cluster.peers().of("ginkgo"),
                "run",
                "--procs",
                String.valueOf(2 * Runtime.getRuntime().availableProcessors()),
                "--no-color",
                "-v",
                "--timeout",
                hours + "h");
        for (String each : focus) {
            command = command.and("--focus", each);
        }
        for (Inapplicable each : Inapplicable.CASES) {
            command = command.and("--skip", each.name());
        }
        command = command.and(
                cluster.peers().of("e2e.test"),
                "--",
                // only one of those that run beside each other counts them itself
                "--num-nodes",
                String.valueOf(cluster.nodes().size()),
                "--kubectl-path",
                cluster.peers().of("kubectl"),
                "--report-dir",
                folder.toString(),
                "--e2e-output-dir",
                work.toString());
        int exit = TestProgram.run(cluster, folder, command, new Progress());
        Path results = folder.resolve("junit_01.xml");
        if (!Files.exists(results)) {
            throw new AssertionError("e2e.test ended with code " + exit + " and without results: see " + folder);
        }
        add(part, JUnitResults.read(results), focus);
        if (part.isEmpty() || (exit != 0 && part.count(Report.Verdict.FAILED) == 0)) {
            throw new AssertionError("e2e.test ended with code " + exit + ", " + part.counts() + ": see " + folder);
        }
        return part.counts();
    }

    private static void add(Report.Part part, List<JUnitResults.Case> cases, List<String> focus) {
        List<Pattern> selected = focus.stream().map(Pattern::compile).toList();
        for (JUnitResults.Case each : cases) {
            boolean isCase = each.kind().equals("It");
            // What is done before and after all cases is told where it fails; the others are passed over.
            if (isCase
                    ? selected.stream().anyMatch(one -> one.matcher(each.name()).find())
                    : each.verdict() == Report.Verdict.FAILED) {
                part.add(isCase ? shortName(each.name()) : each.kind(), each.verdict(), why(each));
            }
        }
    }

    private static String why(JUnitResults.Case each) {
        if (each.verdict() == Report.Verdict.SKIPPED && each.why().isEmpty()) {
            return Inapplicable.CASES.stream()
                    .filter(one ->
                            Pattern.compile(one.name()).matcher(each.name()).find())
                    .map(Inapplicable::why)
                    .findFirst()
                    .orElse("not run, as the tests ended before");
        }
        return each.why();
    }

    private static String shortName(String name) {
        return name.startsWith(SIG) ? name.substring(SIG.length()) : name;
    }

    /** Follows the output: below what came of a case stands its name. */
    private static final class Progress implements Consumer<String> {
        private static final Pattern VERDICT = Pattern.compile(
                "^(•|S|P) (?:\\[(FAILED|SKIPPED|TIMEDOUT|PANICKED!|INTERRUPTED)] )?\\[([0-9.]+) seconds].*");

        private String verdict = "";
        private String seconds = "";

        @Override
        public void accept(String line) {
            Matcher matcher = VERDICT.matcher(line);
            if (matcher.matches()) {
                verdict = matcher.group(2) == null ? "ok" : matcher.group(2);
                seconds = matcher.group(3);
            } else if (!verdict.isEmpty()) {
                TestProgram.tell(verdict, shortName(line), seconds + " s");
                verdict = "";
            }
        }
    }
}
