package io.towpath.overlay;

import java.util.List;

/**
 * What {@link Overlay#ensure} found.
 *
 * @param outcome how the overlay stands now
 * @param warnings what an operator should mend though the overlay stands, one line each
 */
public record Ensured(Outcome outcome, List<String> warnings) {
    /** How an overlay stands. */
    public enum Outcome {
        /** It stood. */
        STOOD,
        /** It did not stand, or the cluster file was new: it was synced. */
        SYNCED,
        /** There is no cluster file and none was known: somebody else, such as flanneld, looks after the overlay if there is one. */
        NOT_OURS
    }

    public Ensured {
        warnings = List.copyOf(warnings);
    }
}
