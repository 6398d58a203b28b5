package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * What the API has told last, whatever the kind: all kinds have their versions of one etcd, so that the busiest bears witness for those that
 * hardly change. Of the connection's thread alone.
 */
final class History {
    private @Nullable Witness last;

    /**
     * An event of a watch was taken.
     *
     * @param path that is watched
     */
    void told(String path, JsonNode event) {
        Witness witness = Witness.of(path, event);
        if (witness != null) {
            last = witness;
        }
    }

    /** The last event; null if none came since something was listed. */
    @Nullable
    Witness last() {
        return last;
    }

    /** Something is listed anew, of what may be another history. */
    void forget() {
        last = null;
    }
}
