package io.towpath.overlay;

import java.util.List;

/** Text in columns. */
final class Columns {
    private Columns() {}

    /** Appends rows of equal length, every column but the last as wide as its widest cell. */
    static void append(StringBuilder text, List<List<String>> rows) {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i));
                if (i < widths.length - 1) {
                    text.repeat(' ', widths[i] - row.get(i).length() + 2);
                }
            }
            text.append('\n');
        }
    }
}
