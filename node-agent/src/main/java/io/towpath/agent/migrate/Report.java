package io.towpath.agent.migrate;

import java.util.List;

/**
 * What was done on a node, or would be.
 *
 * @param parts what was removed, put aside, put back and taken over
 * @param notes what follows, one sentence each
 */
public record Report(List<Part> parts, List<String> notes) {
    public Report {
        parts = List.copyOf(parts);
        notes = List.copyOf(notes);
    }
}
