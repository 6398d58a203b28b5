package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;

/** What the events of a watch say; one that is not believed is refused. Of the connection's thread alone. */
final class ObjectEvents<T extends HasMetadata> {
    private final String what;
    private final Belief belief;
    private final Class<T> type;
    private final Room room;

    /** Who is told. */
    interface Taker<T> {
        /** An object is there, or has changed. */
        void put(T object);

        void remove(T object);

        /** A version is reached; nothing else is told by it. */
        default void bookmark(JsonNode bookmark) {}
    }

    /** @param what the objects' name for operators, plural */
    ObjectEvents(String what, Belief belief, Class<T> type, Room room) {
        this.what = what;
        this.belief = belief;
        this.type = type;
        this.room = room;
    }

    /**
     * Tells of an event.
     *
     * @param path that is watched
     * @return the version that it leads to
     * @throws ApiRefusal if it says that the watch is over, or is not believed, or there is no room for more
     */
    String tell(ApiCalls by, String path, JsonNode event, Taker<T> taker) throws JsonProcessingException {
        String kind = event.path("type").asText();
        JsonNode object = event.path("object");
        if (kind.equals("ERROR")) {
            throw ApiCalls.refusal(object);
        }
        if (kind.equals("BOOKMARK")) {
            belief.requireBookmark(path, object);
            taker.bookmark(object);
        } else {
            belief.requireObject(path, object);
            if (!kind.equals("DELETED")) {
                room.require(what);
            }
            T told = by.read(object, type);
            switch (kind) {
                case "ADDED", "MODIFIED" -> taker.put(told);
                case "DELETED" -> taker.remove(told);
                default -> throw new IllegalArgumentException("type " + kind);
            }
        }
        return object.path("metadata").path("resourceVersion").asText();
    }
}
