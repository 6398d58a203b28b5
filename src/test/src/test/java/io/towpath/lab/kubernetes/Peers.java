package io.towpath.lab.kubernetes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The real programs of a cluster; scripts/lib/peers.sh builds them. */
record Peers(List<Path> folders) {
    /** Where the property {@code towpath.peers} says, which has folders as PATH has them. */
    static Peers built() {
        String property = System.getProperty("towpath.peers", "");
        if (property.isEmpty()) {
            throw new IllegalStateException("towpath.peers is not set: run scripts/conformance, which builds them");
        }
        return new Peers(Arrays.stream(property.split(":", -1)).map(Path::of).toList());
    }

    /** The file of a program, or one that was laid beside it. */
    Path file(String program) {
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
