package io.towpath.agent.source.kube;

import java.math.BigInteger;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * How far a watch is, by the API's versions, and whether the API's history still has what was told up to there: one whose etcd was restored from
 * an older state would say nothing of what is no longer so. Versions are numbers that only grow, as Kubernetes promises since 1.35; of others
 * nothing is known. Of the connection's thread alone.
 */
final class WatchPlace {
    private @Nullable String version;
    private @Nullable BigInteger listed;
    private @Nullable Witness witness;
    private boolean isDoubtful;

    /** Where to go on from; null if all are to be listed. */
    @Nullable
    String version() {
        return version;
    }

    /**
     * A version is reached.
     *
     * @param last what the API has told last until then, of whatever kind
     */
    void reached(String now, @Nullable Witness last) {
        version = now;
        if (last != null && (witness == null || last.version().compareTo(witness.version()) > 0)) {
            witness = last;
        }
    }

    /** All have been listed. */
    void listed(String at) {
        version = at;
        listed = number(at);
        witness = null;
        isDoubtful = false;
    }

    /** All are to be listed. */
    void forget() {
        version = null;
        witness = null;
    }

    /** Whether the watch ended before its time, so that the API may be another one by now. */
    boolean isDoubtful() {
        return isDoubtful;
    }

    void doubt(boolean now) {
        isDoubtful = now;
    }

    /** Asks which version the API has reached. */
    static CompletableFuture<String> ask(ApiCalls by, String path) {
        return by.metadata(path + "?limit=1")
                .thenApply(answer ->
                        answer.path("metadata").path("resourceVersion").asText());
    }

    /** Whether an API that has reached a version has gone back. */
    boolean isBeyond(String reached) {
        BigInteger known = number(version);
        BigInteger now = number(reached);
        return known != null && now != null && now.compareTo(known) < 0;
    }

    /**
     * What the API can be asked for to find out whether its history is the same. It is as new as all that was told of these objects.
     *
     * @return null if nothing was told since they were listed: the list may lack what was deleted before it, and is to be again
     */
    @Nullable
    Witness witness() {
        BigInteger at = listed;
        Witness known = witness;
        return known == null || at == null || known.version().compareTo(at) < 0 ? null : known;
    }

    /** The history is the same up to the witness, and the place is sure that far: nothing was told of these objects after it. */
    void confirm() {
        BigInteger known = number(version);
        if (witness != null && known != null && known.compareTo(witness.version()) > 0) {
            version = witness.version().toString();
        }
        isDoubtful = false;
    }

    /** A version as a number; null if it is none. */
    static @Nullable BigInteger number(@Nullable String version) {
        try {
            return version == null ? null : new BigInteger(version);
        } catch (NumberFormatException _) {
            return null;
        }
    }
}
