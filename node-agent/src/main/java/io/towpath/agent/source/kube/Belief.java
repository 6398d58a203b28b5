package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListMeta;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.net.HttpURLConnection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether what came is what was asked for. What stands between a node and the API may answer everything with something else that is
 * JSON, and a list of nothing would take away all that is known. What is not believed is refused as a whole.
 *
 * @param kind of an object, such as {@code Node}
 * @param isNamespaced whether each object is in a namespace
 */
record Belief(String kind, boolean isNamespaced) {
    private static final String CORE = "/api/";
    private static final String GROUPS = "/apis/";

    /** @throws ApiRefusal if an answer of {@code path} is no list of the kind, or if something in it is no object of its kind */
    <T extends HasMetadata> void requireList(String path, @Nullable DefaultKubernetesResourceList<T> answer) {
        String wanted = kind + "List";
        if (answer == null) {
            throw refusal("that is no " + wanted + " but null");
        }
        requireKind(wanted, apiVersion(path), answer.getKind(), answer.getApiVersion());
        ListMeta metadata = answer.getMetadata();
        List<T> items = answer.getItems();
        if (metadata == null || isEmpty(metadata.getResourceVersion()) || items == null) {
            throw refusal(
                    "that is no whole " + wanted + ": it has no " + (items == null ? "items" : "resourceVersion"));
        }
        for (int i = 0; i < items.size(); i++) {
            T item = items.get(i);
            String lack = item == null ? "metadata" : lack(item.getMetadata());
            if (lack != null) {
                throw refusal("whose item " + i + " has no " + lack);
            }
        }
    }

    /** @throws ApiRefusal if what an event of a watch at {@code path} is about is no object of the kind */
    void requireObject(String path, JsonNode object) {
        requireKind(kind, apiVersion(path), text(object, "kind"), text(object, "apiVersion"));
        JsonNode metadata = object.path("metadata");
        String lack = isEmpty(text(metadata, "name"))
                ? "name"
                : isEmpty(text(metadata, "uid"))
                        ? "uid"
                        : isEmpty(text(metadata, "resourceVersion"))
                                ? "resourceVersion"
                                : isNamespaced && isEmpty(text(metadata, "namespace")) ? "namespace" : null;
        if (lack != null) {
            throw refusal("about a " + kind + " that has no " + lack);
        }
    }

    /** As {@link #requireObject}, of the little that is in a bookmark. */
    void requireBookmark(String path, JsonNode object) {
        requireKind(kind, apiVersion(path), text(object, "kind"), text(object, "apiVersion"));
        if (isEmpty(text(object.path("metadata"), "resourceVersion"))) {
            throw refusal("about a bookmark that has no resourceVersion");
        }
    }

    /**
     * Of an answer that is no list.
     *
     * @throws ApiRefusal if it is of another kind, or about something else
     */
    static void require(JsonNode answer, String kind, String field, String value) {
        String is = text(answer, "kind");
        if (!kind.equals(is) || !value.equals(text(answer, field))) {
            throw refusal("that is no " + kind + " of " + value + " but " + (isEmpty(is) ? "of no kind" : "a " + is)
                    + (kind.equals(is) ? " of " + text(answer, field) : ""));
        }
    }

    /**
     * Of a list of which only the metadata were asked for. The API says null for the items of an empty one.
     *
     * @throws ApiRefusal if it is another, or if something in it has no name
     */
    static void requireMetadata(JsonNode list, boolean isNamespaced) {
        requireKind("PartialObjectMetadataList", "meta.k8s.io/v1", text(list, "kind"), text(list, "apiVersion"));
        JsonNode items = list.path("items");
        if (!items.isArray() && !items.isNull()) {
            throw refusal("that is no whole PartialObjectMetadataList: it has no items");
        }
        for (int i = 0; i < items.size(); i++) {
            JsonNode metadata = items.get(i).path("metadata");
            String lack = isEmpty(text(metadata, "name"))
                    ? "name"
                    : isEmpty(text(metadata, "uid"))
                            ? "uid"
                            : isNamespaced && isEmpty(text(metadata, "namespace")) ? "namespace" : null;
            if (lack != null) {
                throw refusal("whose item " + i + " has no " + lack);
            }
        }
    }

    /** Of an object that was written. */
    static void requireNamed(@Nullable HasMetadata object, String name) {
        ObjectMeta metadata = object == null ? null : object.getMetadata();
        if (metadata == null || !name.equals(metadata.getName()) || isEmpty(metadata.getUid())) {
            throw refusal("that is not what was written, " + name);
        }
    }

    private @Nullable String lack(@Nullable ObjectMeta metadata) {
        return metadata == null
                ? "metadata"
                : isEmpty(metadata.getName())
                        ? "name"
                        : isEmpty(metadata.getUid())
                                ? "uid"
                                : isNamespaced && isEmpty(metadata.getNamespace()) ? "namespace" : null;
    }

    private static void requireKind(String kind, String version, @Nullable String isKind, @Nullable String isVersion) {
        if (!kind.equals(isKind) || !version.equals(isVersion)) {
            boolean hasKind = !isEmpty(isKind) && !"null".equals(isKind);
            throw refusal("that is no " + kind + " of " + version + " but "
                    + (hasKind
                            ? "a " + isKind + " of " + (isEmpty(isVersion) ? "no version" : isVersion)
                            : "of no kind"));
        }
    }

    /** That of the objects at a path, which begins with {@code /api/v1/} or {@code /apis/group/version/}. */
    private static String apiVersion(String path) {
        String from = path.substring((path.startsWith(GROUPS) ? GROUPS : CORE).length());
        int slash = from.indexOf('/');
        return from.substring(0, path.startsWith(GROUPS) ? from.indexOf('/', slash + 1) : slash);
    }

    private static String text(JsonNode object, String field) {
        return object.path(field).asText("");
    }

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private static ApiRefusal refusal(String what) {
        return new ApiRefusal(
                HttpURLConnection.HTTP_OK,
                "with an answer " + what
                        + ": it is not believed; does something else than the Kubernetes API answer there?",
                null);
    }
}
