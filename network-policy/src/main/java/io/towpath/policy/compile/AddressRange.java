package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The addresses first to last, of the same family. */
record AddressRange(IpAddress first, IpAddress last) {
    static AddressRange of(IpPrefix prefix) {
        return new AddressRange(prefix.network().address(), prefix.last());
    }

    static AddressRange of(IpAddress address) {
        return new AddressRange(address, address);
    }

    boolean isSingle() {
        return first.equals(last);
    }

    boolean contains(IpAddress address) {
        return address.ipv6() == first.ipv6() && first.compareTo(address) <= 0 && address.compareTo(last) <= 0;
    }

    /** What is left of it without some of it. */
    List<AddressRange> without(List<AddressRange> holes) {
        List<AddressRange> rest = new ArrayList<>();
        IpAddress from = first;
        for (AddressRange hole :
                holes.stream().sorted(Comparator.comparing(AddressRange::first)).toList()) {
            if (hole.first.compareTo(from) > 0) {
                rest.add(new AddressRange(from, hole.first.previous()));
            }
            if (hole.last.compareTo(last) >= 0) {
                return rest;
            }
            // Holes may be in one another.
            from = hole.last.compareTo(from) < 0 ? from : hole.last.next();
        }
        rest.add(new AddressRange(from, last));
        return rest;
    }
}
