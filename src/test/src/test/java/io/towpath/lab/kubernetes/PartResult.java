package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of a part when it was run last. It is kept as a file for each part, so that a part that is not run again keeps what it
 * said, with its date and commit.
 *
 * @param part its name, as scripts/conformance knows it
 * @param date of the run, as 2026-11-30
 * @param commit of Towpath's tree, its first characters
 * @param programs the versions of what ran beside, by name
 * @param tables its lines in the table of results
 */
record PartResult(String part, String date, String commit, Map<String, String> programs, List<Table> tables) {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    /**
     * A line in the table of results.
     *
     * @param name what was checked
     * @param measured what was found out of what passed, a sentence each
     * @param others the cases that did not pass; one entry may name some of the same reason
     */
    record Table(String name, int passed, int failed, int skipped, List<String> measured, List<Case> others) {}

    /** A case that failed or was skipped. */
    record Case(String name, Report.Verdict verdict, String why) {}

    /** What a report has of a part. */
    static PartResult of(String part, String date, String commit, Map<String, String> programs, List<Report.Row> rows) {
        Map<String, List<Report.Row>> byName = new LinkedHashMap<>();
        rows.forEach(row ->
                byName.computeIfAbsent(row.part(), _ -> new ArrayList<>()).add(row));
        List<Table> tables = new ArrayList<>();
        byName.forEach((name, some) -> tables.add(table(name, some)));
        return new PartResult(part, date, commit, programs, tables);
    }

    private static Table table(String name, List<Report.Row> rows) {
        List<String> measured = new ArrayList<>();
        List<Case> others = new ArrayList<>();
        for (Report.Row row : rows) {
            if (row.verdict() != Report.Verdict.PASSED) {
                others.add(new Case(row.what(), row.verdict(), Report.firstLine(row.told())));
            } else if (!row.told().isEmpty()) {
                measured.add(row.what() + ": " + row.told());
            }
        }
        return new Table(
                name,
                (int) Report.count(rows, Report.Verdict.PASSED),
                (int) Report.count(rows, Report.Verdict.FAILED),
                (int) Report.count(rows, Report.Verdict.SKIPPED),
                measured,
                others);
    }

    private static Path file(Path folder, String part) {
        return folder.resolve(part + ".json");
    }

    /** Reads what a folder has of these parts; those that never ran are left out. */
    static List<PartResult> read(Path folder, Iterable<String> parts) throws IOException {
        List<PartResult> results = new ArrayList<>();
        for (String part : parts) {
            Path file = file(folder, part);
            if (Files.exists(file)) {
                try {
                    results.add(MAPPER.readValue(Files.readString(file), PartResult.class));
                } catch (JsonProcessingException e) {
                    throw new IOException(file + " is not what --write writes: " + e.getOriginalMessage(), e);
                }
            }
        }
        return results;
    }

    /** Puts it in the place of what the folder had of this part. */
    void write(Path folder) throws IOException {
        Files.writeString(file(folder, part), MAPPER.writeValueAsString(this) + "\n");
    }
}
