package io.towpath.lab.kubernetes;

import io.towpath.lab.ImageArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The shipped Dockerfile, as far as it says what is in the image: the last stage's {@code COPY --from=build} lines name files of the
 * build's tree, and its {@code CMD} what is run. Its base is busybox.
 */
record Dockerfile(List<String[]> files, List<String> command) {
    private static final String BUILD_TREE = "/towpath/";

    /** Reads it. */
    static Dockerfile shipped(Path root) throws IOException {
        List<String> lines = Files.readAllLines(root.resolve("Dockerfile"));
        List<String[]> files = new ArrayList<>();
        List<String> command = new ArrayList<>();
        String base = "";
        for (String line : lines) {
            String[] words = line.strip().split("\\s+", -1);
            switch (words[0]) {
                case "FROM" -> {
                    base = words[1];
                    files.clear();
                    command.clear();
                }
                case "COPY" -> {
                    if (words.length != 4 || !words[2].startsWith(BUILD_TREE)) {
                        // stages before the last copy other things, and are forgotten at the next FROM
                        files.add(new String[] {line, ""});
                    } else {
                        files.add(new String[] {words[2].substring(BUILD_TREE.length()), words[3]});
                    }
                }
                case "CMD" -> {
                    for (String word : line.substring("CMD".length())
                            .strip()
                            .replaceAll("[\\[\\]\",]", " ")
                            .strip()
                            .split("\\s+", -1)) {
                        command.add(word);
                    }
                }
                default -> {}
            }
        }
        if (!base.startsWith("busybox:")) {
            throw new AssertionError("the image's base is " + base + ", which the lab cannot make: it makes busybox");
        }
        return new Dockerfile(List.copyOf(files), List.copyOf(command));
    }

    /** The image with these files, from a tree that was built. */
    ImageArchive image(String name, Path root) {
        ImageArchive image = ImageArchive.named(name).command(command.toArray(String[]::new));
        for (String[] file : files) {
            if (file[1].isEmpty()) {
                throw new AssertionError("not understood in the Dockerfile's last stage: " + file[0]);
            }
            image.file(root.resolve(file[0]), file[1]);
        }
        return image.busybox();
    }
}
