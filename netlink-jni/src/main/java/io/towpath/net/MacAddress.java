package io.towpath.net;

import org.jspecify.annotations.Nullable;

/**
 * An Ethernet address.
 *
 * @param value the 48 bits, the first octet uppermost
 */
public record MacAddress(long value) {
    private static final long MAX = 0xffff_ffff_ffffL;
    private static final long MULTICAST = 1L << 40;
    private static final long LOCALLY_ADMINISTERED = 1L << 41;

    /** @throws IllegalArgumentException if there are bits above the 48th */
    public MacAddress {
        if (value < 0 || value > MAX) {
            throw new IllegalArgumentException("a MAC address has 48 bits");
        }
    }

    /**
     * Parses six colon-separated octets of two hexadecimal digits.
     *
     * @throws IllegalArgumentException naming the text if it is not a MAC address
     */
    public static MacAddress parse(String text) {
        MacAddress mac = tryParse(text);
        if (mac == null) {
            throw new IllegalArgumentException("invalid MAC address: " + text);
        }
        return mac;
    }

    /** As {@link #parse}, with null for what is not a MAC address. */
    public static @Nullable MacAddress tryParse(String text) {
        if (text.length() != 17) {
            return null;
        }
        long value = 0;
        for (int i = 0; i < 17; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                if (c != ':') {
                    return null;
                }
            } else {
                int digit = c < 0x80 ? Character.digit(c, 16) : -1;
                if (digit < 0) {
                    return null;
                }
                value = value << 4 | digit;
            }
        }
        return new MacAddress(value);
    }

    /**
     * Reads six octets.
     *
     * @throws IllegalArgumentException if there are not six
     */
    public static MacAddress of(byte[] bytes) {
        if (bytes.length != 6) {
            throw new IllegalArgumentException("a MAC address has 6 bytes, not " + bytes.length);
        }
        long value = 0;
        for (byte b : bytes) {
            value = value << 8 | (b & 0xff);
        }
        return new MacAddress(value);
    }

    /** A unicast, locally administered address made of the lower 46 random bits given. */
    public static MacAddress locallyAdministered(long bits) {
        return new MacAddress((bits & MAX & ~MULTICAST) | LOCALLY_ADMINISTERED);
    }

    /** The six octets. */
    public byte[] bytes() {
        byte[] bytes = new byte[6];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (value >>> (40 - 8 * i));
        }
        return bytes;
    }

    /** Whether the group bit is set: such an address cannot be a device's own. */
    public boolean isMulticast() {
        return (value & MULTICAST) != 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(17);
        for (int shift = 44; shift >= 0; shift -= 4) {
            text.append(Character.forDigit((int) (value >>> shift & 0xf), 16));
            if (shift % 8 == 0 && shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
