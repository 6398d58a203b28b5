package io.towpath.ipam;

import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The addresses of a range set that nobody has, in the order in which they are to be given. */
final class FreeAddresses {
    /** So many taken addresses in a row are looked at one by one; then it is cheaper to list them all. */
    private static final int PROBES = 32;

    private final LeaseDirectory leases;
    private final RangeCursor cursor;
    private int probes;
    private @Nullable Set<IpAddress> taken;

    FreeAddresses(LeaseDirectory leases, RangeSet set, int number) throws LinuxException {
        this.leases = leases;
        cursor = new RangeCursor(set, leases.lastReserved(number));
    }

    /** The next one, null if there is no other. */
    @Nullable
    IpAddress next() throws LinuxException {
        for (IpAddress address = cursor.next(); address != null; address = cursor.next()) {
            if (!isTaken(address)) {
                return address;
            }
        }
        return null;
    }

    /** The range of the address given last. */
    Range range() {
        return cursor.range();
    }

    private boolean isTaken(IpAddress address) throws LinuxException {
        if (taken != null) {
            return taken.contains(address);
        }
        if (probes++ < PROBES) {
            return leases.isTaken(address);
        }
        Set<IpAddress> all = new HashSet<>(leases.addresses());
        taken = all;
        return all.contains(address);
    }
}
