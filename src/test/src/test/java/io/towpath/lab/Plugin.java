package io.towpath.lab;

import java.nio.file.Files;
import java.nio.file.Path;

/** The executables that serve as CNI plugins here. */
public final class Plugin {
    private static final Path REFERENCE_FOLDER = Path.of("/usr/lib/cni");

    private Plugin() {}

    /** The executable under test: the system property {@code towpath.executable}, by default the one just built. */
    public static Path towpath() {
        String configured = System.getProperty("towpath.executable", "../../cni-plugin/target/towpath");
        Path path = Path.of(configured).toAbsolutePath().normalize();
        if (!Files.isExecutable(path)) {
            throw new AssertionError("there is no executable " + path
                    + ": build it with \"mvn package\" in the project's root, or name another with"
                    + " -Dtowpath.executable=/path/to/towpath");
        }
        return path;
    }

    /** One of the reference plugins, from Debian's package containernetworking-plugins. */
    public static Path reference(String name) {
        Path path = REFERENCE_FOLDER.resolve(name);
        if (!Files.isExecutable(path)) {
            throw new AssertionError("there is no " + path + ": apt-get install containernetworking-plugins");
        }
        return path;
    }
}
