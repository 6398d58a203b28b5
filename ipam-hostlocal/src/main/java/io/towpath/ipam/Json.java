package io.towpath.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Values of a configuration, with errors that name the key. A key that is null counts as absent. */
final class Json {
    private Json() {}

    static boolean has(JsonNode object, String key) {
        requireKnown(key);
        return object.hasNonNull(key);
    }

    private static void requireKnown(String key) {
        if (!IpamConfigReader.KEYS.contains(key)) {
            throw new IllegalStateException("key " + key + " is not among those that are read");
        }
    }

    /** The object under a key, a missing node if there is none. */
    static JsonNode object(JsonNode parent, String key, String path) throws IpamException {
        requireKnown(key);
        JsonNode value = parent.path(key);
        if (!value.isMissingNode() && !value.isNull() && !value.isObject()) {
            throw wrongType(path, "an object");
        }
        return value;
    }

    static List<JsonNode> array(JsonNode parent, String key, String path) throws IpamException {
        return has(parent, key) ? elements(parent.path(key), path) : List.of();
    }

    static List<JsonNode> elements(JsonNode value, String path) throws IpamException {
        if (!value.isArray()) {
            throw wrongType(path, "an array");
        }
        List<JsonNode> elements = new ArrayList<>(value.size());
        value.forEach(elements::add);
        return elements;
    }

    /** The text under a key, empty if there is none. */
    static String text(JsonNode parent, String key, String path) throws IpamException {
        return has(parent, key) ? text(parent.path(key), path) : "";
    }

    static String text(JsonNode value, String path) throws IpamException {
        if (!value.isTextual()) {
            throw wrongType(path, "a string");
        }
        return value.textValue();
    }

    static long number(JsonNode parent, String key, String path, long max) throws IpamException {
        if (!has(parent, key)) {
            return 0;
        }
        JsonNode value = parent.path(key);
        if (!value.isIntegralNumber()) {
            throw wrongType(path, "an integer");
        }
        if (!value.canConvertToLong() || value.longValue() < 0 || value.longValue() > max) {
            throw invalid(path, "must be between 0 and " + max);
        }
        return value.longValue();
    }

    /** The address under a key, null if there is none. */
    static @Nullable IpAddress address(JsonNode parent, String key, String path) throws IpamException {
        String text = text(parent, key, path);
        return text.isEmpty() ? null : address(text, path);
    }

    static IpAddress address(String text, String path) throws IpamException {
        IpAddress address = IpAddress.tryParse(text);
        if (address == null) {
            throw invalid(path, "is no IP address: \"" + text + "\"");
        }
        return address;
    }

    /** An address that may carry a prefix length, which says nothing here. */
    static IpAddress addressOrPrefix(String text, String path) throws IpamException {
        IpPrefix prefix = IpPrefix.tryParse(text);
        return prefix == null ? address(text, path) : prefix.address();
    }

    static IpPrefix prefix(String text, String path) throws IpamException {
        IpPrefix prefix = IpPrefix.tryParse(text);
        if (prefix == null) {
            throw invalid(path, text.isEmpty() ? "is missing" : "is no subnet in CIDR notation: \"" + text + "\"");
        }
        return prefix;
    }

    static IpamException invalid(String path, String what) {
        return new IpamException(IpamException.INVALID_CONFIG, "network config key \"" + path + "\" " + what);
    }

    private static IpamException wrongType(String path, String expected) {
        return new IpamException(
                IpamException.DECODING_FAILURE, "network config key \"" + path + "\" must be " + expected);
    }
}
