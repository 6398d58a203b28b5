package io.towpath.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An image in the form that {@code docker save} gives and {@code ctr images import} takes, made without an engine: one layer with
 * the files that are named here. A program brings the libraries that it is linked with.
 */
public final class ImageArchive {
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+\\.so\\S*)");

    private final List<String> names = new ArrayList<>();
    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, String> links = new LinkedHashMap<>();
    private List<String> entrypoint = List.of();
    private List<String> command = List.of();

    private ImageArchive(String name) {
        names.add(name);
    }

    /** An image without any file yet; its name has a tag, as in pods. */
    public static ImageArchive named(String name) {
        return new ImageArchive(name);
    }

    /** Further names of the same image. */
    public ImageArchive alsoNamed(List<String> more) {
        names.addAll(more);
        return this;
    }

    /** The program that a container runs, with its arguments. */
    public ImageArchive entrypoint(String... words) {
        entrypoint = List.of(words);
        return this;
    }

    /** The arguments that a container may replace. */
    public ImageArchive command(String... words) {
        command = List.of(words);
        return this;
    }

    /** A file of this machine, and what it is linked with. */
    public ImageArchive file(Path source, String target) {
        files.put(target, source);
        Matcher matcher =
                LIBRARY.matcher(Command.of("ldd", source.toString()).run().out());
        while (matcher.find()) {
            files.put(matcher.group(1), Path.of(matcher.group(1)));
        }
        return this;
    }

    /** A file with this text, which everybody may read and run. */
    public ImageArchive text(String target, String content) {
        texts.put(target, content);
        return this;
    }

    /** The static busybox, under the names of all its commands that no other file has taken. */
    public ImageArchive busybox() {
        Path busybox = busyboxFile();
        file(busybox, "/bin/busybox");
        Command.of(busybox.toString(), "--list")
                .run()
                .succeeded()
                .out()
                .lines()
                .forEach(each -> links.put("/bin/" + each, "/bin/busybox"));
        return this;
    }

    private static Path busyboxFile() {
        for (String place : new String[] {"/usr/bin/busybox", "/bin/busybox"}) {
            Path path = Path.of(place);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new AssertionError("no busybox: apt-get install busybox-static");
    }

    /** Writes the archive; the folder beside it that it is made in is left to whoever removes that. */
    public Path write(Path archive) throws IOException {
        Path folder = Files.createTempDirectory(Objects.requireNonNull(archive.getParent()), "image");
        Path root = folder.resolve("root");
        for (String each : List.of("bin", "etc", "tmp", "proc", "sys", "dev", "var/tmp", "usr/bin")) {
            Files.createDirectories(root.resolve(each));
        }
        texts.putIfAbsent("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        texts.putIfAbsent("/etc/group", "root:x:0:\n");
        lay(root);
        Command.of("chmod", "1777", root.resolve("tmp").toString()).run().succeeded();
        Path layer = folder.resolve("layer.tar");
        tar(root, layer, ".");
        Files.writeString(folder.resolve("config.json"), """
                {"architecture": "%s", "os": "linux",
                 "config": {"Entrypoint": %s, "Cmd": %s, "WorkingDir": "/",
                            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/sbin:/"]},
                 "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}
                """.formatted(
                        architecture(), Json.texts(entrypoint), Json.texts(command), sha256(layer)));
        Files.writeString(
                folder.resolve("manifest.json"),
                "[{\"Config\": \"config.json\", \"RepoTags\": " + Json.texts(names)
                        + ", \"Layers\": [\"layer.tar\"]}]");
        tar(folder, archive, "manifest.json", "config.json", "layer.tar");
        return archive;
    }

    /** Lays its files into a folder, which becomes a root file system. */
    void lay(Path root) throws IOException {
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Path target = made(root, file.getKey());
            Files.copy(
                    file.getValue().toRealPath(),
                    target,
                    StandardCopyOption.COPY_ATTRIBUTES,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        for (Map.Entry<String, String> text : texts.entrySet()) {
            Path target = Files.writeString(made(root, text.getKey()), text.getValue());
            target.toFile().setExecutable(true, false);
        }
        for (Map.Entry<String, String> link : links.entrySet()) {
            Path target = made(root, link.getKey());
            if (!Files.exists(target)) {
                Files.createSymbolicLink(target, Path.of(link.getValue()));
            }
        }
    }

    private static Path made(Path root, String target) throws IOException {
        Path path = root.resolve(target.substring(1));
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        return path;
    }

    private static void tar(Path from, Path to, String... members) {
        List<String> words =
                new ArrayList<>(List.of("tar", "--owner=0", "--group=0", "-cf", to.toString(), "-C" + from));
        words.addAll(List.of(members));
        Command.of(words.toArray(String[]::new)).run().succeeded();
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
