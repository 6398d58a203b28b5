package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Command;
import io.towpath.lab.Dockerfile;
import io.towpath.lab.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** There is one version, the one of the project's pom: whatever else tells one tells the same. */
class VersionTest {
    private static final Path PROJECT = Dockerfile.project();
    private static final String SNAPSHOT = "-SNAPSHOT";

    private final String version =
            found(PROJECT.resolve("pom.xml"), "<artifactId>towpath-parent</artifactId>\\s*<version>([^<]+)<");

    /** As a release has it, which is what an image is tagged with. */
    private final String release = version.replace(SNAPSHOT, "");

    VersionTest() throws IOException {}

    private static String found(Path file, String regex) throws IOException {
        Matcher matcher = Pattern.compile(regex).matcher(Files.readString(file));
        assertTrue(matcher.find(), file + " has no " + regex);
        return matcher.group(1);
    }

    @Test
    void imagesOfTheManifestAreOfThisRelease() {
        JsonNode containers = Manifest.pod().path("containers");
        assertEquals(2, containers.size());
        for (JsonNode container : containers) {
            String image = container.path("image").asText();
            assertEquals(release, image.substring(image.lastIndexOf(':') + 1), image);
        }
    }

    /** They may have been built before the version was changed: then they are to be built again. */
    @ParameterizedTest
    @ValueSource(strings = {"/opt/towpath/towpath", "/usr/local/bin/towpath-node"})
    void executablesOfTheImageTellIt(String file) {
        Path executable = Dockerfile.shipped().source(file);
        assumeTrue(Files.isExecutable(executable), executable + " is not built");
        String told =
                Command.of(executable.toString(), "--version").run().succeeded().out();
        assertEquals(executable.getFileName() + " v" + version, told.strip());
    }

    @Test
    void theChangelogBeginsWithIt() throws IOException {
        String heading = found(PROJECT.resolve("CHANGELOG.md"), "(?m)^## (.+)$");
        assertEquals((version.endsWith(SNAPSHOT) ? "Unreleased " : "") + release, heading.replaceFirst(" \\(.*", ""));
    }

    @Test
    void thePageOfHowAReleaseIsTriedWithKrewNamesIt() throws IOException {
        assertEquals(release, found(PROJECT.resolve("conf/README.md"), "(?m)^tag=v(.+)$"));
    }
}
