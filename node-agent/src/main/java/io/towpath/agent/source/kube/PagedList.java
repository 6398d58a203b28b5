package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListMeta;
import io.towpath.agent.log.Uncaught;
import java.net.HttpURLConnection;
import java.util.concurrent.CompletionException;

/** A list of the API's, read page by page into a store: what is on no page is there no more. Of the connection's thread alone. */
final class PagedList<T extends HasMetadata, L extends DefaultKubernetesResourceList<T>> {
    /** Objects of one answer: few megabytes. */
    private static final int PAGE = 500;

    /** A page that is too long is asked for again with so many times fewer. */
    private static final int SHORTER = 8;

    /** After so many pages in a row with nothing new on them a list has no end. */
    static final int MOST_BARREN = 100;

    private final String what;
    private final Belief belief;
    private final Class<L> type;
    private final ObjectStore<T> store;
    private final ApiConnection connection;

    /** Who reads it; called on the connection's thread. */
    interface Reader {
        /** Whether it still wants the list; asked before each page, and nothing is told to one that does not. */
        boolean isReading();

        /**
         * The list is whole.
         *
         * @param place where a watch goes on from it
         */
        void listed(String place);

        /** It could not be read to its end; the store has what was on the pages before. */
        void failed(Throwable failure);
    }

    /** @param what the objects' name for operators, plural */
    PagedList(String what, Belief belief, Class<L> type, ObjectStore<T> store, ApiConnection connection) {
        this.what = what;
        this.belief = belief;
        this.type = type;
        this.store = store;
        this.connection = connection;
    }

    /** Reads what is at a path now. */
    void read(ApiCalls by, String path, Reader reader) {
        read(by, path, new ListedKeys<>(store), 0, PAGE, "", reader);
    }

    /** @param barren how many pages before this one had nothing new on them */
    private void read(
            ApiCalls by, String path, ListedKeys<T> listed, int barren, int size, String page, Reader reader) {
        try {
            connection.room().require(what);
        } catch (ApiRefusal e) {
            connection.run(() -> {
                if (reader.isReading()) {
                    reader.failed(e);
                }
            });
            return;
        }
        String more = page.isEmpty() ? "" : "&continue=" + ApiCalls.encoded(page);
        var _ = by.get(path + "?limit=" + size + more, type)
                .whenComplete((answer, failure) -> connection.run(() -> {
                    if (!reader.isReading()) {
                        return;
                    }
                    if (failure != null && isTooLong(failure) && size > 1) {
                        read(by, path, listed, barren, Math.max(1, size / SHORTER), page, reader);
                        return;
                    }
                    if (failure != null) {
                        reader.failed(failure);
                        return;
                    }
                    int barrenNow;
                    try {
                        belief.requireList(path, answer);
                        barrenNow = put(listed, answer) ? 0 : barren + 1;
                    } catch (ApiRefusal e) {
                        reader.failed(e);
                        return;
                    } catch (RuntimeException | Error e) {
                        Uncaught.endIfMust(e);
                        reader.failed(ApiRefusal.unreadable("an object", e));
                        return;
                    }
                    ListMeta metadata = answer.getMetadata();
                    String next = metadata.getContinue();
                    if (next == null || next.isEmpty()) {
                        listed.end();
                        reader.listed(metadata.getResourceVersion());
                    } else if (barrenNow == MOST_BARREN) {
                        reader.failed(endless(what));
                    } else {
                        read(by, path, listed, barrenNow, size, next, reader);
                    }
                }));
    }

    /** Of a list that always says that there is more. */
    static ApiRefusal endless(String what) {
        return new ApiRefusal(
                HttpURLConnection.HTTP_OK,
                "with a list of " + what + " that has no end: its last " + MOST_BARREN
                        + " pages had nothing new on them, and it says that there are more",
                null);
    }

    static boolean isTooLong(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof LongAnswerException;
    }

    /** Whether anything was new. */
    private boolean put(ListedKeys<T> listed, L answer) {
        boolean isNew = false;
        for (T object : answer.getItems()) {
            isNew |= listed.put(object);
        }
        return isNew;
    }
}
