package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Whether a watch can go on from where it was after its connection was lost: whether the API has reached that place, and by the same history. Two
 * small questions tell, whatever there is of the kind. Of the connection's thread alone.
 *
 * @param what the objects' name for operators, plural
 */
record HistoryCheck(String what, ApiConnection connection, Log log) {
    /**
     * Asks, and says so if the history is another one.
     *
     * @return whether the history is known to be the same; if not, all are to be listed anew. Fails if the API gives no answer
     */
    CompletableFuture<Boolean> isSame(ApiCalls by, String path, WatchPlace place) {
        Witness witness = place.witness();
        return WatchPlace.ask(by, path)
                .thenComposeAsync(
                        reached -> {
                            if (place.isBeyond(reached)) {
                                log.warn(
                                        "the API has gone back, as after a restore of etcd: the " + what
                                                + " are listed anew",
                                        "known",
                                        place.version(),
                                        "reached",
                                        reached);
                                return CompletableFuture.completedFuture(false);
                            }
                            return tellsAgain(by, witness);
                        },
                        connection::run);
    }

    private CompletableFuture<Boolean> tellsAgain(ApiCalls by, @Nullable Witness witness) {
        if (witness == null) {
            return CompletableFuture.completedFuture(false);
        }
        return witness.ask(by, connection).thenApply(answer -> {
            if (answer == Witness.Answer.NOT_TOLD) {
                log.warn(
                        "the API does not tell again what it has told, as after a restore of etcd: the " + what
                                + " are listed anew",
                        "told",
                        witness);
            }
            return answer == Witness.Answer.TOLD;
        });
    }
}
