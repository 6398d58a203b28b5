package io.towpath.agent.cli;

import java.util.List;

/** Text in columns. */
public final class Columns {
    private Columns() {}

    /** Appends rows of equal length, every column but the last as wide as its widest cell. */
    public static void append(StringBuilder text, List<List<String>> rows) {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length - 1; i++) {
                text.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
            }
            text.append(row.getLast()).append('\n');
        }
    }
}
