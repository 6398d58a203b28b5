package io.towpath.overlay;

/** A cluster file that cannot be used; the message is one line: file, key, value, what is wrong and how to mend it. */
public final class ClusterFileException extends OverlayException {
    private static final long serialVersionUID = 1L;

    private static final int VALUE_LIMIT = 60;

    private final String reason;

    /**
     * @param file the file's path
     * @param key which key is wrong, such as {@code nodes[3].slices[0]}, empty for the file as a whole
     * @param problem what is wrong, and the mend
     */
    public ClusterFileException(String file, String key, String problem) {
        super("cluster file " + printable(file, 4096) + ": " + reason(key, problem));
        this.reason = reason(key, problem);
    }

    private static String reason(String key, String problem) {
        return (key.isEmpty() ? "" : key + ": ") + problem;
    }

    /** The message without the file. */
    String reason() {
        return reason;
    }

    /** A value as it appears in a message: quoted, on one line, cut when long. */
    static String quoted(String value) {
        return '"' + printable(value, VALUE_LIMIT) + '"';
    }

    static String printable(String text, int limit) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length() && i < limit; i++) {
            char c = text.charAt(i);
            out.append(c < ' ' || c == 0x7f || Character.isSurrogate(c) ? '?' : c);
        }
        return text.length() > limit ? out.append("...").toString() : out.toString();
    }
}
