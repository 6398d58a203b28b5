package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a {@link FakeApi} has of Calico's custom resources: names, in a namespace {@code namespace/name}. */
final class FakeCalico {
    /** By the path of their list. */
    private final TreeMap<String, SortedSet<String>> objects = new TreeMap<>();

    static boolean has(String path) {
        return path.startsWith(FakeApi.CALICO) || path.startsWith(FakeApi.NEW_CALICO);
    }

    /** Adds objects of a kind, which is served from then on. */
    synchronized void put(String path, String... names) {
        objects.computeIfAbsent(path, _ -> new TreeSet<>()).addAll(Set.of(names));
    }

    synchronized void delete(String path, String name) {
        objects.getOrDefault(path, new TreeSet<>()).remove(name);
    }

    /** Removes a kind with all that there are. */
    synchronized void remove(String path) {
        objects.remove(path);
    }

    synchronized Set<String> groups() {
        Set<String> groups = new TreeSet<>();
        objects.keySet().forEach(path -> groups.add(path.split("/", -1)[2]));
        return groups;
    }

    synchronized FakeReply answer(String path, @Nullable String limit, @Nullable String from) {
        SortedSet<String> all = objects.get(path);
        if (all != null) {
            return FakeReply.json(200, list(all, limit == null ? Integer.MAX_VALUE : Integer.parseInt(limit), from));
        }
        ObjectNode resources = FakeApi.MAPPER
                .createObjectNode()
                .put("kind", "APIResourceList")
                .put("groupVersion", path.substring("/apis/".length()));
        ArrayNode kinds = resources.putArray("resources");
        kinds.addObject().put("name", "ippools");
        for (String each : objects.keySet()) {
            if (each.startsWith(path + "/")) {
                kinds.addObject().put("name", each.substring(path.length() + 1));
            }
        }
        return kinds.size() > 1 ? FakeReply.json(200, resources) : FakeReply.notFound();
    }

    private static ObjectNode list(SortedSet<String> all, int limit, @Nullable String from) {
        ObjectNode list = FakeApi.MAPPER
                .createObjectNode()
                .put("kind", "PartialObjectMetadataList")
                .put("apiVersion", "meta.k8s.io/v1");
        ObjectNode metadata = list.putObject("metadata").put("resourceVersion", "7");
        ArrayNode items = list.putArray("items");
        for (String each : from == null ? all : all.tailSet(from)) {
            if (items.size() == limit) {
                metadata.put("continue", each);
                break;
            }
            int slash = each.indexOf('/');
            ObjectNode of = items.addObject()
                    .put("kind", "PartialObjectMetadata")
                    .putObject("metadata")
                    .put("name", each.substring(slash + 1))
                    .put("uid", "uid-of-" + each);
            if (slash >= 0) {
                of.put("namespace", each.substring(0, slash));
            }
        }
        if (items.isEmpty()) {
            list.putNull("items"); // as the API does
        }
        return list;
    }
}
