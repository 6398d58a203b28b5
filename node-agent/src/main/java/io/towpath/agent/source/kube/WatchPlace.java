package io.towpath.agent.source.kube;

import java.math.BigInteger;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * How far a watch is, by the API's versions, and whether the API is that far: one whose etcd was restored from an older state would say nothing
 * of what is no longer so. Of the connection's thread alone.
 */
final class WatchPlace {
    private @Nullable String version;
    private boolean isDoubtful;

    /** Where to go on from; null if all are to be listed. */
    @Nullable
    String version() {
        return version;
    }

    /** A version is reached. */
    void reached(String now) {
        version = now;
    }

    /** All have been listed. */
    void listed(String at) {
        version = at;
        isDoubtful = false;
    }

    /** All are to be listed. */
    void forget() {
        version = null;
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

    /** Whether an API that has reached a version has gone back. Versions are numbers that only grow, as Kubernetes promises since 1.35; of others nothing is known. */
    boolean isBeyond(String reached) {
        String known = version;
        try {
            return known != null && new BigInteger(reached).compareTo(new BigInteger(known)) < 0;
        } catch (NumberFormatException _) {
            return false;
        }
    }
}
