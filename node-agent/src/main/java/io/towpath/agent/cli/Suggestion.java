package io.towpath.agent.cli;

import java.util.Collection;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** What may have been meant by a word that is not known. */
final class Suggestion {
    private static final int MOST_EDITS = 2;

    private Suggestion() {}

    /** The known word that is nearest; null if none is near. Letters that changed places count once. */
    static @Nullable String of(String word, Collection<String> known) {
        return known.stream()
                .filter(each -> edits(word, each) <= Math.min(MOST_EDITS, each.length() / 3 + 1))
                .min(Comparator.<String>comparingInt(each -> edits(word, each)).thenComparing(each -> each))
                .orElse(null);
    }

    private static int edits(String from, String to) {
        int[][] edits = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                int change = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
                edits[i][j] = Math.min(Math.min(edits[i - 1][j], edits[i][j - 1]) + 1, edits[i - 1][j - 1] + change);
                if (i > 1
                        && j > 1
                        && from.charAt(i - 1) == to.charAt(j - 2)
                        && from.charAt(i - 2) == to.charAt(j - 1)) {
                    edits[i][j] = Math.min(edits[i][j], edits[i - 2][j - 2] + 1);
                }
            }
        }
        return edits[from.length()][to.length()];
    }
}
