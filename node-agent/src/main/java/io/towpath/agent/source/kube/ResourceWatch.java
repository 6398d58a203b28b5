package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import java.net.HttpURLConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * All objects of a kind, listed and from there on watched; they come by way of the store. A server that can tell them as events of the watch
 * is asked to, any other for pages. A watch that is lost is taken up where
 * it was; when the API has forgotten that place (410 Gone), or what comes there cannot be taken, all are listed again. So it is when
 * the API's history is another one, as after a restore of etcd from an older state, or when nothing tells that it is not: it would say nothing
 * of what is no longer so. Of the connection's thread alone, but for what says otherwise.
 */
final class ResourceWatch<T extends HasMetadata, L extends DefaultKubernetesResourceList<T>> {
    private final String what;
    private final PagedList<T, L> list;
    private final ObjectEvents<T> events;
    private final ObjectStore<T> store;
    private final ApiConnection connection;
    private final HistoryCheck check;
    private final Listener listener;

    private volatile boolean listed;

    private String path;
    private @Nullable ApiCalls calls;
    private @Nullable EventStream stream;
    private final WatchPlace place = new WatchPlace();

    /** Whether the server is asked for the objects as events. */
    private boolean streams;
    /** Those that come now; null if a list is read, or has been. */
    private @Nullable InitialEvents<T> initial;

    private final Standing standing;
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
        this.path = path;
        this.events = new ObjectEvents<>(what, belief, type, connection.room());
        this.list = new PagedList<>(what, belief, list, store, connection);
        this.store = store;
        this.connection = connection;
        this.check = new HistoryCheck(what, connection, log);
        this.listener = listener;
        this.standing = new Standing(connection::outage);
    }

    /** Begins, or begins anew with a list; what is in the store stays until that says otherwise. */
    void follow(ApiCalls by) {
        stop();
        calls = by;
        place.forget();
        streams = true;
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
        standing.stopped();
        endStream();
    }

    private void endStream() {
        EventStream open = stream;
        stream = null;
        initial = null;
        if (open != null) {
            open.cancel();
        }
    }

    /** As {@link #stop}; the list has to be read anew before it is whole. */
    void forget() {
        stop();
        listed = false;
        standing.forgotten();
    }

    boolean isFollowed() {
        return calls != null;
    }

    /** Whether the watch stands. */
    boolean isWatching() {
        return standing.stands();
    }

    /** Whether the list has been whole once. Any thread may ask. */
    boolean isListed() {
        return listed;
    }

    private void go() {
        ApiCalls by = calls;
        String from = place.version();
        if (by == null) {
            return;
        }
        if (from == null) {
            connection.history().forget();
        }
        if (from == null && streams) {
            InitialEvents<T> all = new InitialEvents<>(store);
            initial = all;
            watch(by, InitialEvents.QUERY);
            lookAt(all);
        } else if (from == null) {
            list.read(by, path, new Listing(round));
        } else if (place.isDoubtful()) {
            check(by);
        } else {
            watch(by, "&resourceVersion=" + ApiCalls.encoded(from));
        }
    }

    /** Whether initial events come, and have an end: a server that does not know them tells objects all the same, but never that these are all. */
    private void lookAt(InitialEvents<T> all) {
        connection.run(
                () -> {
                    if (initial != all) {
                        return;
                    }
                    if (all.goOn()) {
                        lookAt(all);
                    } else {
                        listInstead();
                    }
                },
                InitialEvents.PAUSE);
    }

    /** Until there is another client. */
    private void listInstead() {
        streams = false;
        endStream();
        go();
    }

    /** The API may be another one by now. */
    private void check(ApiCalls by) {
        int asked = round;
        var _ = check.isSame(by, path, place)
                .whenComplete((isSame, failure) -> connection.run(() -> {
                    if (asked != round) {
                        return;
                    }
                    if (failure != null) {
                        failed(failure);
                        return;
                    }
                    if (isSame) {
                        place.confirm();
                    } else {
                        place.forget();
                    }
                    go();
                }));
    }

    private void watch(ApiCalls by, String query) {
        Duration lasts = connection.waits().watch();
        stream = by.watch(
                path + "?watch=true&allowWatchBookmarks=true" + query + "&timeoutSeconds="
                        + Math.max(1, lasts.toSeconds()),
                connection::run,
                new Events(round, System.nanoTime() + lasts.toNanos()));
    }

    private void failed(Throwable failure) {
        initial = null;
        place.doubt(true);
        int failures = standing.failed(failure);
        ApiRefusal refusal = Failures.refusal(failure);
        if (refusal != null && refusal.isNotFound() && listener.absent(refusal)) {
            return;
        }
        if (refusal != null && refusal.isGone()) {
            place.forget();
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
        if (initial != null && InitialEvents.isOfThem(refusal)) {
            listInstead();
            return;
        }
        if (refusal.code() == HttpURLConnection.HTTP_OK) {
            place.forget();
            standing.refused();
        }
        failed(refusal);
    }

    /** The server ended the watch. That of many at the same moment, as it ends itself, is no reason to come back at that. */
    private void ended(long end) {
        if (initial != null) {
            listInstead();
            return;
        }
        standing.ended();
        int asked = round;
        boolean itsTime = System.nanoTime() - end >= 0;
        place.doubt(!itsTime);
        connection.run(
                () -> {
                    if (asked == round) {
                        go();
                    }
                },
                itsTime ? Duration.ZERO : connection.waits().lost());
    }

    private void take(ApiCalls by, JsonNode event) throws JsonProcessingException {
        InitialEvents<T> now = initial;
        String version = events.tell(by, path, event, now == null ? new Changes() : now);
        standing.heard();
        if (now == null) {
            connection.history().told(path, event);
            place.reached(version, connection.history().last());
        } else if (now.isWhole()) {
            initial = null;
            standing.opened();
            listed(version);
        } else if (now.isUnknown()) {
            listInstead();
        }
    }

    private void listed(String at) {
        listed = true;
        place.listed(at);
        connection.heard();
        listener.listed();
    }

    /**
     * Whether the watch stands; called now and then.
     *
     * @return for how many looks in a row it has not; 0 where it does, and where nothing is followed
     */
    int look() {
        return standing.look(calls != null);
    }

    /** What the last look found; null if nothing is wrong. */
    @Nullable
    String trouble() {
        String why = standing.trouble();
        return why == null ? null : trouble(why);
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
            ResourceWatch.this.listed(at);
            go();
        }

        @Override
        public void failed(Throwable failure) {
            ResourceWatch.this.failed(failure);
        }
    }

    private final class Changes implements ObjectEvents.Taker<T> {
        @Override
        public void put(T object) {
            store.put(store.key(object), object);
        }

        @Override
        public void remove(T object) {
            store.remove(store.key(object));
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
            if (asked == round && initial == null) {
                standing.opened();
            }
        }

        @Override
        public void event(JsonNode event) {
            EventStream from = stream;
            ApiCalls by = calls;
            if (asked != round || from == null || by == null) {
                return;
            }
            try {
                take(by, event);
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
