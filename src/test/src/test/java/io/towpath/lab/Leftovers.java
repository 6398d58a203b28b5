package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Remembers what is on the machine; {@link #close} fails if there is more of ours then. */
final class Leftovers implements AutoCloseable {
    private final Set<String> before = look();

    @Override
    public void close() {
        // A killed process is gone for its parent before it is gone from the table.
        Await.until("nothing is left of the lab", () -> left().isEmpty(), (Supplier<String>) () -> "left: " + left());
    }

    private List<String> left() {
        List<String> more = new ArrayList<>(look());
        more.removeAll(before);
        return more;
    }

    private static Set<String> look() {
        Set<String> seen = new TreeSet<>();
        String own = Lab.PREFIX + ProcessHandle.current().pid() + "-";
        try {
            for (Path path : Lab.namespacesWith(own)) {
                seen.add("namespace " + path);
            }
            try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
                files.filter(path -> String.valueOf(path.getFileName()).startsWith(own))
                        .forEach(path -> seen.add("folder " + path));
            }
            addProcesses(seen, own);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        for (String point : Mounts.points()) {
            if (point.contains(own)) {
                seen.add("mount " + point);
            }
        }
        for (JsonNode link :
                Json.read(Command.of("ip", "-j", "link").run().succeeded().out())) {
            String name = link.path("ifname").asText();
            if (name.startsWith("cali") || name.startsWith("flannel") || name.startsWith("veth")) {
                seen.add("link " + name);
            }
        }
        return seen;
    }

    /** Children of this process, and whoever has a folder or namespace of a lab in its command line or is inside one. */
    private static void addProcesses(Set<String> seen, String own) {
        Stream.concat(ProcessHandle.current().descendants().map(ProcessHandle::pid), Processes.naming(own).stream())
                .forEach(pid -> seen.add("process " + pid + " " + Processes.commandLine(pid)));
    }
}
