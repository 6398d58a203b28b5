package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
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
        /** There is no answer to go by: the server does not remember what was then, may not tell it, or has trouble with that kind. */
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
     * Asks for the event once more, by a watch of this one object. What it comes to never fails: the event may be of another kind than the
     * objects that it bears witness for, and what is wrong with one kind is to keep no other from being listed.
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
            boolean isOfIt = object.path("metadata").path("name").asText().equals(name);
            if (event.path("type").asText().equals("ERROR") || !isOfIt) {
                answer.complete(Answer.UNKNOWN);
            } else {
                Witness told = of(path, event);
                answer.complete(told != null && told.version.equals(version) ? Answer.TOLD : Answer.NOT_TOLD);
            }
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            boolean isItsTime = System.nanoTime() - begin >= SILENCE.toNanos();
            answer.complete(failure == null && isItsTime ? Answer.NOT_TOLD : Answer.UNKNOWN);
        }

        void expire() {
            answer.complete(Answer.UNKNOWN);
        }
    }
}
