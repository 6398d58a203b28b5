package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The control groups of a lab, by one path below every tree: version 2 has one tree, version 1 one for each controller. */
public final class Cgroups {
    private static final Path ALL = Path.of("/sys/fs/cgroup");
    private static final int DEEPEST = 12;

    private Cgroups() {}

    /** Makes the group in every tree; in version 2 with the controllers that its parents have. */
    public static void create(String path) {
        try {
            for (Path tree : trees()) {
                Path group = tree;
                for (Path part : Path.of(path)) {
                    delegate(group);
                    group = group.resolve(part);
                    Files.createDirectories(group);
                    inherit(tree, group);
                }
                delegate(group);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Version 2: what is below may use what is here. */
    private static void delegate(Path group) throws IOException {
        Path controllers = group.resolve("cgroup.controllers");
        if (Files.exists(controllers)) {
            for (String controller : Files.readString(controllers).trim().split(" ", -1)) {
                if (!controller.isEmpty()) {
                    Files.writeString(group.resolve("cgroup.subtree_control"), "+" + controller);
                }
            }
        }
    }

    /** Version 1: a new group of cpuset has neither processors nor memory. */
    private static void inherit(Path tree, Path group) throws IOException {
        if (String.valueOf(tree.getFileName()).equals("cpuset")) {
            for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
                Files.writeString(group.resolve(file), Files.readString(tree.resolve(file)));
            }
        }
    }

    /** Ends all that is in the group or below it, and removes it; nothing happens where it is not. */
    public static void remove(String path) throws IOException {
        Await.until(
                "no process is in " + path,
                Duration.ofMinutes(1),
                Duration.ofMillis(20),
                () -> {
                    List<Long> left = processes(path);
                    left.forEach(Libc::kill);
                    return left.isEmpty();
                },
                () -> "");
        for (Path tree : trees()) {
            for (Path group : below(tree.resolve(path))) {
                Files.deleteIfExists(group);
            }
        }
    }

    /** The processes in the group or below it. */
    public static List<Long> processes(String path) {
        List<Long> all = new ArrayList<>();
        for (Path tree : trees()) {
            for (Path group : below(tree.resolve(path))) {
                try (Stream<String> lines = Files.lines(group.resolve("cgroup.procs"))) {
                    lines.map(Long::valueOf).filter(pid -> pid > 0).forEach(all::add);
                } catch (IOException | UncheckedIOException _) {
                    // the group is gone meanwhile
                }
            }
        }
        return all.stream().distinct().toList();
    }

    /**
     * The memory of a group, in bytes.
     *
     * @param most what it has needed at most; 0 where the kernel does not tell
     * @param limit what it may have
     */
    public record Memory(long most, long limit) {}

    /** The memory of a group, which is found by its name: that of a container's is the container's ID. */
    public static Memory memory(String name) {
        Path group = memoryGroup(name);
        return new Memory(
                Math.max(number(group.resolve("memory.max_usage_in_bytes")), number(group.resolve("memory.peak"))),
                Math.max(number(group.resolve("memory.limit_in_bytes")), number(group.resolve("memory.max"))));
    }

    private static Path memoryGroup(String name) {
        List<Path> trees = trees();
        Path tree = trees.size() == 1 ? trees.getFirst() : ALL.resolve("memory");
        try (Stream<Path> groups = Files.find(
                tree, DEEPEST, (path, _) -> String.valueOf(path.getFileName()).equals(name))) {
            return groups.findFirst().orElseThrow(() -> new AssertionError("no control group " + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A number that stands alone in a file: versions 1 and 2 have other files, and 0 is for those that are not there. */
    private static long number(Path file) {
        try {
            return Long.parseLong(Files.readString(file).strip());
        } catch (NoSuchFileException _) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All groups, deepest first. */
    private static List<Path> below(Path group) {
        if (!Files.isDirectory(group)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(group)) {
            return paths.filter(Files::isDirectory)
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (IOException | UncheckedIOException _) {
            return List.of(); // it goes while it is looked at
        }
    }

    /** Where groups can be made. */
    public static List<Path> trees() {
        if (Files.exists(ALL.resolve("cgroup.procs"))) {
            return List.of(ALL);
        }
        try (Stream<Path> controllers = Files.list(ALL)) {
            return controllers
                    .filter(tree -> !Files.isSymbolicLink(tree) && Files.exists(tree.resolve("cgroup.procs")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
