package io.towpath.ipam;

import io.towpath.net.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of a set in the order in which they are tried: from the one after that leased last, through all ranges and
 * round, the gateways left out. A container in a crash loop thus sees an address again only after all others.
 */
final class RangeCursor {
    private final RangeSet set;
    private int index;
    private @Nullable IpAddress current;
    private @Nullable IpAddress origin;

    /** @param last the address leased last; null, or one outside the set, to begin with the first */
    RangeCursor(RangeSet set, @Nullable IpAddress last) {
        this.set = set;
        Range range = last == null ? null : set.rangeOf(last);
        if (range != null) {
            index = set.ranges().indexOf(range);
            current = last;
        }
    }

    /** The next address to try, null once every address was given. */
    @Nullable
    IpAddress next() {
        for (; ; ) {
            IpAddress address = advance();
            if (address.equals(origin)) {
                return null;
            }
            if (origin == null) {
                origin = address;
            }
            current = address;
            if (!address.equals(range().gateway())) {
                return address;
            }
        }
    }

    /** The range of the address given last. */
    Range range() {
        return set.ranges().get(index);
    }

    private IpAddress advance() {
        if (current == null) {
            return range().start();
        }
        if (current.equals(range().end())) {
            index = (index + 1) % set.ranges().size();
            return range().start();
        }
        return current.next();
    }
}
