package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Dockerfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the project's pages say of each other and of its files is so. */
class DocumentsTest {
    private static final Path PROJECT = Dockerfile.project();

    /** The target of a link, without what is behind #. */
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)[^)\\s]*\\)");

    /** Pages of the root, but for the one that has the links, and of docs. */
    private static final Pattern ROOTS = Pattern.compile("(docs/)?(?!README\\.md)[^/]+\\.md");

    /** Of docs/conformance.md, for whose folder its links are. */
    private static final Path TEMPLATE = PROJECT.resolve("docs/conformance.d/page.md");

    private static final String FENCE = "```";

    @Test
    void eachLinkLeadsToAFile() throws IOException {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            for (String target : LINK.matcher(Files.readString(page))
                    .results()
                    .map(found -> found.group(1))
                    .filter(link -> !link.contains("://"))
                    .toList()) {
                links++;
                if (!Files.exists(page.resolveSibling(target))) {
                    broken.add(PROJECT.relativize(page) + " -> " + target);
                }
            }
        }
        assertEquals(List.of(), broken);
        assertTrue(links > 10, "only " + links + " links were found");
    }

    @Test
    void aReaderOfTheRootsPageFindsEachPageOfDocs() throws IOException {
        String readme = Files.readString(PROJECT.resolve("README.md"));
        for (Path page : pages()) {
            String name = PROJECT.relativize(page).toString();
            if (ROOTS.matcher(name).matches()) {
                assertTrue(readme.contains("](" + name), name);
            }
        }
    }

    @Test
    void figuresOfTheRootsPageAreThoseOfTheBenchmarks() throws IOException {
        List<String> all = Files.readAllLines(PROJECT.resolve("docs/benchmarks.md"));
        List<String> lines = Files.readAllLines(PROJECT.resolve("README.md"));
        lines = lines.subList(lines.indexOf("## How it compares") + 1, lines.size());
        lines = lines.subList(lines.indexOf(FENCE) + 1, lines.size());
        lines = lines.subList(0, lines.indexOf(FENCE));
        assertFalse(lines.isEmpty());
        for (String line : lines) {
            assertTrue(all.contains(line), line);
        }
    }

    @Test
    void eachFindingIsInTheList() throws IOException {
        String page = Files.readString(PROJECT.resolve("findings/README.md"));
        try (Stream<Path> files = Files.list(PROJECT.resolve("findings"))) {
            files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".sh"))
                    .forEach(name -> assertTrue(page.contains("| `" + name + "` |"), name));
        }
    }

    private static List<Path> pages() {
        try (Stream<Path> files = Files.walk(PROJECT)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> !PROJECT.relativize(file).toString().contains("target/"))
                    .filter(file -> !file.equals(TEMPLATE))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
