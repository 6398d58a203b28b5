package io.towpath.lab.kubernetes;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** The real programs of a cluster; scripts/lib/peers.sh builds them. */
public record Peers(List<Path> folders) {
    /** Where the property {@code towpath.peers} says, which has folders as PATH has them. */
    static Peers built() {
        String property = System.getProperty("towpath.peers", "");
        if (property.isEmpty()) {
            throw new IllegalStateException("towpath.peers is not set: run scripts/conformance, which builds them");
        }
        return new Peers(Arrays.stream(property.split(":", -1)).map(Path::of).toList());
    }

    /** As {@link #built}; without the property, those that scripts/conformance has kept of earlier runs, the newest first. */
    public static Peers kept() {
        if (!System.getProperty("towpath.peers", "").isEmpty()) {
            return built();
        }
        String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        File[] folders = Path.of(cache, "towpath", "peers").toFile().listFiles(File::isDirectory);
        return new Peers(Arrays.stream(folders == null ? new File[0] : folders)
                .sorted(Comparator.comparingLong(File::lastModified).reversed())
                .map(File::toPath)
                .toList());
    }

    /** Whether there is a program. */
    public boolean has(String program) {
        return folders.stream().anyMatch(folder -> Files.isRegularFile(folder.resolve(program)));
    }

    /** The file of a program, or one that was laid beside it. */
    public Path file(String program) {
        for (Path folder : folders) {
            Path file = folder.resolve(program);
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        throw new IllegalStateException("no " + program + " in " + folders);
    }

    /** The same, as a word of a command. */
    String of(String program) {
        return file(program).toString();
    }

    /** For programs that start others. */
    String path() {
        StringBuilder path = new StringBuilder();
        folders.forEach(folder -> path.append(folder).append(':'));
        return path + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    }
}
