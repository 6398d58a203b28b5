package io.towpath.net;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The textual forms of IP addresses: strict dotted decimal, RFC 4291 section 2.2 to read, RFC 5952 to write. */
final class IpText {
    private IpText() {}

    static @Nullable IpAddress parseV4(String text) {
        long number = parseV4(text, 0);
        return number < 0 ? null : new IpAddress(false, 0, number);
    }

    private static long parseV4(String text, int from) {
        long number = 0;
        int position = from;
        for (int octet = 0; octet < 4; octet++) {
            if (octet > 0 && (position >= text.length() || text.charAt(position++) != '.')) {
                return -1;
            }
            int start = position;
            int value = 0;
            while (position < text.length() && isDigit(text.charAt(position)) && position - start < 3) {
                value = value * 10 + text.charAt(position++) - '0';
            }
            boolean leadingZero = position - start > 1 && text.charAt(start) == '0';
            if (position == start || value > 255 || leadingZero) {
                return -1;
            }
            number = number << 8 | value;
        }
        return position == text.length() ? number : -1;
    }

    static @Nullable IpAddress parseV6(String text) {
        int[] groups = new int[8];
        int count = 0;
        int gap = -1;
        int position = 0;
        if (text.startsWith("::")) {
            gap = 0;
            position = 2;
        }
        while (position < text.length()) {
            int end = text.indexOf(':', position);
            String group = text.substring(position, end < 0 ? text.length() : end);
            if (group.indexOf('.') >= 0) {
                long number = parseV4(group, 0);
                if (end >= 0 || number < 0 || count > 6) {
                    return null;
                }
                groups[count++] = (int) (number >>> 16);
                groups[count++] = (int) (number & 0xffff);
                break;
            }
            int value = parseGroup(group);
            if (value < 0 || count == 8) {
                return null;
            }
            groups[count++] = value;
            if (end < 0) {
                break;
            }
            position = end + 1;
            if (position == text.length()) {
                return null;
            }
            if (text.charAt(position) == ':') {
                if (gap >= 0) {
                    return null;
                }
                gap = count;
                position++;
            }
        }
        if (gap < 0 ? count != 8 : count == 8) {
            return null;
        }
        if (gap >= 0) {
            int tail = count - gap;
            System.arraycopy(groups, gap, groups, 8 - tail, tail);
            Arrays.fill(groups, gap, 8 - tail, 0);
        }
        return IpAddress.ofV6(number(groups, 0), number(groups, 4));
    }

    private static int parseGroup(String group) {
        if (group.isEmpty() || group.length() > 4) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < group.length(); i++) {
            char c = group.charAt(i);
            int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private static long number(int[] groups, int from) {
        long number = 0;
        for (int i = from; i < from + 4; i++) {
            number = number << 16 | groups[i];
        }
        return number;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static String formatV4(long number) {
        return (number >>> 24) + "." + (number >>> 16 & 0xff) + "." + (number >>> 8 & 0xff) + "." + (number & 0xff);
    }

    /** RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
    static String formatV6(long high, long low) {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (int) ((i < 4 ? high : low) >>> (48 - 16 * (i & 3)) & 0xffff);
        }
        int runStart = -1;
        int runLength = 1;
        for (int i = 0; i < 8; i++) {
            int length = 0;
            while (i + length < 8 && groups[i + length] == 0) {
                length++;
            }
            if (length > runLength) {
                runStart = i;
                runLength = length;
            }
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == runStart) {
                text.append("::");
                i += runLength - 1;
            } else {
                if (i > 0 && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }
}
