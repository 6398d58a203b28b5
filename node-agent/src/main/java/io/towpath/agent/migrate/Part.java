package io.towpath.agent.migrate;

import java.util.Collection;
import java.util.List;

/**
 * A part of what was done, or would be.
 *
 * @param deed what is done
 * @param place what it was in, such as {@code "iptables-legacy nat"}
 * @param names what it was, each by its name
 */
public record Part(Deed deed, String place, List<String> names) {
    public Part {
        names = List.copyOf(names);
    }

    /** Of what is removed. */
    public Part(String place, List<String> names) {
        this(Deed.REMOVE, place, names);
    }

    /** What is done with something. */
    public enum Deed {
        REMOVE("removed", "removed", "would remove"),
        /** Kept for the way back. */
        PUT_ASIDE("putAside", "put aside", "would put aside"),
        PUT_BACK("putBack", "put back", "would put back"),
        /** Leased by the network that the node goes to, to the same pods. */
        TAKE_OVER("takenOver", "took over", "would take over");

        private final String key;
        private final String done;
        private final String planned;

        Deed(String key, String done, String planned) {
            this.key = key;
            this.done = done;
            this.planned = planned;
        }

        /** Its name in JSON. */
        public String key() {
            return key;
        }

        /** As the beginning of a line. */
        public String word(boolean dryRun) {
            return dryRun ? planned : done;
        }
    }

    static void add(List<Part> parts, String place, Collection<String> names) {
        add(parts, Deed.REMOVE, place, names);
    }

    static void add(List<Part> parts, Deed deed, String place, Collection<String> names) {
        if (!names.isEmpty()) {
            parts.add(new Part(deed, place, List.copyOf(names)));
        }
    }
}
