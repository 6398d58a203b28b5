package io.towpath.net;

import org.jspecify.annotations.Nullable;

/**
 * An address with a prefix length. The host bits are kept, so that it serves for a pod's {@code 10.244.1.5/24} as well as
 * for a slice's {@code 10.244.1.0/24}; {@link #network()} drops them.
 *
 * @param address the address
 * @param length the prefix length: 0..32 for IPv4, 0..128 for IPv6
 */
public record IpPrefix(IpAddress address, int length) implements Comparable<IpPrefix> {
    /** @throws IllegalArgumentException if the length does not fit the family */
    public IpPrefix {
        if (length < 0 || length > address.bits()) {
            throw new IllegalArgumentException("invalid prefix length: " + address + "/" + length);
        }
    }

    /**
     * Parses {@code address/length}.
     *
     * @throws IllegalArgumentException naming the text if it is not a prefix
     */
    public static IpPrefix parse(String text) {
        IpPrefix prefix = tryParse(text);
        if (prefix == null) {
            throw new IllegalArgumentException("invalid CIDR address: " + text);
        }
        return prefix;
    }

    /** As {@link #parse}, with null for what is not a prefix. */
    public static @Nullable IpPrefix tryParse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return null;
        }
        IpAddress address = IpAddress.tryParse(text.substring(0, slash));
        String digits = text.substring(slash + 1);
        boolean number = !digits.isEmpty()
                && digits.length() <= 3
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                && (digits.length() == 1 || digits.charAt(0) != '0');
        if (address == null || !number || Integer.parseInt(digits) > address.bits()) {
            return null;
        }
        return new IpPrefix(address, Integer.parseInt(digits));
    }

    /** The prefix of a single address: /32 or /128. */
    public static IpPrefix host(IpAddress address) {
        return new IpPrefix(address, address.bits());
    }

    /** This prefix with its host bits 0. */
    public IpPrefix network() {
        return new IpPrefix(address.masked(length), length);
    }

    /** Whether the host bits are 0. */
    public boolean isNetwork() {
        return address.equals(address.masked(length));
    }

    /** The highest address of the prefix: for IPv4 the broadcast address. */
    public IpAddress last() {
        return address.filled(length);
    }

    /** Whether the address is in the prefix; one of the other family never is. */
    public boolean contains(IpAddress other) {
        return other.ipv6() == address.ipv6() && other.masked(length).equals(address.masked(length));
    }

    /** Whether all of the other prefix is in this one. */
    public boolean contains(IpPrefix other) {
        return other.length >= length && contains(other.address);
    }

    /** Whether any address is in both. */
    public boolean overlaps(IpPrefix other) {
        return contains(other) || other.contains(this);
    }

    @Override
    public int compareTo(IpPrefix other) {
        int byAddress = address.compareTo(other.address);
        return byAddress != 0 ? byAddress : Integer.compare(length, other.length);
    }

    @Override
    public String toString() {
        return address + "/" + length;
    }
}
