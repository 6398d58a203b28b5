package io.towpath.agent.cli;

import io.towpath.linux.Linux;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's output goes.
 *
 * @param width columns of the help
 * @param isColoured whether colours are for anybody's eyes
 */
public record Terminal(int width, boolean isColoured) {
    /** A file, a pipe, or a terminal that says nothing. */
    public static final Terminal NONE = new Terminal(80, false);

    private static final int WIDEST = 160;
    private static final String BOLD = "\u001b[1m";
    private static final String RED = "\u001b[31m";
    private static final String GREEN = "\u001b[32m";
    private static final String YELLOW = "\u001b[33m";
    private static final String PLAIN = "\u001b[0m";

    /** First words of lines, and how they look. */
    private static final Map<String, String> WORDS = Map.of(
            "fail",
            RED,
            "failed:",
            RED,
            "denied:",
            RED,
            "warn",
            YELLOW,
            "warning:",
            YELLOW,
            "ok",
            GREEN,
            "allowed:",
            GREEN);

    /** What standard output is. */
    public static Terminal standardOutput() {
        return of(Linux.terminalWidth(), System.getenv("NO_COLOR"), System.getenv("TERM"));
    }

    /**
     * By what the system tells.
     *
     * @param columns negative if it is no terminal, 0 if that does not say
     * @param noColor as no-color.org has it: any text but the empty one turns colours off
     */
    static Terminal of(int columns, @Nullable String noColor, @Nullable String type) {
        if (columns < 0) {
            return NONE;
        }
        boolean isRefused = (noColor != null && !noColor.isEmpty()) || "dumb".equals(type);
        return new Terminal(columns == 0 ? NONE.width : Math.clamp(columns, NONE.width, WIDEST), !isRefused);
    }

    /** A text in colours, if they are wanted: heads of columns, and lines that begin with what is well or is not. */
    String painted(String text) {
        if (!isColoured) {
            return text;
        }
        StringBuilder painted = new StringBuilder();
        for (String line : text.split("(?<=\n)", -1)) {
            String colour = colour(line);
            int end = line.endsWith("\n") ? line.length() - 1 : line.length();
            painted.append(colour.isEmpty() ? line : colour + line.substring(0, end) + PLAIN + line.substring(end));
        }
        return painted.toString();
    }

    private static String colour(String line) {
        String first = List.of(line.strip().split(" ", 2)).getFirst();
        String known = WORDS.get(first);
        if (known != null && line.startsWith(first)) {
            return known;
        }
        if (line.contains(": not ready")) {
            return RED;
        }
        if (line.stripTrailing().endsWith(": ready")) {
            return GREEN;
        }
        return isHead(line) ? BOLD : "";
    }

    /** Whether it has several words, of capitals alone. */
    private static boolean isHead(String line) {
        return line.contains("  ")
                && !line.isBlank()
                && line.strip().chars().allMatch(c -> c == ' ' || (c >= 'A' && c <= 'Z'));
    }
}
