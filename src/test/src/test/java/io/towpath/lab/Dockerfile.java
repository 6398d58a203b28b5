package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The shipped Dockerfile, as far as it says what is in the image: the last stage's {@code COPY --from=build} lines name files of the
 * project's folder, once it is built, and its {@code CMD} what is run. Its base is busybox.
 */
public record Dockerfile(List<Copy> copies, List<String> command) {
    private static final String BUILD_TREE = "/towpath/";

    /** A file of the project's, and where the image has it. */
    public record Copy(Path source, String target) {}

    /** That of the project which is under test. */
    public static Dockerfile shipped() {
        return in(project());
    }

    /** That in a project's folder. */
    public static Dockerfile in(Path project) {
        List<String> lastStage = new ArrayList<>();
        String base = "";
        for (String line : lines(project.resolve("Dockerfile"))) {
            if (line.startsWith("FROM ")) {
                base = words(line)[1];
                lastStage.clear();
            }
            lastStage.add(line);
        }
        if (!base.startsWith("busybox:")) {
            throw new AssertionError("the image's base is " + base + ", which the lab cannot make: it makes busybox");
        }
        List<Copy> copies = new ArrayList<>();
        List<String> command = new ArrayList<>();
        for (String line : lastStage) {
            String[] words = words(line);
            switch (words[0]) {
                case "COPY" -> {
                    if (words.length != 4 || !words[2].startsWith(BUILD_TREE)) {
                        throw new AssertionError("not understood in the Dockerfile's last stage: " + line);
                    }
                    copies.add(new Copy(project.resolve(words[2].substring(BUILD_TREE.length())), words[3]));
                }
                case "CMD" -> Json.read(line.substring("CMD".length())).forEach(word -> command.add(word.asText()));
                default -> {}
            }
        }
        return new Dockerfile(List.copyOf(copies), List.copyOf(command));
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] words(String line) {
        return line.strip().split("\\s+", -1);
    }

    /** The folder of the project that is under test. */
    public static Path project() {
        return Manifest.file().toAbsolutePath().normalize().resolve("../../..").normalize();
    }

    /** Whether all files of the image are there: the executables may not have been built. */
    public static boolean isBuilt() {
        return shipped().copies().stream().allMatch(copy -> Files.isReadable(copy.source()));
    }

    /** The file that the image has at a path. */
    public Path source(String target) {
        return copies.stream()
                .filter(copy -> copy.target().equals(target))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the image has no " + target))
                .source();
    }

    /** The image with these files. */
    public ImageArchive image(String name) {
        ImageArchive image = ImageArchive.named(name).command(command.toArray(String[]::new));
        copies.forEach(copy -> image.file(copy.source(), copy.target()));
        return image.busybox();
    }
}
