package io.towpath.cni.ports;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the table held when it was looked at.
 *
 * @param revision the number that every change of ours replaces; null if there is none yet
 * @param entries what is in the sets; nothing if there is no table, or another of its name
 */
record HostPortView(@Nullable Value revision, List<Entry> entries) {
    static HostPortView read(Nft nft) throws NetlinkException {
        List<NftSet> present = nft.sets(HostPortTable.TABLE);
        Value revision = null;
        if (HostPortTable.isAmong(HostPortTable.REVISION, present)) {
            for (Element element : nft.elements(HostPortTable.REVISION)) {
                revision = element.key();
            }
        }
        List<Entry> entries = new ArrayList<>();
        for (NftSet set : HostPortTable.SETS) {
            if (HostPortTable.isAmong(set, present)) {
                for (Element element : nft.elements(set)) {
                    entries.add(new Entry(set, element));
                }
            }
        }
        return new HostPortView(revision, entries);
    }

    /**
     * Begins a transaction that fails if the table is not what was looked at: with ENOENT, EEXIST or, as there is room for one revision
     * only, ENFILE. Others may write to their tables meanwhile.
     */
    Transaction begin() {
        Transaction transaction = new Transaction();
        return revision == null
                ? transaction
                : transaction.delete(HostPortTable.REVISION, List.of(Element.of(revision)));
    }

    /**
     * Ends it. The revision after each is the one more, so none comes back while the table is there.
     *
     * @param generation of the ruleset: what a table without a revision begins with
     */
    void end(Transaction transaction, int generation) {
        int next = revision == null
                ? generation
                : ByteBuffer.wrap(revision.bytes())
                                .order(ByteOrder.nativeOrder())
                                .getInt()
                        + 1;
        transaction.add(HostPortTable.REVISION).create(HostPortTable.REVISION, List.of(Element.of(Value.u32(next))));
    }

    /** Whether both show the same, in whatever order. */
    boolean isSame(HostPortView other) {
        return Objects.equals(revision, other.revision) && new HashSet<>(entries).equals(new HashSet<>(other.entries));
    }
}
