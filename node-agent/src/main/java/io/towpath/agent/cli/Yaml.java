package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** JSON in the block form of YAML 1.2; texts that anything else could be read from are quoted. */
final class Yaml {
    private static final Pattern PLAIN =
            Pattern.compile("[A-Za-z/][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+(][A-Za-z0-9_./@+()-]*)*");
    private static final Set<String> RESERVED = Set.of("true", "false", "yes", "no", "on", "off", "null", "y", "n");

    private Yaml() {}

    /** A document. */
    static String of(JsonNode json) {
        StringBuilder text = new StringBuilder();
        if (isBlock(json)) {
            append(text, json, 0, "");
        } else {
            text.append(flow(json)).append('\n');
        }
        return text.toString();
    }

    private static boolean isBlock(JsonNode json) {
        return json.isContainerNode() && !json.isEmpty();
    }

    /** @param lead what stands before the first line instead of its indent */
    private static void append(StringBuilder text, JsonNode json, int indent, String lead) {
        String before = lead;
        if (json.isObject()) {
            for (Map.Entry<String, JsonNode> field : json.properties()) {
                text.append(before).append(word(field.getKey())).append(':');
                appendValue(text, field.getValue(), indent + 2);
                before = " ".repeat(indent);
            }
            return;
        }
        for (Iterator<JsonNode> all = json.elements(); all.hasNext(); ) {
            JsonNode element = all.next();
            text.append(before).append('-');
            if (isBlock(element)) {
                append(text, element, indent + 2, " ");
            } else {
                text.append(' ').append(flow(element)).append('\n');
            }
            before = " ".repeat(indent);
        }
    }

    private static void appendValue(StringBuilder text, JsonNode value, int indent) {
        if (isBlock(value)) {
            text.append('\n');
            append(text, value, indent, " ".repeat(indent));
        } else {
            text.append(' ').append(flow(value)).append('\n');
        }
    }

    private static String flow(JsonNode json) {
        return json.isTextual() ? word(json.textValue()) : json.toString();
    }

    private static String word(String text) {
        boolean isPlain = PLAIN.matcher(text).matches() && !RESERVED.contains(text.toLowerCase(Locale.ROOT));
        return isPlain ? text : TextNode.valueOf(text).toString();
    }
}
