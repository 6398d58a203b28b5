package io.towpath.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Labs of processes that were killed and could not clean up: nobody else will. */
public final class DeadLabs {
    private static final Pattern ID = Pattern.compile("(" + Lab.PREFIX + "(\\d{1,9})-\\d+?)(?:\\D.*|\\d{8,}.*)?");

    private DeadLabs() {}

    /** Ends their processes, and removes their namespaces, control groups, mounts and folders. */
    public static void remove() throws IOException {
        for (String id : found()) {
            endProcesses(id);
            Lab.removeNamespaces(id + "-");
            Cgroups.remove(id);
            for (Path folder : folders(id)) {
                Mounts.unmountBelow(folder);
                Command.of("rm", "-rf", folder.toString()).run().succeeded();
            }
        }
    }

    /** The labs, by what they have left, whose process is no more. */
    private static Set<String> found() throws IOException {
        List<Path> places = new ArrayList<>(List.of(temporary()));
        if (Files.isDirectory(Namespace.FOLDER)) {
            places.add(Namespace.FOLDER);
        }
        places.addAll(Cgroups.trees());
        Set<String> found = new TreeSet<>();
        for (Path place : places) {
            for (String name : namesIn(place)) {
                Matcher matcher = ID.matcher(name);
                if (matcher.matches()
                        && ProcessHandle.of(Long.parseLong(matcher.group(2))).isEmpty()) {
                    found.add(matcher.group(1));
                }
            }
        }
        return found;
    }

    private static List<Path> folders(String id) throws IOException {
        List<Path> folders = new ArrayList<>();
        for (String name : namesIn(temporary())) {
            Matcher matcher = ID.matcher(name);
            if (matcher.matches() && matcher.group(1).equals(id)) {
                folders.add(temporary().resolve(name));
            }
        }
        return folders;
    }

    private static Path temporary() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    private static List<String> namesIn(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> String.valueOf(path.getFileName())).toList();
        }
    }

    /** Whoever has a folder or a namespace of the lab in the command line. */
    private static void endProcesses(String id) {
        Await.until("no process of the dead lab " + id + " is left", () -> {
            List<Long> left = Processes.naming(id);
            left.forEach(Libc::kill);
            return left.isEmpty();
        });
    }
}
