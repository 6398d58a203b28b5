package io.towpath.agent.debug;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What helps somebody else to see what is wrong with a node: an archive of texts, without secrets. */
public final class Dump {
    private static final String PROBLEMS = "problems.txt";

    private final Map<String, Source> sources = new LinkedHashMap<>();

    /** Where a text comes from. */
    public interface Source {
        /** The text; what is thrown is told in its place. */
        String read() throws Exception;
    }

    /** A dump of what an operator's commands add, and of the kernel's state. */
    public Dump() {
        KernelState.texts().forEach(this::add);
    }

    /** Adds a text under a name. */
    public void add(String name, Source source) {
        sources.put(name, source);
    }

    /**
     * Writes the archive.
     *
     * @return what could not be read, a line each
     * @throws IOException if it could not be written
     */
    public List<String> write(OutputStream to, Instant now) throws IOException {
        List<String> problems = new ArrayList<>();
        try (Archive archive = new Archive(to, now)) {
            for (Map.Entry<String, Source> each : sources.entrySet()) {
                String text;
                try {
                    text = each.getValue().read();
                } catch (Exception e) {
                    String why = e.getMessage() == null ? e.toString() : e.getMessage();
                    problems.add(each.getKey() + ": " + Secrets.without(why));
                    continue;
                }
                archive.add("towpath/" + each.getKey(), Secrets.without(text));
            }
            archive.add("towpath/" + PROBLEMS, String.join("\n", problems) + "\n");
        }
        return problems;
    }
}
