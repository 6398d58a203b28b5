package io.towpath.net;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 or IPv6 address as an unsigned number.
 *
 * <p>The JDK's {@code InetAddress} is not used because its class initialisation loads the net library, which a CNI call
 * would pay for on every start. An IPv4-mapped IPv6 address is the IPv4 address, as in Go's net package.
 *
 * @param ipv6 whether this is an IPv6 address
 * @param high the upper 64 bits of an IPv6 address; 0 for IPv4
 * @param low the lower 64 bits of an IPv6 address; the address as an unsigned 32-bit number for IPv4
 */
public record IpAddress(boolean ipv6, long high, long low) implements Comparable<IpAddress> {
    /** Odd, its bits in no order: that of Fibonacci hashing. */
    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

    private static final long IPV4_MAX = 0xffff_ffffL;

    /** @throws IllegalArgumentException if an IPv4 address has bits above the 32nd */
    public IpAddress {
        if (!ipv6 && (high != 0 || low < 0 || low > IPV4_MAX)) {
            throw new IllegalArgumentException("an IPv4 address has 32 bits");
        }
    }

    /**
     * Parses the textual form: dotted decimal without leading zeros, or RFC 4291 section 2.2.
     *
     * @throws IllegalArgumentException naming the text if it is not an address
     */
    public static IpAddress parse(String text) {
        IpAddress address = tryParse(text);
        if (address == null) {
            throw new IllegalArgumentException("invalid IP address: " + text);
        }
        return address;
    }

    /** As {@link #parse}, with null for what is not an address. */
    public static @Nullable IpAddress tryParse(String text) {
        return text.indexOf(':') >= 0 ? IpText.parseV6(text) : IpText.parseV4(text);
    }

    /**
     * Reads an address in network byte order.
     *
     * @throws IllegalArgumentException if there are neither 4 nor 16 bytes
     */
    public static IpAddress of(byte[] bytes) {
        if (bytes.length == 4) {
            return new IpAddress(false, 0, number(bytes, 0, 4));
        }
        if (bytes.length == 16) {
            return ofV6(number(bytes, 0, 8), number(bytes, 8, 8));
        }
        throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + bytes.length);
    }

    static IpAddress ofV6(long high, long low) {
        boolean mapped = high == 0 && low >>> 32 == 0xffff;
        return mapped ? new IpAddress(false, 0, low & IPV4_MAX) : new IpAddress(true, high, low);
    }

    /** The address in network byte order: 4 bytes for IPv4, 16 for IPv6. */
    public byte[] bytes() {
        byte[] bytes = new byte[ipv6 ? 16 : 4];
        long bits = low;
        for (int i = bytes.length - 1; i >= 0; i--) {
            bytes[i] = (byte) bits;
            bits = i == 8 ? high : bits >>> 8;
        }
        return bytes;
    }

    /** The number of bits: 32 or 128. */
    public int bits() {
        return ipv6 ? 128 : 32;
    }

    /** The following address; the highest is followed by the lowest. */
    public IpAddress next() {
        return ipv6
                ? new IpAddress(true, low == -1 ? high + 1 : high, low + 1)
                : new IpAddress(false, 0, (low + 1) & IPV4_MAX);
    }

    /** The preceding address; the lowest is preceded by the highest. */
    public IpAddress previous() {
        return ipv6
                ? new IpAddress(true, low == 0 ? high - 1 : high, low - 1)
                : new IpAddress(false, 0, (low - 1) & IPV4_MAX);
    }

    /** The first {@code length} bits of this address, the others 0. */
    public IpAddress masked(int length) {
        if (!ipv6) {
            return new IpAddress(false, 0, low & mask(length + 32) & IPV4_MAX);
        }
        return new IpAddress(true, high & mask(length), low & mask(length - 64));
    }

    /** The first {@code length} bits of this address, the others 1. */
    IpAddress filled(int length) {
        if (!ipv6) {
            return new IpAddress(false, 0, (low | ~mask(length + 32)) & IPV4_MAX);
        }
        return new IpAddress(true, high | ~mask(length), low | ~mask(length - 64));
    }

    private static long mask(int length) {
        return length <= 0 ? 0 : length >= 64 ? -1 : -1L << (64 - length);
    }

    private static long number(byte[] bytes, int from, int length) {
        long number = 0;
        for (byte b : Arrays.copyOfRange(bytes, from, from + length)) {
            number = number << 8 | (b & 0xff);
        }
        return number;
    }

    /** IPv4 before IPv6, then by number. */
    @Override
    public int compareTo(IpAddress other) {
        if (ipv6 != other.ipv6) {
            return ipv6 ? 1 : -1;
        }
        int upper = Long.compareUnsigned(high, other.high);
        return upper != 0 ? upper : Long.compareUnsigned(low, other.low);
    }

    /** Mixed: addresses of networks differ in bits alone that tables of hashes hardly look at. */
    @Override
    public int hashCode() {
        return (int) (((31 * high + low) * MIX) >>> 32);
    }

    /** The canonical text: dotted decimal, or RFC 5952. */
    @Override
    public String toString() {
        return ipv6 ? IpText.formatV6(high, low) : IpText.formatV4(low);
    }
}
