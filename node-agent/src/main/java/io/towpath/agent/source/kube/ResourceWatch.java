package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * All objects of a kind, listed and from there on watched; they come by way of the store. A watch that is lost is taken up where
 * it was; when the API has forgotten that place (410 Gone), or what comes there cannot be taken, the list is read again. So it is when
 * the API has gone back, as one does whose etcd is restored from an older state: it would say nothing of what is no longer so. Of the
 * connection's thread alone, but for what says otherwise.
 */
final class ResourceWatch<T extends HasMetadata, L extends DefaultKubernetesResourceList<T>> {
    private final String what;
    private final Belief belief;
    private final Class<T> type;
    private final PagedList<T, L> list;
    private final ObjectStore<T> store;
    private final ApiConnection connection;
    private final Log log;
    private final Listener listener;

    private volatile boolean listed;

    private String path;
    private @Nullable ApiCalls calls;
    private @Nullable EventStream stream;
    private @Nullable String place;
    private boolean watching;
    /** Whether the watch ended before its time, so that the API may be another one by now. */
    private boolean doubtful;

    private int failures;
    private @Nullable Throwable lastFailure;
    private int looksWithoutWatch;
    /** How many watches in a row came to something that cannot be taken, without having stood for a while. */
    private int unreadable;
    /** Whether no look has found that yet: the watch may stand again before one comes. */
    private boolean isNews;
    /** For how many looks the watch has stood. */
    private int standing;

    private final Flapping flapping = new Flapping();
    /** Tells what was asked for from what is wanted now. */
    private int round;

    /** Called on the connection's thread. */
    interface Listener {
        /** The list is whole. */
        void listed();

        /**
         * The API has nothing at the path, not even an empty list.
         *
         * @return whether that is seen to elsewhere, and this is to rest until it is told to follow again
         */
        default boolean absent(ApiRefusal refusal) {
            return false;
        }
    }

    /**
     * A watch that does nothing yet.
     *
     * @param what its name for operators, plural
     * @param belief what its objects must be
     * @param path of the list in the API
     */
    ResourceWatch(
            String what,
            Belief belief,
            String path,
            Class<T> type,
            Class<L> list,
            ObjectStore<T> store,
            ApiConnection connection,
            Log log,
            Listener listener) {
        this.what = what;
        this.belief = belief;
        this.path = path;
        this.type = type;
        this.list = new PagedList<>(what, belief, list, store, connection);
        this.store = store;
        this.connection = connection;
        this.log = log;
        this.listener = listener;
    }

    /** Begins, or begins anew with a list; what is in the store stays until that says otherwise. */
    void follow(ApiCalls by) {
        stop();
        calls = by;
        place = null;
        doubtful = false;
        go();
    }

    /** As {@link #follow(ApiCalls)}, at another path. */
    void follow(ApiCalls by, String at) {
        path = at;
        follow(by);
    }

    /** Ends; what is in the store stays. */
    void stop() {
        round++;
        calls = null;
        watching = false;
        failures = 0;
        lastFailure = null;
        EventStream open = stream;
        stream = null;
        if (open != null) {
            open.cancel();
        }
    }

    /** As {@link #stop}; the list has to be read anew before it is whole. */
    void forget() {
        stop();
        listed = false;
        looksWithoutWatch = 0;
    }

    boolean isFollowed() {
        return calls != null;
    }

    /** Whether the watch stands. */
    boolean isWatching() {
        return watching;
    }

    /** Whether the list has been whole once. Any thread may ask. */
    boolean isListed() {
        return listed;
    }

    private void go() {
        ApiCalls by = calls;
        String from = place;
        if (by != null && from == null) {
            list.read(by, path, new Listing(round));
        } else if (by != null && from != null && doubtful) {
            compare(by, from);
        } else if (by != null && from != null) {
            watch(by, from);
        }
    }

    /** Looks whether the place is one that the API has reached. */
    private void compare(ApiCalls by, String from) {
        int asked = round;
        var _ = by.metadata(path + "?limit=1")
                .whenComplete((answer, failure) -> connection.run(() -> {
                    if (asked != round) {
                        return;
                    }
                    if (failure != null) {
                        failed(failure);
                        return;
                    }
                    String reached =
                            answer.path("metadata").path("resourceVersion").asText();
                    doubtful = false;
                    if (isBefore(reached, from)) {
                        log.warn(
                                "the API has gone back, as after a restore of etcd: the " + what + " are listed anew",
                                "known",
                                from,
                                "reached",
                                reached);
                        place = null;
                    }
                    go();
                }));
    }

    /** Versions are numbers that only grow, as Kubernetes promises since 1.35; of others nothing is known. */
    private static boolean isBefore(String one, String other) {
        try {
            return new BigInteger(one).compareTo(new BigInteger(other)) < 0;
        } catch (NumberFormatException _) {
            return false;
        }
    }

    private void watch(ApiCalls by, String from) {
        Duration lasts = connection.waits().watch();
        String query = "?watch=true&allowWatchBookmarks=true&resourceVersion=" + ApiCalls.encoded(from)
                + "&timeoutSeconds=" + Math.max(1, lasts.toSeconds());
        stream = by.watch(path + query, connection::run, new Events(round, System.nanoTime() + lasts.toNanos()));
    }

    private void failed(Throwable failure) {
        watching = false;
        doubtful = true;
        standing = 0;
        failures++;
        lastFailure = failure;
        ApiRefusal refusal = Failures.refusal(failure);
        if (refusal != null && refusal.isNotFound() && listener.absent(refusal)) {
            return;
        }
        if (refusal != null && refusal.isGone()) {
            place = null;
            if (failures == 1) {
                go();
                return;
            }
        }
        int asked = round;
        connection.again(failure, failures, () -> {
            if (asked == round) {
                go();
            }
        });
    }

    /** What came but cannot be taken comes again wherever the watch is taken up before it: only a list gets past it. */
    private void refused(ApiRefusal refusal) {
        if (refusal.code() == HttpURLConnection.HTTP_OK) {
            place = null;
            isNews = true;
            failures = Math.max(failures, unreadable);
            unreadable++;
        }
        failed(refusal);
    }

    /** The server ended the watch. That of many at the same moment, as it ends itself, is no reason to come back at that. */
    private void ended(long end) {
        watching = false;
        int asked = round;
        boolean itsTime = System.nanoTime() - end >= 0;
        doubtful = !itsTime;
        connection.run(
                () -> {
                    if (asked == round) {
                        go();
                    }
                },
                itsTime ? Duration.ZERO : connection.waits().lost());
    }

    private void take(ApiCalls by, String event, JsonNode json) throws JsonProcessingException {
        if (event.equals("ERROR")) {
            throw ApiCalls.refusal(json);
        }
        String version = json.path("metadata").path("resourceVersion").asText();
        if (event.equals("BOOKMARK")) {
            belief.requireBookmark(path, json);
        } else {
            belief.requireObject(path, json);
            if (!event.equals("DELETED")) {
                connection.room().require(what);
            }
            T object = by.read(json, type);
            switch (event) {
                case "ADDED", "MODIFIED" -> store.put(store.key(object), object);
                case "DELETED" -> store.remove(store.key(object));
                default -> throw new IllegalArgumentException("type " + event);
            }
        }
        place = version;
        failures = 0;
    }

    /**
     * Whether the watch stands; called now and then.
     *
     * @return for how many looks in a row it has not; 0 where it does, and where nothing is followed
     */
    int look() {
        if (calls == null) {
            recovered();
        } else if (!watching || isNews) {
            standing = 0;
            looksWithoutWatch++;
            isNews = false;
        } else if (++standing > flapping.patience()) {
            recovered();
        }
        flapping.looked(trouble() != null);
        return watching ? 0 : looksWithoutWatch;
    }

    private void recovered() {
        looksWithoutWatch = 0;
        failures = 0;
        unreadable = 0;
        isNews = false;
        lastFailure = null;
    }

    /** What the last look found. A single one that finds the watch lost says nothing: connections end now and then. */
    @Nullable
    String trouble() {
        Throwable failure = lastFailure;
        boolean refused = Failures.refusal(failure) != null;
        if (looksWithoutWatch == 0 || (looksWithoutWatch == 1 && !refused)) {
            return null;
        }
        String outage = refused ? null : connection.outage();
        String why = outage != null
                ? outage
                : failure == null ? "no answer from the Kubernetes API" : Failures.line(failure);
        return trouble(why);
    }

    /** What is told of one. */
    String trouble(String why) {
        return "the " + what + " cannot be watched" + (listed ? ", what was told of them stays in force" : "") + ": "
                + why;
    }

    private final class Listing implements PagedList.Reader {
        private final int asked;

        /** @param asked for in which round */
        Listing(int asked) {
            this.asked = asked;
        }

        @Override
        public boolean isReading() {
            return asked == round;
        }

        @Override
        public void listed(String at) {
            listed = true;
            connection.heard();
            listener.listed();
            place = at;
            doubtful = false;
            go();
        }

        @Override
        public void failed(Throwable failure) {
            ResourceWatch.this.failed(failure);
        }
    }

    private final class Events implements EventStream.Listener {
        private final int asked;
        private final long end;

        /**
         * Those of a watch.
         *
         * @param asked for in which round
         * @param end when it is to end, by {@link System#nanoTime}
         */
        Events(int asked, long end) {
            this.asked = asked;
            this.end = end;
        }

        @Override
        public void opened() {
            watching |= asked == round;
        }

        @Override
        public void event(JsonNode event) {
            EventStream from = stream;
            ApiCalls by = calls;
            if (asked != round || from == null || by == null) {
                return;
            }
            try {
                take(by, event.path("type").asText(), event.path("object"));
            } catch (ApiRefusal e) {
                from.cancel();
                refused(e);
            } catch (JsonProcessingException | RuntimeException | Error e) {
                Uncaught.endIfMust(e);
                from.cancel();
                refused(ApiRefusal.unreadable("an event", e));
            }
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            if (asked != round) {
                return;
            }
            ApiRefusal refusal = Failures.refusal(failure);
            if (failure == null) {
                ResourceWatch.this.ended(end);
            } else if (refusal != null) {
                refused(refusal);
            } else {
                failed(failure);
            }
        }
    }
}
