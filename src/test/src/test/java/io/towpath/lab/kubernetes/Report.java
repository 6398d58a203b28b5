package io.towpath.lab.kubernetes;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What was checked and what came of it: a line each as it happens, one table at the end. */
final class Report {
    /** How much of a reason is told at once; the logs have the rest. */
    private static final int MOST_LINES = 30;

    private volatile PrintStream out;
    private boolean ended;
    private boolean interrupted;
    private final List<Row> rows = new ArrayList<>();

    Report(PrintStream out) {
        this.out = out;
    }

    /** Says that it ends before its time, and nothing more: what fails from now on does so as the cluster is taken down. */
    synchronized void interrupt() {
        if (!ended) {
            interrupted = true;
            out.println("\nInterrupted: the cluster is taken down.");
            out = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        }
    }

    /** All is told. */
    synchronized void end() {
        ended = true;
    }

    /** Whether what was found out last may be of a cluster that was just taken down. */
    synchronized boolean isInterrupted() {
        return interrupted;
    }

    /** What was found out up to now. */
    List<Row> rows() {
        return List.copyOf(rows);
    }

    /** What came of a check. */
    enum Verdict {
        PASSED,
        FAILED,
        SKIPPED
    }

    /** @param told why it failed or was skipped; of what passed, what is worth telling, or nothing */
    record Row(String part, String what, Verdict verdict, String told) {}

    /** Something to be found out. */
    interface Check {
        /**
         * Finds it out.
         *
         * @return what is worth telling of it, or nothing
         * @throws Exception or {@link AssertionError} if it is not so
         */
        String run() throws Exception;
    }

    /** One part of the table. */
    Part part(String name) {
        out.println("\n" + name);
        return new Part(name);
    }

    /** A part has ended before its time, for a reason that is no check's. */
    void brokenOff(String name, Throwable why) {
        String text = firstLine(Objects.requireNonNullElse(why.getMessage(), why.toString()));
        out.println("  FAILED  breaks off: " + text);
        rows.add(new Row(name, "breaks off", Verdict.FAILED, text));
    }

    /** Whether nothing failed, and something passed. */
    boolean isWell() {
        return count(rows, Verdict.FAILED) == 0 && count(rows, Verdict.PASSED) > 0;
    }

    /** The table, then what failed or was skipped and why, then one line for all. */
    void print() {
        out.printf(Locale.ROOT, "%n%-44s %8s %8s %8s%n", "", "passed", "failed", "skipped");
        byPart().forEach((part, some) -> out.printf(
                Locale.ROOT,
                "%-44s %8d %8d %8d%n",
                part,
                count(some, Verdict.PASSED),
                count(some, Verdict.FAILED),
                count(some, Verdict.SKIPPED)));
        for (Verdict verdict : List.of(Verdict.FAILED, Verdict.SKIPPED)) {
            if (count(rows, verdict) > 0) {
                out.println("\n" + (verdict == Verdict.FAILED ? "Failed" : "Skipped"));
                rows.stream()
                        .filter(row -> row.verdict == verdict)
                        .forEach(row -> out.println("  " + row.part + ": " + row.what + ": " + firstLine(row.told)));
            }
        }
        out.printf(
                Locale.ROOT,
                "%n%d passed, %d failed, %d skipped%n",
                count(rows, Verdict.PASSED),
                count(rows, Verdict.FAILED),
                count(rows, Verdict.SKIPPED));
    }

    private Map<String, List<Row>> byPart() {
        Map<String, List<Row>> parts = new LinkedHashMap<>();
        rows.forEach(
                row -> parts.computeIfAbsent(row.part, _ -> new ArrayList<>()).add(row));
        return parts;
    }

    /** How many there are of a verdict. */
    static long count(List<Row> some, Verdict verdict) {
        return some.stream().filter(row -> row.verdict == verdict).count();
    }

    /** What a table has room for. */
    static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    /** A part of the table: once a check failed that others build on, these are skipped. */
    final class Part {
        private final String name;
        private String missing = "";

        private Part(String name) {
            this.name = name;
        }

        /** Finds something out, and goes on whatever it is. */
        void check(String what, Check check) {
            run(what, check);
        }

        /** Finds out what the rest of this part builds on. */
        void require(String what, Check check) {
            if (!run(what, check) && missing.isEmpty()) {
                missing = "\"" + what + "\" failed";
            }
        }

        /** Leaves something out, and says why. */
        void skip(String what, String why) {
            out.printf(Locale.ROOT, "  %-6s  %s: %s%n", "skip", what, why);
            add(what, Verdict.SKIPPED, why);
        }

        /**
         * What another program has found out.
         *
         * @param told why it failed or was skipped
         */
        void add(String what, Verdict verdict, String told) {
            rows.add(new Row(name, what, verdict, told));
        }

        /** Whether nothing has been found out. */
        boolean isEmpty() {
            return rows.stream().noneMatch(row -> row.part.equals(name));
        }

        /** How many rows it has of a verdict. */
        long count(Verdict verdict) {
            return Report.count(
                    rows.stream().filter(row -> row.part.equals(name)).toList(), verdict);
        }

        /** How many rows it has of each verdict. */
        String counts() {
            return count(Verdict.PASSED) + " passed, " + count(Verdict.FAILED) + " failed, " + count(Verdict.SKIPPED)
                    + " skipped";
        }

        private boolean run(String what, Check check) {
            if (!missing.isEmpty()) {
                add(what, Verdict.SKIPPED, missing);
                return false;
            }
            long start = System.nanoTime();
            try {
                String remark = check.run();
                tell("ok", what, start, remark);
                add(what, Verdict.PASSED, remark);
                return true;
            } catch (Exception | AssertionError e) {
                String why = String.valueOf(e.getMessage());
                tell("FAILED", what, start, "");
                why.lines().limit(MOST_LINES).forEach(line -> out.println("          " + line));
                add(what, Verdict.FAILED, why);
                return false;
            }
        }

        private void tell(String verdict, String what, long start, String remark) {
            out.printf(
                    Locale.ROOT,
                    "  %-6s  %-66s %6.1f s  %s%n",
                    verdict,
                    what,
                    (System.nanoTime() - start) / 1e9,
                    remark);
        }
    }
}
