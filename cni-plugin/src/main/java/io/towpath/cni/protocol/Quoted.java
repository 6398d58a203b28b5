package io.towpath.cni.protocol;

import java.util.List;

/** Texts of others inside our messages: quoted, with what a terminal would act upon escaped. */
final class Quoted {
    private Quoted() {}

    static String text(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2);
        append(out, text);
        return out.toString();
    }

    /** In the form {@code ["a" "b"]}. */
    static String list(List<String> texts) {
        StringBuilder out = new StringBuilder(64).append('[');
        for (int i = 0; i < texts.size(); i++) {
            if (i > 0) {
                out.append(' ');
            }
            append(out, texts.get(i));
        }
        return out.append(']').toString();
    }

    private static void append(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case 7 -> out.append("\\a");
                case '\b' -> out.append("\\b");
                case 11 -> out.append("\\v");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ' || c == 0x7f) {
                        out.append("\\x");
                        hexadecimal(out, c, 4);
                    } else if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                        out.append("\\u");
                        hexadecimal(out, c, 12);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static void hexadecimal(StringBuilder out, char c, int highestShift) {
        for (int shift = highestShift; shift >= 0; shift -= 4) {
            out.append(Character.forDigit(c >> shift & 0xf, 16));
        }
    }
}
