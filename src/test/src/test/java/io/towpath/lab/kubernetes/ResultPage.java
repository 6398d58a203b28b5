package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** docs/conformance.md and README's line of it, made of all parts' results and of a template with what is said by hand. */
final class ResultPage {
    private static final String BEGIN = "<!-- conformance: written by scripts/conformance --write -->\n";
    private static final String END = "<!-- /conformance -->\n";

    private final List<PartResult> results;

    /** @param results in the order in which they are to stand */
    ResultPage(List<PartResult> results) {
        this.results = List.copyOf(results);
    }

    /** What the project's folder has of these parts. */
    static ResultPage of(Path root, Iterable<String> parts) throws IOException {
        return new ResultPage(PartResult.read(folder(root), parts));
    }

    /** Where the parts' results are, and the template. */
    static Path folder(Path root) {
        return root.resolve("docs/conformance.d");
    }

    /** Writes the page and the line, from all results that the project's folder has of these parts. */
    static void write(Path root, Iterable<String> parts) throws IOException {
        ResultPage page = of(root, parts);
        Path readme = root.resolve("README.md");
        Files.writeString(readme, page.inReadme(Files.readString(readme)));
        Files.writeString(
                root.resolve("docs/conformance.md"),
                page.render(Files.readString(folder(root).resolve("page.md"))));
    }

    /**
     * The page.
     *
     * @param template has {@code {programs}}, {@code {results}}, {@code {failed}}, {@code {measured}} and {@code {skipped}} on lines of
     *     their own
     */
    String render(String template) {
        String page = template;
        for (Map.Entry<String, String> each : Map.of(
                        "{programs}\n", programs(),
                        "{results}\n", table(),
                        "{failed}\n", reasons(Report.Verdict.FAILED, "Nothing failed."),
                        "{measured}\n", measured(),
                        "{skipped}\n", reasons(Report.Verdict.SKIPPED, "Nothing was skipped."))
                .entrySet()) {
            if (!page.contains(each.getKey())) {
                throw new IllegalArgumentException("the template has no line " + each.getKey());
            }
            page = page.replace(each.getKey(), each.getValue());
        }
        return page;
    }

    /** README's text with the line of today between its markers. */
    String inReadme(String readme) {
        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("README.md has not the lines " + BEGIN + END);
        }
        return readme.substring(0, begin + BEGIN.length()) + line() + "\n" + readme.substring(end);
    }

    /** All of it in one line. */
    String line() {
        return "Last, %d parts on Kubernetes %s: **%d passed, %d failed, %d skipped**, what and why: [docs/conformance.md](docs/conformance.md)."
                .formatted(
                        results.size(),
                        String.join(" and ", versions("Kubernetes").keySet()),
                        sum(PartResult.Table::passed),
                        sum(PartResult.Table::failed),
                        sum(PartResult.Table::skipped));
    }

    private int sum(ToIntFunction<PartResult.Table> of) {
        return results.stream()
                .flatMap(result -> result.tables().stream())
                .mapToInt(of)
                .sum();
    }

    private String programs() {
        Set<String> names = new LinkedHashSet<>();
        results.forEach(result -> names.addAll(result.programs().keySet()));
        return "| Program | Version |\n|---|---|\n"
                + names.stream().map(name -> row(name, told(versions(name)))).collect(Collectors.joining());
    }

    /** The versions of a program, each with the parts that it ran in. */
    private Map<String, Set<String>> versions(String program) {
        Map<String, Set<String>> versions = new LinkedHashMap<>();
        for (PartResult result : results) {
            String version = result.programs().get(program);
            if (version != null) {
                versions.computeIfAbsent(version, _ -> new TreeSet<>()).add(result.part());
            }
        }
        return versions;
    }

    private static String told(Map<String, Set<String>> versions) {
        if (versions.size() == 1) {
            return versions.keySet().iterator().next();
        }
        return versions.entrySet().stream()
                .map(each -> each.getKey() + " (" + String.join(", ", each.getValue()) + ")")
                .collect(Collectors.joining("; "));
    }

    private String table() {
        StringBuilder text =
                new StringBuilder("| Part | Passed | Failed | Skipped | Day | Commit |\n|---|---|---|---|---|---|\n");
        for (PartResult result : results) {
            for (PartResult.Table table : result.tables()) {
                text.append(row(
                        table.name(),
                        String.valueOf(table.passed()),
                        String.valueOf(table.failed()),
                        String.valueOf(table.skipped()),
                        result.date(),
                        result.commit()));
            }
        }
        return text.toString();
    }

    private String measured() {
        StringBuilder text = new StringBuilder();
        for (PartResult result : results) {
            for (PartResult.Table table : result.tables()) {
                if (!table.measured().isEmpty()) {
                    text.append("- ").append(table.name()).append(": ");
                    text.append(String.join("; ", table.measured())).append('\n');
                }
            }
        }
        return text.toString();
    }

    /** Cases of a verdict by their reason: one that is the same in two parts is told once. */
    private String reasons(Report.Verdict verdict, String none) {
        Map<String, Set<String>> cases = new LinkedHashMap<>();
        Map<String, Set<String>> places = new LinkedHashMap<>();
        for (PartResult result : results) {
            for (PartResult.Table table : result.tables()) {
                for (PartResult.Case each : table.others()) {
                    if (each.verdict() == verdict) {
                        cases.computeIfAbsent(each.why(), _ -> new LinkedHashSet<>())
                                .add(each.name());
                        places.computeIfAbsent(each.why(), _ -> new LinkedHashSet<>())
                                .add(table.name());
                    }
                }
            }
        }
        if (cases.isEmpty()) {
            return none + "\n";
        }
        StringBuilder text = new StringBuilder("| Cases | Part | Why |\n|---|---|---|\n");
        cases.forEach((why, names) ->
                text.append(row(String.join("; ", names), String.join("; ", places.getOrDefault(why, Set.of())), why)));
        return text.toString();
    }

    private static String row(String... cells) {
        StringBuilder row = new StringBuilder("|");
        for (String cell : cells) {
            row.append(' ').append(cell.replace("|", "\\|").replace("\n", " ")).append(" |");
        }
        return row.append('\n').toString();
    }
}
