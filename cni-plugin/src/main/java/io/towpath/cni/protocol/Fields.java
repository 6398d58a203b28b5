package io.towpath.cni.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of one JSON object. A key that is absent and one that is null are the same. A value of the wrong type is code
 * 6, one that cannot be meant is code 7; both name the key.
 *
 * @param node the object
 * @param path what precedes a key in messages: empty or ending in a dot
 */
record Fields(ObjectNode node, String path) {
    static final Fields NONE = new Fields(JsonNodeFactory.instance.objectNode(), "");

    @Nullable
    JsonNode value(String key) {
        if (!ConfigKeys.isKnown(key)) {
            throw new IllegalStateException("key " + key + " is not among those that are found in any case");
        }
        JsonNode value = node.get(key);
        return value == null || value.isNull() ? null : value;
    }

    boolean has(String key) {
        return value(key) != null;
    }

    /** A text, empty if absent. */
    String text(String key) throws CniException {
        JsonNode value = value(key);
        return value == null ? "" : text(value, key);
    }

    private String text(JsonNode value, String key) throws CniException {
        if (!value.isTextual()) {
            throw wrongType(key, "a string", value);
        }
        return value.textValue();
    }

    /** A list of texts, empty if absent. */
    List<String> texts(String key) throws CniException {
        ArrayNode array = array(key);
        if (array == null) {
            return List.of();
        }
        List<String> texts = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            texts.add(text(array.get(i), element(key, i)));
        }
        return texts;
    }

    boolean flag(String key) throws CniException {
        JsonNode value = value(key);
        return value != null && flag(value, key);
    }

    private boolean flag(JsonNode value, String key) throws CniException {
        if (!value.isBoolean()) {
            throw wrongType(key, "a boolean", value);
        }
        return value.booleanValue();
    }

    /** Finds out whether all values are flags, whatever their keys. */
    void requireFlags() throws CniException {
        for (Map.Entry<String, JsonNode> each : node.properties()) {
            if (!each.getValue().isNull()) {
                flag(each.getValue(), each.getKey());
            }
        }
    }

    /** A whole number, null if absent. */
    @Nullable
    Long number(String key, long min, long max) throws CniException {
        JsonNode value = value(key);
        if (value == null) {
            return null;
        }
        if (!value.isIntegralNumber()) {
            throw wrongType(key, "an integer", value);
        }
        if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
            throw invalid(key, "must be between " + min + " and " + max);
        }
        return value.longValue();
    }

    long number(String key, long min, long max, long absent) throws CniException {
        Long number = number(key, min, max);
        return number == null ? absent : number;
    }

    @Nullable
    ArrayNode array(String key) throws CniException {
        JsonNode value = value(key);
        if (value == null) {
            return null;
        }
        if (value instanceof ArrayNode array) {
            return array;
        }
        throw wrongType(key, "an array", value);
    }

    /** An object, {@link #NONE} if absent. */
    Fields object(String key) throws CniException {
        JsonNode value = value(key);
        return value == null ? NONE : object(value, key);
    }

    /** The objects of an array, none if absent. */
    List<Fields> objects(String key) throws CniException {
        ArrayNode array = array(key);
        if (array == null) {
            return List.of();
        }
        List<Fields> objects = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            objects.add(object(array.get(i), element(key, i)));
        }
        return objects;
    }

    private Fields object(JsonNode value, String key) throws CniException {
        if (value instanceof ObjectNode object) {
            return new Fields(object, path + key + ".");
        }
        throw wrongType(key, "an object", value);
    }

    /** An address; absent or empty is null. */
    @Nullable
    IpAddress address(String key) throws CniException {
        String text = text(key);
        if (text.isEmpty()) {
            return null;
        }
        IpAddress address = IpAddress.tryParse(text);
        if (address == null) {
            throw invalid(key, "is no IP address: " + Quoted.text(text));
        }
        return address;
    }

    /** A prefix, which must be there. */
    IpPrefix prefix(String key) throws CniException {
        String text = text(key);
        IpPrefix prefix = IpPrefix.tryParse(text);
        if (prefix == null) {
            throw invalid(key, text.isEmpty() ? "is missing" : "is no address in CIDR notation: " + Quoted.text(text));
        }
        return prefix;
    }

    /** The hardware address of a device; absent or empty is null. */
    @Nullable
    MacAddress mac(String key) throws CniException {
        String text = text(key);
        if (text.isEmpty()) {
            return null;
        }
        MacAddress mac = MacAddress.tryParse(text);
        if (mac == null || mac.isMulticast() || mac.value() == 0) {
            throw invalid(key, "is no unicast MAC address: " + Quoted.text(text));
        }
        return mac;
    }

    /** An absolute path; absent or empty is the default. */
    String path(String key, String absent) throws CniException {
        String text = text(key);
        if (text.isEmpty()) {
            return absent;
        }
        if (!text.startsWith("/") || text.indexOf('\0') >= 0) {
            throw invalid(key, "must be an absolute path, not " + Quoted.text(text));
        }
        return text;
    }

    CniException invalid(String key, String what) {
        return new CniException(
                CniException.INVALID_CONFIG, "network config key " + Quoted.text(path + key) + " " + what);
    }

    private CniException wrongType(String key, String expected, JsonNode value) {
        return new CniException(
                CniException.DECODING_FAILURE,
                "network config key " + Quoted.text(path + key) + " must be " + expected + ", not " + typeOf(value));
    }

    private static String element(String key, int index) {
        return key + "[" + index + "]";
    }

    static String typeOf(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            default -> "null";
        };
    }
}
