package io.towpath.linux;

import java.nio.charset.StandardCharsets;

/** Which Linux it is, where some of them get something wrong. */
public final class KernelRelease {
    private static final String PATH = "/proc/sys/kernel/osrelease";
    private static final int LIMIT = 4096;

    private KernelRelease() {}

    /** The one that runs, such as {@code "6.1.0-32-amd64"}. */
    public static String running() throws LinuxException {
        byte[] release = Linux.readFile(PATH, LIMIT);
        if (release == null) {
            throw new LinuxException("read " + PATH, Errno.ENOENT);
        }
        return new String(release, StandardCharsets.UTF_8).strip();
    }

    /**
     * Whether a release came before another.
     *
     * @param release as uname(2) tells
     * @return false, too, if there are no numbers in it
     */
    public static boolean isBefore(String release, int major, int minor) {
        int dot = release.indexOf('.');
        if (dot < 0) {
            return false;
        }
        int first = number(release, 0);
        int second = number(release, dot + 1);
        return first >= 0 && second >= 0 && (first < major || (first == major && second < minor));
    }

    private static int number(String text, int from) {
        int value = -1;
        for (int i = from; i < text.length() && text.charAt(i) >= '0' && text.charAt(i) <= '9' && value < 1000; i++) {
            value = Math.max(value, 0) * 10 + text.charAt(i) - '0';
        }
        return value;
    }
}
