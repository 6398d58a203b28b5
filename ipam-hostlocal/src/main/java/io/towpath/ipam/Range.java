package io.towpath.ipam;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * Addresses of one subnet that may be leased.
 *
 * @param subnet the subnet, without host bits
 * @param start the first address, inclusive
 * @param end the last address, inclusive
 * @param gateway never leased, even where it is between start and end
 */
public record Range(IpPrefix subnet, IpAddress start, IpAddress end, IpAddress gateway) {

    /**
     * Fills in what is absent: the gateway and the start are the subnet's first address, the end its last, for IPv4 the
     * last before the broadcast address.
     *
     * @throws IpamException code 7 if the range is not consistent
     */
    static Range of(IpPrefix subnet, @Nullable IpAddress start, @Nullable IpAddress end, @Nullable IpAddress gateway)
            throws IpamException {
        if (subnet.length() > subnet.address().bits() - 2) {
            throw invalid("Network " + subnet + " too small to allocate from");
        }
        if (!subnet.isNetwork()) {
            throw invalid("Network has host bits set. For a subnet mask of length " + subnet.length()
                    + " the network address is " + subnet.network().address());
        }
        IpAddress first = subnet.address().next();
        IpAddress last = subnet.address().ipv6() ? subnet.last() : subnet.last().previous();
        if (start != null && (!subnet.contains(start) || (end != null && start.compareTo(end) > 0))) {
            throw invalid("RangeStart " + start + " not in network " + subnet);
        }
        IpAddress from = start == null ? first : start;
        if (end != null && (!subnet.contains(end) || end.compareTo(from) < 0)) {
            throw invalid("RangeEnd " + end + " not in network " + subnet);
        }
        return new Range(subnet, from, end == null ? last : end, gateway == null ? first : gateway);
    }

    private static IpamException invalid(String message) {
        return new IpamException(IpamException.INVALID_CONFIG, message);
    }

    /** Whether the address is between start and end. */
    public boolean contains(IpAddress address) {
        return subnet.contains(address) && address.compareTo(start) >= 0 && address.compareTo(end) <= 0;
    }

    boolean overlaps(Range other) {
        return contains(other.start) || contains(other.end) || other.contains(start) || other.contains(end);
    }

    /** The number of addresses that can be leased; {@link Long#MAX_VALUE} stands for any more. */
    public long capacity() {
        long upper = end.high() - start.high() - (Long.compareUnsigned(end.low(), start.low()) < 0 ? 1 : 0);
        long lower = end.low() - start.low();
        if (upper != 0 || lower < 0 || lower == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        return lower + (contains(gateway) ? 0 : 1);
    }

    /** First and last address with a hyphen between them. */
    @Override
    public String toString() {
        return start + "-" + end;
    }
}
