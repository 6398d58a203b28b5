package io.towpath.lab.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Manifest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of results, and that the one that is committed says what the committed results do. */
class ResultPageTest {
    private static final String TEMPLATE =
            "by hand\n{programs}\n{results}\n{failed}\n{measured}\n{skipped}\nby hand, too\n";
    private static final String MARKERS =
            "<!-- conformance: written by scripts/conformance --write -->\n%s<!-- /conformance -->\n";

    @TempDir
    Path folder;

    /** What a run of one part has found out. */
    private static PartResult result(String part, String kubernetes, Conformance.Suite suite) {
        Report report = new Report(new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
        Conformance.run(part, suite, report, Path.of("/"), Path.of("/"));
        Map<String, String> programs = Map.of("Kubernetes", kubernetes);
        return PartResult.of(part, "2026-01-02", "abcdef0", programs, report.rows());
    }

    private static final PartResult SMOKE = result("smoke", "1.37.2", (report, _, _) -> {
        Report.Part part = report.part("smoke");
        part.check("nodes", () -> "Ready after 1.5 s");
        part.check("nothing to tell", () -> "");
        part.check("a | b", () -> {
            throw new AssertionError("no answer\nand much more");
        });
    });
    private static final PartResult POLICY = result("policy", "1.36.0", (report, _, _) -> {
        report.part("policy").check("a cluster", () -> "");
        Report.Part suite = report.part("policy: Netpol");
        suite.add("one", Report.Verdict.PASSED, "");
        suite.add("two", Report.Verdict.SKIPPED, "no internet");
        suite.add("three", Report.Verdict.SKIPPED, "no internet");
    });

    @Test
    void allThatIsKnownIsOnThePage() throws IOException {
        POLICY.write(folder);
        SMOKE.write(folder);
        ResultPage page = new ResultPage(PartResult.read(folder, List.of("smoke", "churn", "policy")));
        assertEquals("""
                by hand
                | Program | Version |
                |---|---|
                | Kubernetes | 1.37.2 (smoke); 1.36.0 (policy) |

                | Part | Passed | Failed | Skipped | Day | Commit |
                |---|---|---|---|---|---|
                | smoke | 2 | 1 | 0 | 2026-01-02 | abcdef0 |
                | policy | 1 | 0 | 0 | 2026-01-02 | abcdef0 |
                | policy: Netpol | 1 | 0 | 2 | 2026-01-02 | abcdef0 |

                | Cases | Part | Why |
                |---|---|---|
                | a \\| b | smoke | no answer |

                - smoke: nodes: Ready after 1.5 s

                | Cases | Part | Why |
                |---|---|---|
                | two; three | policy: Netpol | no internet |

                by hand, too
                """, page.render(TEMPLATE.replace("}\n{", "}\n\n{").replace("}\nby", "}\n\nby")));
        String line = "Last, 2 parts on Kubernetes 1.37.2 and 1.36.0: **4 passed, 1 failed, 2 skipped**, what and why:"
                + " [docs/conformance.md](docs/conformance.md).\n";
        assertEquals(MARKERS.formatted(line), page.inReadme(MARKERS.formatted("what was before\n")));
    }

    @Test
    void whatRunsAgainTakesThePlaceOfWhatItSaidBefore() throws IOException {
        SMOKE.write(folder);
        PartResult again = new PartResult("smoke", "2026-01-03", "1234567", Map.of(), List.of());
        again.write(folder);
        assertEquals(List.of(again), PartResult.read(folder, List.of("smoke")));
    }

    @Test
    void placesThatAreMissingAreNamed() {
        ResultPage page = new ResultPage(List.of(SMOKE));
        Throwable problem =
                assertThrows(IllegalArgumentException.class, () -> page.render(TEMPLATE.replace("{failed}", "")));
        assertTrue(String.valueOf(problem.getMessage()).contains("{failed}"));
        assertThrows(IllegalArgumentException.class, () -> page.inReadme("no markers"));
    }

    /** If it fails after a change of the template: {@code scripts/conformance --page} writes both anew. */
    @Test
    void theCommittedPageIsWhatTheCommittedResultsSay() throws IOException {
        Path root = root();
        ResultPage page = ResultPage.of(root, Conformance.parts());
        String template = Files.readString(ResultPage.folder(root).resolve("page.md"));
        assertEquals(page.render(template), Files.readString(root.resolve("docs/conformance.md")));
        String readme = Files.readString(root.resolve("README.md"));
        assertEquals(page.inReadme(readme), readme);
    }

    /** A part that is renamed takes its results with it. */
    @Test
    void everyCommittedResultIsOfAPartThatThereIs() throws IOException {
        try (var files = Files.list(ResultPage.folder(root()))) {
            List<String> strangers = files.map(
                            file -> Objects.requireNonNull(file.getFileName()).toString())
                    .filter(name -> name.endsWith(".json"))
                    .map(name -> name.substring(0, name.length() - ".json".length()))
                    .filter(part -> !Conformance.parts().contains(part))
                    .toList();
            assertEquals(List.of(), strangers);
        }
    }

    private static Path root() {
        return Manifest.file().resolve("../../..").normalize();
    }
}
