package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The image that the Dockerfile describes: by its last stage, what is copied into a busybox's. */
public final class Image {
    private static final String COPY = "COPY --from=build /towpath/";

    private Image() {}

    /** The project's root. */
    public static Path project() {
        return Manifest.file().toAbsolutePath().normalize().resolve("../../..").normalize();
    }

    /** Where the project's files are in the image, by their absolute paths there. */
    public static Map<String, Path> files() {
        try {
            List<String> lines = Files.readAllLines(project().resolve("Dockerfile"));
            Map<String, Path> files = new LinkedHashMap<>();
            for (String line : lines) {
                if (line.startsWith("FROM ")) {
                    files.clear();
                }
                if (line.startsWith(COPY)) {
                    String[] words = line.substring(COPY.length()).split(" ", -1);
                    files.put(words[1], project().resolve(words[0]));
                }
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether all of them are there: the executables may not have been built. */
    public static boolean isBuilt() {
        return files().values().stream().allMatch(Files::isReadable);
    }

    /** Writes it into a folder, which becomes a root file system. */
    public static void unpack(Path root) throws IOException {
        Path bin = Files.createDirectories(root.resolve("bin"));
        Path busybox = bin.resolve("busybox");
        Files.copy(Path.of("/bin/busybox"), busybox, StandardCopyOption.COPY_ATTRIBUTES);
        for (String program : Command.of(busybox.toString(), "--list")
                .run()
                .succeeded()
                .out()
                .lines()
                .toList()) {
            if (!program.equals("busybox")) {
                Files.createSymbolicLink(bin.resolve(program), Path.of("busybox"));
            }
        }
        for (Map.Entry<String, Path> file : files().entrySet()) {
            Path target = root.resolve(file.getKey().substring(1));
            Files.createDirectories(target.resolve(".."));
            Files.copy(file.getValue(), target, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }
}
