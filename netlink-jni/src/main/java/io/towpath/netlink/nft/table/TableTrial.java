package io.towpath.netlink.nft.table;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Transaction;
import org.jspecify.annotations.Nullable;

/** Whether the kernel takes a table, found out without making it. */
public final class TableTrial {
    private static final int ANY_GENERATION = 0;

    private TableTrial() {}

    /**
     * Tries a table that is not there, with all that is in it, in a transaction that fails at its end: nothing of it is ever in force, and nobody is
     * told of it.
     *
     * @return what the kernel refuses; null if it takes all
     * @throws NetlinkException if nftables cannot be asked at all
     */
    public static @Nullable NetlinkException refusal(Nft nft, TableState desired) throws NetlinkException {
        Transaction transaction = TablePlan.between(desired, null, ANY_GENERATION);
        try {
            nft.commit(transaction.create(desired.table()));
        } catch (NetlinkException e) {
            // The first failure: that of the end, if there is no other.
            return e.is(Errno.EEXIST) ? null : e;
        }
        throw new IllegalStateException("table " + desired.table() + " was made twice");
    }
}
