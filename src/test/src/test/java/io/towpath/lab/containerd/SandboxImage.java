package io.towpath.lab.containerd;

import io.towpath.lab.Command;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The image that sandboxes are made of, as a docker archive: a static busybox that serves a page by HTTP, so that a sandbox
 * without any container in it can be spoken to.
 */
final class SandboxImage {
    static final String NAME = "towpath.lab/sandbox:1";
    static final int PORT = 8080;
    static final String PAGE = "served by a sandbox";

    private SandboxImage() {}

    /** Writes the archive into a folder. */
    static Path write(Path folder) throws IOException {
        Path root = folder.resolve("layer");
        Files.createDirectories(root.resolve("bin"));
        Files.createDirectories(root.resolve("www"));
        Files.createDirectories(root.resolve("tmp"));
        Files.copy(busybox(), root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(root.resolve("www/index.html"), PAGE);
        Path layer = folder.resolve("layer.tar");
        tar(root, layer, "bin", "www", "tmp");
        Files.writeString(folder.resolve("config.json"), """
                {"architecture": "%s", "os": "linux",
                 "config": {"Entrypoint": ["/bin/busybox", "httpd", "-f", "-p", "%d", "-h", "/www"], "WorkingDir": "/"},
                 "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}
                """.formatted(architecture(), PORT, sha256(layer)));
        Files.writeString(folder.resolve("manifest.json"), """
                [{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]
                """.formatted(NAME));
        Path archive = folder.resolve("image.tar");
        tar(folder, archive, "manifest.json", "config.json", "layer.tar");
        return archive;
    }

    private static Path busybox() {
        for (String place : new String[] {"/usr/bin/busybox", "/bin/busybox"}) {
            Path path = Path.of(place);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new AssertionError("no busybox: apt-get install busybox-static");
    }

    private static void tar(Path from, Path to, String... members) {
        String[] words = new String[members.length + 6];
        System.arraycopy(
                new String[] {"tar", "--owner=0", "--group=0", "-cf", to.toString(), "-C" + from}, 0, words, 0, 6);
        System.arraycopy(members, 0, words, 6, members.length);
        Command.of(words).run().succeeded();
    }

    private static String architecture() {
        String name = System.getProperty("os.arch");
        return name.equals("aarch64") ? "arm64" : name;
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
