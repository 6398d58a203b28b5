package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The objects of a {@link FakeApi}, with a version for each change. It sees to it that no two threads are here at once. */
final class FakeObjects {
    /** By the path of their list and {@code namespace/name}. */
    private final Map<String, NavigableMap<String, ObjectNode>> objects = new HashMap<>();

    private int version = 1000;

    /** A snapshot, such as etcd's. */
    record Saved(int version, Map<String, NavigableMap<String, ObjectNode>> objects) {}

    /** The path of the list that has an object. */
    static String path(JsonNode object) {
        return switch (object.path("kind").asText()) {
            case "Node" -> FakeApi.NODES;
            case "Pod" -> FakeApi.PODS;
            case "Namespace" -> FakeApi.NAMESPACES;
            case "NetworkPolicy" -> FakeApi.POLICIES;
            case "ClusterNetworkPolicy" -> FakeApi.CLUSTER_POLICIES;
            default -> throw new IllegalArgumentException("no kind: " + object);
        };
    }

    private static String kind(String path) {
        return switch (path) {
            case FakeApi.NODES -> "Node";
            case FakeApi.PODS -> "Pod";
            case FakeApi.NAMESPACES -> "Namespace";
            case FakeApi.POLICIES -> "NetworkPolicy";
            default -> "ClusterNetworkPolicy";
        };
    }

    /** The version of the API that a path is of. */
    private static String version(String path) {
        return path.replaceFirst("^/apis?/", "").replaceFirst("/[^/]*$", "");
    }

    private static String key(JsonNode object) {
        JsonNode metadata = object.path("metadata");
        String namespace = metadata.path("namespace").asText();
        return (namespace.isEmpty() ? "" : namespace + "/")
                + metadata.path("name").asText();
    }

    private NavigableMap<String, ObjectNode> known(String path) {
        return objects.computeIfAbsent(path, _ -> new TreeMap<>());
    }

    int version() {
        return version;
    }

    /** A change without an object. */
    int newVersion() {
        return ++version;
    }

    /** All of them as they are now. */
    Saved saved() {
        return new Saved(version, copy(objects));
    }

    /** As if what happened since then never had. */
    void goBack(Saved to) {
        version = to.version();
        objects.clear();
        objects.putAll(copy(to.objects()));
    }

    private static Map<String, NavigableMap<String, ObjectNode>> copy(
            Map<String, NavigableMap<String, ObjectNode>> all) {
        Map<String, NavigableMap<String, ObjectNode>> copies = new HashMap<>();
        all.forEach((path, known) -> {
            NavigableMap<String, ObjectNode> copy = new TreeMap<>();
            known.forEach((key, object) -> copy.put(key, object.deepCopy()));
            copies.put(path, copy);
        });
        return copies;
    }

    /** Gives an object a new version. */
    void changed(ObjectNode object) {
        object.withObject("/metadata").put("resourceVersion", Integer.toString(newVersion()));
    }

    /** Adds or changes an object; the type of the event that tells of it. */
    String put(ObjectNode object) {
        changed(object);
        ObjectNode metadata = object.withObject("/metadata");
        if (!metadata.has("uid")) {
            metadata.put("uid", "uid-of-" + key(object));
        }
        boolean known = known(path(object)).put(key(object), object) != null;
        return known ? "MODIFIED" : "ADDED";
    }

    /** Takes an object away; null if there is none. */
    @Nullable
    ObjectNode remove(ObjectNode object) {
        return known(path(object)).remove(key(object));
    }

    /** A node; null if there is none. */
    @Nullable
    ObjectNode node(String name) {
        return known(FakeApi.NODES).get(name);
    }

    /** Those at a path, as they are now. */
    List<ObjectNode> all(String path) {
        return known(path).values().stream().map(ObjectNode::deepCopy).toList();
    }

    /** What a bookmark at a path is about. */
    ObjectNode bookmark(String path) {
        ObjectNode object =
                FakeApi.MAPPER.createObjectNode().put("kind", kind(path)).put("apiVersion", version(path));
        object.putObject("metadata").put("resourceVersion", Integer.toString(version));
        return object;
    }

    /** A page of the list at a path, or of its other version. */
    ObjectNode list(String listed, @Nullable String limit, @Nullable String from) {
        String path = listed.equals(FakeApi.OLD_CLUSTER_POLICIES) ? FakeApi.CLUSTER_POLICIES : listed;
        ObjectNode list = FakeApi.MAPPER
                .createObjectNode()
                .put("kind", kind(path) + "List")
                .put("apiVersion", version(listed));
        NavigableMap<String, ObjectNode> known = known(path);
        ObjectNode metadata = list.putObject("metadata").put("resourceVersion", Integer.toString(version));
        ArrayNode items = list.putArray("items");
        int most = limit == null ? Integer.MAX_VALUE : Integer.parseInt(limit);
        for (ObjectNode object : (from == null ? known : known.tailMap(from, false)).values()) {
            if (items.size() == most) {
                metadata.put("continue", key(items.get(most - 1)));
                break;
            }
            items.add(object);
        }
        return list;
    }

    /** A strategic merge patch as far as nodes need it: objects merge, conditions merge by their type. */
    static void merge(ObjectNode node, JsonNode patch) {
        ObjectNode annotations = node.withObject("/metadata").withObject("/annotations");
        patch.at("/metadata/annotations").properties().forEach(it -> {
            if (it.getValue().isNull()) {
                annotations.remove(it.getKey());
            } else {
                annotations.set(it.getKey(), it.getValue());
            }
        });
        ArrayNode conditions = node.withObject("/status").withArray("/conditions");
        for (JsonNode condition : patch.at("/status/conditions")) {
            conditions.removeIf(old -> old.get("type").equals(condition.get("type")));
            if (!condition.path("$patch").asText().equals("delete")) {
                conditions.add(condition);
            }
        }
    }
}
