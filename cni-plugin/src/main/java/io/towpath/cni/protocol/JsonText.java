package io.towpath.cni.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON the way the reference library's encoder lays it out, indented by four spaces: what a person diffs against
 * another plugin's output differs in values only.
 */
public final class JsonText {
    private static final String INDENT = "    ";

    private final StringBuilder out = new StringBuilder(1024);
    private int depth;
    private boolean first = true;

    public JsonText beginObject() {
        return begin('{');
    }

    JsonText beginObject(String key) {
        return key(key).begin('{');
    }

    JsonText beginArray(String key) {
        return key(key).begin('[');
    }

    public JsonText endObject() {
        return end('}');
    }

    JsonText endArray() {
        return end(']');
    }

    /** Starts an object that is an element of an array. */
    JsonText beginElement() {
        next();
        return begin('{');
    }

    public JsonText field(String key, String value) {
        key(key);
        quote(value);
        return this;
    }

    public JsonText field(String key, long value) {
        key(key).out.append(value);
        return this;
    }

    /** Leaves out an empty text. */
    public JsonText optional(String key, String value) {
        return value.isEmpty() ? this : field(key, value);
    }

    /** Leaves out 0. */
    JsonText optional(String key, long value) {
        return value == 0 ? this : field(key, value);
    }

    /** Leaves out null. */
    JsonText nullable(String key, @Nullable Object value) {
        if (value instanceof Number number) {
            return field(key, number.longValue());
        }
        return value == null ? this : field(key, value.toString());
    }

    /** Leaves out an empty list. */
    public JsonText optional(String key, List<String> values) {
        if (values.isEmpty()) {
            return this;
        }
        beginArray(key);
        for (String value : values) {
            next();
            quote(value);
        }
        return endArray();
    }

    /** What was written, in UTF-8. */
    public byte[] bytes() {
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private JsonText begin(char bracket) {
        out.append(bracket);
        depth++;
        first = true;
        return this;
    }

    private JsonText end(char bracket) {
        depth--;
        if (!first) {
            newLine();
        }
        out.append(bracket);
        first = false;
        return this;
    }

    private JsonText key(String key) {
        next();
        quote(key);
        out.append(": ");
        return this;
    }

    private void next() {
        if (!first) {
            out.append(',');
        }
        first = false;
        newLine();
    }

    private void newLine() {
        out.append('\n');
        for (int i = 0; i < depth; i++) {
            out.append(INDENT);
        }
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '<', '>', '&', '\u2028', '\u2029' -> escape(c);
                default -> {
                    if (c < ' ') {
                        escape(c);
                    } else if (isUnpaired(text, i)) {
                        escape('\ufffd');
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean isUnpaired(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }

    private void escape(char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(Character.forDigit(c >> shift & 0xf, 16));
        }
    }
}
