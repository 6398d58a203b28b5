package io.towpath.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;

/** The patches that an API server takes for nodes. */
final class Patches {
    /** Lists of a node's status whose elements a strategic merge patch finds by their {@code type}. */
    private static final Set<String> BY_TYPE = Set.of("conditions", "addresses");

    private Patches() {}

    /**
     * Changes the object as a patch says.
     *
     * @param type the media type of the patch
     * @throws IllegalArgumentException for a media type or an operation that is not known
     */
    static void apply(ObjectNode object, String type, JsonNode patch) {
        switch (type) {
            case "application/merge-patch+json" -> merge(object, patch, false);
            case "application/strategic-merge-patch+json" -> merge(object, patch, true);
            case "application/json-patch+json" -> patch.forEach(operation -> operate(object, operation));
            default -> throw new IllegalArgumentException("no patch: " + type);
        }
    }

    private static void merge(ObjectNode object, JsonNode patch, boolean strategic) {
        for (Map.Entry<String, JsonNode> field : patch.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (name.startsWith("$")) {
                continue; // a directive about order
            }
            if (value.isNull()) {
                object.remove(name);
            } else if (value.isObject()) {
                merge(object.withObjectProperty(name), value, strategic);
            } else if (strategic && BY_TYPE.contains(name)) {
                value.forEach(element -> mergeElement(object.withArrayProperty(name), element));
            } else {
                object.set(name, value);
            }
        }
    }

    private static void mergeElement(ArrayNode list, JsonNode element) {
        for (JsonNode each : list) {
            if (each.path("type").equals(element.path("type"))) {
                merge((ObjectNode) each, element, true);
                return;
            }
        }
        list.add(element);
    }

    /** RFC 6902, of which clients use these three. */
    private static void operate(ObjectNode object, JsonNode operation) {
        String path = operation.path("path").asText();
        int slash = path.lastIndexOf('/');
        JsonNode parent = object.at(path.substring(0, slash));
        String name = path.substring(slash + 1).replace("~1", "/").replace("~0", "~");
        JsonNode value = operation.path("value");
        switch (operation.path("op").asText()) {
            case "add" -> {
                if (parent instanceof ArrayNode list) {
                    list.insert(name.equals("-") ? list.size() : Integer.parseInt(name), value);
                } else {
                    ((ObjectNode) parent).set(name, value);
                }
            }
            case "replace" -> {
                if (parent instanceof ArrayNode list) {
                    list.set(Integer.parseInt(name), value);
                } else {
                    ((ObjectNode) parent).set(name, value);
                }
            }
            case "remove" -> {
                if (parent instanceof ArrayNode list) {
                    list.remove(Integer.parseInt(name));
                } else {
                    ((ObjectNode) parent).remove(name);
                }
            }
            default -> throw new IllegalArgumentException("no such operation: " + operation);
        }
    }
}
