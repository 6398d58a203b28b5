package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The folder in which the leases of one network are, seen as the reference plugin sees it: a file per address with container
 * ID and interface, {@code lock}, {@code last_reserved_ip.N}.
 */
public record Leases(Path folder) {
    private static final String LEASE = "[0-9a-f]*[.:][0-9a-f.:]*";
    private static final String LAST = "last_reserved_ip.";

    /** Address to content, for every file that is a lease by the reference's rules. */
    public Map<String, String> all() {
        Map<String, String> leases = new TreeMap<>();
        for (Path file : list(folder)) {
            String name = String.valueOf(file.getFileName());
            if (name.matches(LEASE)) {
                leases.put(name, read(file));
            }
        }
        return leases;
    }

    /** What the address's lease says, an empty text if there is none. */
    public String of(String address) {
        return all().getOrDefault(address, "");
    }

    /** The content that a lease of this attachment has. */
    public static String content(String containerId, String ifName) {
        return containerId + "\r\n" + ifName;
    }

    /** The address that was given out last from a set of ranges. */
    public String last(int rangeSet) {
        return read(folder.resolve(LAST + rangeSet));
    }

    /** Writes a lease by hand. */
    public void write(String address, String content) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(address), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes a lease away by hand. */
    public void remove(String address) {
        try {
            Files.delete(folder.resolve(address));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fails if there is any lease, or any file that neither the reference plugin nor ours keeps between calls. */
    public void assertEmptyButIndex() {
        Map<String, String> leases = all();
        if (!leases.isEmpty()) {
            throw new AssertionError("leases left: " + leases);
        }
        assertTidy();
    }

    /** As {@link #assertEmpty}, and nothing in Towpath's index either: as it is after a call of Towpath's own. */
    public void assertEmpty() {
        assertEmptyButIndex();
        for (Path file : list(folder.resolveSibling(".towpath").resolve(String.valueOf(folder.getFileName())))) {
            if (!String.valueOf(file.getFileName()).startsWith(".")) {
                throw new AssertionError("left in the index: " + file);
            }
        }
    }

    /** Fails if there is a file that is left of an interrupted call. */
    public void assertTidy() {
        for (Path file : list(folder)) {
            String name = String.valueOf(file.getFileName());
            if (!name.matches(LEASE) && !name.equals("lock") && !name.startsWith(LAST)) {
                throw new AssertionError("neither a lease nor known: " + file);
            }
        }
    }

    private static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (java.nio.file.NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
