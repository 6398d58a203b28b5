package io.towpath.netlink.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import java.util.List;
import org.junit.jupiter.api.Test;

class FakeNftContractTest extends NftContract {
    private final FakeKernel kernel = new FakeKernel();
    private final Nft nft = kernel.namespace("node").openNft();

    @Override
    Nft nft() {
        return nft;
    }

    @Test
    void keepsTheTextsOfWhatIsAskedFor() throws Exception {
        Table table = Table.inet("t");
        Chain input = Chain.base(table, "input", "filter", Hook.INPUT, Chain.FILTER);
        Transaction transaction = new Transaction()
                .add(table)
                .add(input)
                .append(Rule.in(input).udp().dport(8472).comment("guard").drop());
        nft.commit(transaction);
        assertEquals(transaction.toString(), String.join("\n", kernel.writes()) + "\n");
    }

    @Test
    void injectedFaultUndoesAll() throws Exception {
        kernel.failRequests("chain add", Errno.ENOMEM);
        Table table = Table.inet("t");
        Transaction transaction = new Transaction().add(table).add(Chain.of(table, "c"));
        assertThrows(NetlinkException.class, () -> nft.commit(transaction));
        assertEquals(List.of(), nft.tables());
    }
}
