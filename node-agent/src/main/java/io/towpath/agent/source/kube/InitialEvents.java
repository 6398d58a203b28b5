package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.net.HttpURLConnection;
import java.time.Duration;

/**
 * What a watch tells of the objects that there are, before it goes on with what becomes of them: Kubernetes' streaming lists, of which neither
 * the server nor the client ever has the whole. Their end is a bookmark with an annotation.
 */
final class InitialEvents<T extends HasMetadata> implements ObjectEvents.Taker<T> {
    /** What asks for them, beside what asks for a watch with bookmarks. */
    static final String QUERY = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

    /** A server that knows them tells the next one, or the end, within this. */
    static final Duration PAUSE = Duration.ofSeconds(10);

    /** And all of them within so many times that. */
    private static final int PAUSES = 6;

    private static final String END = "k8s.io/initial-events-end";
    private static final int INVALID = 422;

    private final ListedKeys<T> listed;
    private boolean isWhole;
    private boolean isUnknown;
    private int events;
    private int eventsBefore = -1;
    private int looks;

    /** @param store what is not among them at the end is taken out of it */
    InitialEvents(ObjectStore<T> store) {
        listed = new ListedKeys<>(store);
    }

    @Override
    public void put(T object) {
        events++;
        listed.put(object);
    }

    @Override
    public void remove(T object) {
        events++;
        listed.remove(object);
    }

    @Override
    public void bookmark(JsonNode bookmark) {
        JsonNode annotations = bookmark.path("metadata").path("annotations");
        if (annotations.path(END).asText().equals("true")) {
            listed.end();
            isWhole = true;
        } else {
            isUnknown = true;
        }
    }

    /** Whether all have come. */
    boolean isWhole() {
        return isWhole;
    }

    /** Whether the server tells of a version before their end, as one that does not know them does. */
    boolean isUnknown() {
        return isUnknown;
    }

    /** Whether they go on; to be asked after each {@link #PAUSE}. */
    boolean goOn() {
        boolean goOn = events != eventsBefore && ++looks < PAUSES;
        eventsBefore = events;
        return goOn;
    }

    /** Whether a refusal may be of the question: a server that has them not, or switched off, says that it is invalid. */
    static boolean isOfThem(ApiRefusal refusal) {
        return refusal.code() == INVALID || refusal.code() == HttpURLConnection.HTTP_BAD_REQUEST || refusal.isGone();
    }
}
