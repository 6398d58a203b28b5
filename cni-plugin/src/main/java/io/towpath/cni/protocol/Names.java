package io.towpath.cni.protocol;

/** Which identifiers of a runtime or an operator are let in. */
final class Names {
    private static final int MAX_INTERFACE_BYTES = 15;
    private static final int MAX_FILE_NAME = 255;

    private Names() {}

    /** @throws CniException code 4 */
    static void requireContainerId(String id) throws CniException {
        if (!isIdentifier(id)) {
            throw new CniException(CniException.INVALID_ENVIRONMENT, "invalid characters in containerID", id);
        }
    }

    /**
     * The name becomes a directory's, so it must not be longer than those may be.
     *
     * @throws CniException code 7
     */
    static void requireNetworkName(String name) throws CniException {
        if (name.isEmpty()) {
            throw new CniException(CniException.INVALID_CONFIG, "missing network name");
        }
        if (!isIdentifier(name)) {
            throw new CniException(
                    CniException.INVALID_CONFIG, "invalid characters found in network name", abbreviated(name));
        }
        if (name.length() > MAX_FILE_NAME) {
            throw new CniException(CniException.INVALID_CONFIG, "network name is too long", abbreviated(name));
        }
    }

    /**
     * Lets in what the reference library does (dev_valid_name of the kernel's net/core/dev.c), less a percent sign, which
     * the kernel takes for a template and replaces, and what is not UTF-8.
     *
     * @throws CniException code 4
     */
    static void requireInterfaceName(String name) throws CniException {
        if (utf8Length(name) > MAX_INTERFACE_BYTES) {
            throw invalid("interface name is too long", "interface name should be less than 16 characters");
        }
        if (name.equals(".") || name.equals("..")) {
            throw invalid("interface name is . or ..", "");
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '/' || c == ':' || isSpace(c)) {
                throw invalid("interface name contains / or : or whitespace characters", "");
            }
            if (c == '%' || c == 0 || c == '\ufffd') {
                throw invalid("interface name contains % or characters that are not text", "");
            }
        }
    }

    private static CniException invalid(String msg, String details) {
        return new CniException(CniException.INVALID_ENVIRONMENT, msg, details);
    }

    private static boolean isIdentifier(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean punctuation = c == '_' || c == '.' || c == '-';
            if (!isAlphanumeric(c) && (i == 0 || !punctuation)) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    /** Unicode's White_Space. */
    private static boolean isSpace(char c) {
        return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xa0 || Character.isSpaceChar(c);
    }

    private static int utf8Length(String text) {
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return length;
    }

    private static String abbreviated(String text) {
        return text.length() <= MAX_FILE_NAME ? text : text.substring(0, MAX_FILE_NAME) + "...";
    }
}
