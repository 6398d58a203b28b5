package io.towpath.agent.migrate;

import java.util.Collection;
import java.util.List;

/**
 * A part of what was removed, or would be.
 *
 * @param place what it was in, such as {@code "iptables-legacy nat"}
 * @param names what it was, each by its name
 */
public record Part(String place, List<String> names) {
    public Part {
        names = List.copyOf(names);
    }

    static void add(List<Part> parts, String place, Collection<String> names) {
        if (!names.isEmpty()) {
            parts.add(new Part(place, List.copyOf(names)));
        }
    }
}
