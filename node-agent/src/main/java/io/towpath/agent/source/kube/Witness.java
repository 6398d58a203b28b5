package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An event that the API has told. From the version before it the API tells it again, whatever has become of the object since, unless the API's
 * history is another one by now: then it has something else at that version, or nothing.
 *
 * @param path of the list that has the object
 * @param namespace empty for an object that is in none
 * @param version that the event led to
 */
record Witness(String path, String namespace, String name, BigInteger version) {
    /** A server tells at once what it remembers. */
    static final Duration SILENCE = Duration.ofSeconds(5);

    /** For a server that does not even end the watch. */
    private static final Duration LIMIT = SILENCE.multipliedBy(6);

    /** What became of a question for the event. */
    enum Answer {
        TOLD,
        /** Another event, or none. */
        NOT_TOLD,
        /** The server does not remember what was then, or may not tell it. */
        UNKNOWN
    }

    /**
     * What bears witness to an event of a watch.
     *
     * @return null for a bookmark, which is about no object, and where versions are no numbers
     */
    static @Nullable Witness of(String path, JsonNode event) {
        JsonNode metadata = event.path("object").path("metadata");
        BigInteger version = WatchPlace.number(metadata.path("resourceVersion").asText());
        return version == null || event.path("type").asText().equals("BOOKMARK")
                ? null
                : new Witness(
                        path,
                        metadata.path("namespace").asText(),
                        metadata.path("name").asText(),
                        version);
    }

    /**
     * Asks for the event once more, by a watch of this one object.
     *
     * @return fails if there is no answer, or one that says to come again
     */
    CompletableFuture<Answer> ask(ApiCalls by, ApiConnection connection) {
        Question question = new Question(System.nanoTime());
        String object = (namespace.isEmpty() ? "" : "metadata.namespace=" + namespace + ",") + "metadata.name=" + name;
        EventStream stream = by.watch(
                path + "?watch=true&resourceVersion=" + version.subtract(BigInteger.ONE) + "&fieldSelector="
                        + ApiCalls.encoded(object) + "&timeoutSeconds=" + SILENCE.toSeconds(),
                connection::run,
                question);
        connection.run(question::expire, LIMIT);
        return question.answer.whenComplete((_, _) -> stream.cancel());
    }

    @Override
    public String toString() {
        return path + " " + (namespace.isEmpty() ? "" : namespace + "/") + name + " " + version;
    }

    private final class Question implements EventStream.Listener {
        private final CompletableFuture<Answer> answer = new CompletableFuture<>();
        private final long begin;

        /** @param begin when it is asked, by {@link System#nanoTime} */
        Question(long begin) {
            this.begin = begin;
        }

        @Override
        public void opened() {
            // What counts is what it tells.
        }

        @Override
        public void event(JsonNode event) {
            JsonNode object = event.path("object");
            if (event.path("type").asText().equals("ERROR")) {
                refused(ApiCalls.refusal(object));
            } else if (!object.path("metadata").path("name").asText().equals(name)) {
                answer.complete(Answer.UNKNOWN); // not of the API
            } else {
                Witness told = of(path, event);
                answer.complete(told != null && told.version.equals(version) ? Answer.TOLD : Answer.NOT_TOLD);
            }
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            ApiRefusal refusal = Failures.refusal(failure);
            if (refusal != null) {
                refused(refusal);
            } else if (failure != null) {
                answer.completeExceptionally(failure);
            } else if (System.nanoTime() - begin < SILENCE.toNanos()) {
                answer.completeExceptionally(new IOException("a watch ended before its time"));
            } else {
                answer.complete(Answer.NOT_TOLD);
            }
        }

        private void refused(ApiRefusal refusal) {
            if (Waits.isBusy(refusal)) {
                answer.completeExceptionally(refusal);
            } else {
                answer.complete(Answer.UNKNOWN);
            }
        }

        void expire() {
            answer.completeExceptionally(new IOException("no end of a watch within " + LIMIT.toSeconds() + " s"));
        }
    }
}
