package io.towpath.ipam;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What became of another network's leases.
 *
 * @param leases what is leased here now, to the same attachments, and no more there
 * @param twice what is leased there and, to somebody else, here
 */
public record Takeover(List<Lease> leases, List<Lease> twice) {
    public Takeover {
        leases = List.copyOf(leases);
        twice = List.copyOf(twice);
    }

    /** What is done while nobody can lease an address of either network. */
    @FunctionalInterface
    public interface Switch {
        void run() throws IOException;
    }

    /**
     * Moves the leases of a network to another one of the same addresses, so that nobody else gets these. Both are locked, against the
     * reference plugin too, and at every moment one of them has each lease. An index of either is made anew with its next use, as
     * after others' changes.
     *
     * @param between done when all is leased in both; if it fails, that stays so, which harms nobody
     */
    public static Takeover of(HostLocal from, HostLocal into, Switch between) throws IOException {
        List<Lease> taken = new ArrayList<>();
        List<Lease> twice = new ArrayList<>();
        try (Disk.Lock _ = into.leases.lock()) {
            if (!from.leases.isFolder()) {
                between.run();
                return new Takeover(taken, twice);
            }
            try (Disk.Lock _ = from.leases.lock()) {
                for (LeaseFile theirs : from.leases.files()) {
                    if (theirs.isLease()) {
                        (lease(theirs, into.leases) ? taken : twice).add(theirs.lease());
                    }
                }
                between.run();
                for (Lease lease : taken) {
                    from.leases.remove(lease.address());
                }
            }
        }
        return new Takeover(taken, twice);
    }

    /** False if somebody else has it. */
    private static boolean lease(LeaseFile theirs, LeaseDirectory into) throws IOException {
        into.publish(theirs.address(), theirs.attachment());
        LeaseFile here = into.find(theirs.address());
        return here != null && here.attachment().equals(theirs.attachment());
    }
}
