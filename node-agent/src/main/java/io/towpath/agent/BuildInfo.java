package io.towpath.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** What the build knows about itself; read when the executable is built, not when it runs. */
public final class BuildInfo {
    /** The project's version. */
    public static final String VERSION = read("version.txt");

    private BuildInfo() {}

    private static String read(String resource) {
        try (InputStream in = BuildInfo.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + resource + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
