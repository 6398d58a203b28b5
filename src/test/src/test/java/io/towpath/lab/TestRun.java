package io.towpath.lab;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests on the class path where there is no Maven, as in the virtual machines of {@code scripts/kernels}, and prints what came of each. */
public final class TestRun {
    private TestRun() {}

    /** Classes by their simple names; the last line is {@code N passed, N failed, N skipped}. */
    public static void main(String[] classes) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectPackage("io.towpath"))
                .filters(EngineFilter.includeEngines("junit-jupiter"))
                .filters(ClassNameFilter.includeClassNamePatterns(".*\\.(" + String.join("|", classes) + ")"))
                .build();
        Results results = new Results(out);
        LauncherFactory.create().execute(request, results);
        out.printf("%d passed, %d failed, %d skipped%n", results.passed, results.failed, results.skipped);
        // Some of what the lab starts runs on daemons of others.
        System.exit(results.failed == 0 && results.passed > 0 ? 0 : 1);
    }

    private static final class Results implements TestExecutionListener {
        private final PrintStream out;
        private int passed;
        private int failed;
        private int skipped;
        private long started;

        Results(PrintStream out) {
            this.out = out;
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            started = System.nanoTime();
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            skipped++;
            out.println("skipped " + name(test) + ": " + reason);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            Optional<Throwable> problem = result.getThrowable();
            switch (result.getStatus()) {
                case SUCCESSFUL -> {
                    if (test.isTest()) {
                        passed++;
                        out.printf("ok      %s, %d s%n", name(test), (System.nanoTime() - started) / 1_000_000_000);
                    }
                }
                case ABORTED ->
                    executionSkipped(test, problem.map(Throwable::getMessage).orElse(""));
                case FAILED -> {
                    failed++;
                    out.println("FAILED  " + name(test) + "\n"
                            + problem.map(TestRun::text).orElse("") + "\n");
                }
            }
        }

        /** Class and method, and which of its cases. */
        private static String name(TestIdentifier test) {
            String id = test.getUniqueId();
            String name = part(id, "class").replaceFirst(".*\\.", "") + " " + part(id, "method")
                    + part(id, "test-template") + " ";
            return (name + (id.contains("invocation") ? test.getDisplayName() : "")).strip();
        }

        private static String part(String id, String type) {
            int at = id.indexOf("[" + type + ":");
            return at < 0
                    ? ""
                    : id.substring(at + type.length() + 2, id.indexOf(']', at)).replaceFirst("\\(.*", "");
        }
    }

    private static String text(Throwable problem) {
        StringBuilder text = new StringBuilder().append(problem);
        for (StackTraceElement each : problem.getStackTrace()) {
            if (each.getClassName().startsWith("io.towpath")) {
                text.append("\n    at ").append(each);
            }
        }
        Throwable cause = problem.getCause();
        return cause == null ? text.toString() : text + "\n  because of " + text(cause);
    }
}
