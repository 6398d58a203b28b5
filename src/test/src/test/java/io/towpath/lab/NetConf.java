package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a runtime hands a plugin on stdin, made from a conflist as libcni makes it. Immutable. */
public final class NetConf {
    /** The versions of the protocol, oldest first. */
    public static final List<String> VERSIONS = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    private final ObjectNode tree;

    private NetConf(ObjectNode tree) {
        this.tree = tree;
    }

    /** Any document; apostrophes may stand for quotation marks. */
    public static NetConf of(String json) {
        return new NetConf(Json.object(json));
    }

    /** The shipped conflist's only plugin, with the list's name and version. */
    public static NetConf shipped() {
        ObjectNode list = shippedList();
        JsonNode plugins = list.path("plugins");
        if (plugins.size() != 1) {
            throw new AssertionError("the conflist has not one plugin but " + plugins.size());
        }
        ObjectNode tree = plugins.get(0).deepCopy();
        tree.set("name", list.get("name"));
        tree.set("cniVersion", list.get("cniVersion"));
        return new NetConf(tree);
    }

    /** The shipped conflist. */
    public static ObjectNode shippedList() {
        return (ObjectNode)
                Json.read(Path.of(System.getProperty("towpath.conflist", "../../conf/10-towpath.conflist")));
    }

    public String name() {
        return tree.path("name").asText();
    }

    public NetConf name(String name) {
        return with("name", name);
    }

    public NetConf version(String version) {
        return with("cniVersion", version);
    }

    /** Sets a text, or an object, array, number or truth value from its JSON (apostrophes may stand for quotation marks). */
    public NetConf with(String key, Object value) {
        ObjectNode copy = tree.deepCopy();
        copy.set(key, node(value));
        return new NetConf(copy);
    }

    /** As {@link #with}, in the section {@code ipam}. */
    public NetConf ipam(String key, Object value) {
        ObjectNode copy = tree.deepCopy();
        copy.withObjectProperty("ipam").set(key, node(value));
        return new NetConf(copy);
    }

    /** The conf with another section {@code ipam}, that is a JSON object; the folder of leases stays. */
    public NetConf ipam(String json) {
        ObjectNode section = Json.object(json);
        JsonNode dataDir = tree.path("ipam").path("dataDir");
        if (!dataDir.isMissingNode() && !section.has("dataDir")) {
            section.set("dataDir", dataDir);
        }
        return with("ipam", section);
    }

    public NetConf without(String key) {
        ObjectNode copy = tree.deepCopy();
        copy.remove(key);
        return new NetConf(copy);
    }

    /** What the runtime passes for capabilities, as far as the conf declares them: the others are dropped. */
    public NetConf runtimeConfig(Map<String, String> capabilities) {
        ObjectNode copy = tree.deepCopy();
        capabilities.forEach((capability, json) -> {
            if (tree.path("capabilities").path(capability).asBoolean()) {
                copy.withObjectProperty("runtimeConfig").set(capability, Json.read(json.replace('\'', '"')));
            }
        });
        copy.remove("capabilities");
        return new NetConf(copy);
    }

    public ObjectNode tree() {
        return tree.deepCopy();
    }

    byte[] bytes() {
        return tree.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode node(Object value) {
        return switch (value) {
            case JsonNode json -> json.deepCopy();
            case Path path -> new com.fasterxml.jackson.databind.node.TextNode(path.toString());
            case String text when text.startsWith("{") || text.startsWith("[") -> Json.read(text.replace('\'', '"'));
            case String text -> new com.fasterxml.jackson.databind.node.TextNode(text);
            default -> Json.read(value.toString());
        };
    }

    @Override
    public String toString() {
        return tree.toString();
    }
}
