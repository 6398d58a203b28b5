package io.towpath.agent.log;

/** What stands in a line of the log: whoever wrote it makes no other line of it, and moves no terminal. */
final class LineText {
    private LineText() {}

    /** At most so many characters of a text, and how many more it has. */
    static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "... (" + (text.length() - end) + " characters more)";
    }

    /** A value that a space or a sign of its own would make unclear stands in quotation marks. */
    static String quoted(String value) {
        boolean plain = !value.isEmpty()
                && value.chars().noneMatch(c -> c == ' ' || c == '"' || c == '=' || c == '\\' || isControl(c));
        return plain ? value : '"' + escaped(value.replace("\\", "\\\\").replace("\"", "\\\"")) + '"';
    }

    /** With the escapes of JSON for what controls a terminal, or the direction of a text. */
    static String escaped(String text) {
        if (text.chars().noneMatch(LineText::isControl)) {
            return text;
        }
        StringBuilder line = new StringBuilder(text.length() + 16);
        text.chars().forEach(c -> {
            switch (c) {
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> {
                    if (isControl(c)) {
                        line.append(String.format("\\u%04x", c));
                    } else {
                        line.append((char) c);
                    }
                }
            }
        });
        return line.toString();
    }

    private static boolean isControl(int c) {
        return Character.isISOControl(c)
                || c == 0x2028
                || c == 0x2029
                || (c >= 0x202a && c <= 0x202e)
                || (c >= 0x2066 && c <= 0x2069)
                || c == 0x200e
                || c == 0x200f;
    }
}
