package io.towpath.lab.agent;

import io.towpath.lab.Command;
import io.towpath.lab.Node;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What a release's agent leaves on a node when it ends: its nftables tables and its files. In a folder of text files, with a container's ID,
 * which is another in each lab, written as {@code @0@}.
 */
record NodeLayout(Path folder) {
    private static final String TABLES = "tables.nft";

    /** That of a release, as it was recorded. */
    static NodeLayout of(String release) {
        try {
            return new NodeLayout(Path.of(Objects.requireNonNull(
                            NodeLayout.class.getResource("/layouts/" + release), "no layout of " + release)
                    .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folders of a node's files, by the names that they have here. */
    private static Map<String, Path> folders(Node node) {
        return Map.of("run", node.stateDir(), "cache", node.cacheDir());
    }

    /** Writes down what is on a node whose agent has ended. */
    void record(Node node, List<Pod> pods) throws IOException {
        Files.createDirectories(folder);
        StringBuilder tables = new StringBuilder();
        for (String table : tables(node)) {
            tables.append(node.namespace().run("nft", "list", "table " + table)).append('\n');
        }
        String text = tables.toString();
        for (int i = 0; i < pods.size(); i++) {
            text = text.replace(pods.get(i).containerId(), "@" + i + "@");
        }
        Files.writeString(folder.resolve(TABLES), text);
        Files.copy(node.subnetEnv(), folder.resolve("subnet.env"));
        for (Map.Entry<String, Path> each : folders(node).entrySet()) {
            Path target = Files.createDirectories(folder.resolve(each.getKey()));
            for (Path file : files(each.getValue())) {
                Files.copy(file, target.resolve(each.getValue().relativize(file)));
            }
        }
    }

    /** Puts it in the place of what an agent has left on a node, whose pods are those that were there. */
    void restore(Node node, List<Pod> pods) throws IOException {
        String text = Files.readString(folder.resolve(TABLES));
        for (int i = 0; i < pods.size(); i++) {
            text = text.replace("@" + i + "@", pods.get(i).containerId());
        }
        Path tables = node.folder().resolve(TABLES);
        Files.writeString(tables, text);
        node.namespace().run("nft", "flush ruleset");
        node.namespace()
                .inside(Command.of("nft", "-f", tables.toString()))
                .run()
                .succeeded();
        Files.delete(tables);
        Files.writeString(node.subnetEnv(), Files.readString(folder.resolve("subnet.env")));
        for (Map.Entry<String, Path> each : folders(node).entrySet()) {
            for (Path file : files(each.getValue())) {
                Files.delete(file);
            }
            Path source = folder.resolve(each.getKey());
            for (Path file : files(source)) {
                Files.copy(file, each.getValue().resolve(source.relativize(file).toString()));
            }
        }
    }

    /** The tables of Towpath on a node, as {@code nft} names them. */
    static List<String> tables(Node node) {
        return node.namespace()
                .run("nft", "list", "tables")
                .lines()
                .map(line -> line.replaceFirst("^table ", ""))
                .filter(table -> table.contains("towpath-"))
                .toList();
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file ->
                            Files.isRegularFile(file) && !file.toString().endsWith(".lock"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
