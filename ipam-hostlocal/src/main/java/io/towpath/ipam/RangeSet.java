package io.towpath.ipam;

import io.towpath.net.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of one family that serve as one pool: an attachment gets one address out of each set.
 *
 * @param ranges at least one, disjoint
 */
public record RangeSet(List<Range> ranges) {

    /** @throws IpamException code 7 if the ranges cannot make up one set */
    static RangeSet of(List<Range> ranges) throws IpamException {
        if (ranges.isEmpty()) {
            throw new IpamException(IpamException.INVALID_CONFIG, "empty range set");
        }
        for (int i = 0; i < ranges.size(); i++) {
            Range range = ranges.get(i);
            if (range.start().ipv6() != ranges.getFirst().start().ipv6()) {
                throw new IpamException(IpamException.INVALID_CONFIG, "mixed address families");
            }
            for (Range other : ranges.subList(i + 1, ranges.size())) {
                if (range.overlaps(other)) {
                    throw new IpamException(
                            IpamException.INVALID_CONFIG, "subnets " + range + " and " + other + " overlap");
                }
            }
        }
        return new RangeSet(List.copyOf(ranges));
    }

    boolean ipv6() {
        return ranges.getFirst().start().ipv6();
    }

    /** The range that an address is in, null if there is none. */
    public @Nullable Range rangeOf(IpAddress address) {
        for (Range range : ranges) {
            if (range.contains(address)) {
                return range;
            }
        }
        return null;
    }

    /** Whether the address is in one of the ranges. */
    public boolean contains(IpAddress address) {
        return rangeOf(address) != null;
    }

    /** Whether an attachment can get the address: it is in one of the ranges and no gateway. */
    boolean canGive(IpAddress address) {
        Range range = rangeOf(address);
        return range != null && !address.equals(range.gateway());
    }

    boolean overlaps(RangeSet other) {
        for (Range range : ranges) {
            for (Range theirs : other.ranges) {
                if (range.overlaps(theirs)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The number of addresses that can be leased; {@link Long#MAX_VALUE} stands for any more. */
    public long capacity() {
        long sum = 0;
        for (Range range : ranges) {
            long capacity = range.capacity();
            sum = capacity > Long.MAX_VALUE - sum ? Long.MAX_VALUE : sum + capacity;
        }
        return sum;
    }

    /** The ranges with commas between them. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Range range : ranges) {
            text.append(text.isEmpty() ? "" : ",").append(range);
        }
        return text.toString();
    }
}
