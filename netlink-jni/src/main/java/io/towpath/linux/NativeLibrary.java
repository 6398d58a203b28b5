package io.towpath.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Loads the C side on a JVM. A native image has it linked in, and nothing must be loaded while one is being built. */
final class NativeLibrary {
    private static final String FILE = "libtowpath_netlink.so";

    private NativeLibrary() {}

    static void load() {
        if (System.getProperty("org.graalvm.nativeimage.imagecode") == null) {
            loadFromClassPath();
        }
    }

    private static void loadFromClassPath() {
        URL resource = NativeLibrary.class.getResource(FILE);
        if (resource == null) {
            throw new UnsatisfiedLinkError(FILE + " is not on the class path beside " + NativeLibrary.class.getName());
        }
        try {
            if (resource.getProtocol().equals("file")) {
                load(Path.of(resource.toURI()));
            } else {
                loadCopy(resource);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("unpacking " + resource, e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the class path has no valid URL: " + resource, e);
        }
    }

    private static void loadCopy(URL resource) throws IOException {
        Path copy = Files.createTempFile("towpath", ".so");
        try (InputStream in = resource.openStream()) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            load(copy);
        } finally {
            Files.delete(copy);
        }
    }

    @SuppressWarnings("restricted") // the one place where native code enters the JVM
    private static void load(Path file) {
        System.load(file.toAbsolutePath().toString());
    }
}
