package io.towpath.netlink.nft.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.fake.FakeRequest;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftEvent.Kind;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.KeptTable.Outcome;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a kept table asks the kernel for, and when it believes what it knows. */
class KeptTableTest {
    private static final Table TABLE = Table.inet("kept");
    private static final Table OTHERS = Table.inet("others");
    private static final NftSet PEERS = NftSet.set(TABLE, "peers", DataType.IPV4);

    private final FakeKernel kernel = new FakeKernel();
    private final Nft nft = kernel.namespace("node").openNft();
    private final KeptTable table = new KeptTable(nft, TABLE);

    private static Element peer(int number) {
        return Element.of(Value.of(IpAddress.parse("192.168.0." + number)));
    }

    private static TableState peers(int count) {
        return TableState.empty(TABLE)
                .withSet(new SetState(
                        PEERS,
                        Contents.Listed.of(IntStream.rangeClosed(1, count)
                                .mapToObj(KeptTableTest::peer)
                                .toList())));
    }

    /** What was read, but for the generation, which is asked for each time. */
    private List<String> reads() {
        return kernel.requests().stream()
                .filter(request -> !request.isWrite())
                .map(FakeRequest::text)
                .filter(text -> !text.startsWith("generation"))
                .toList();
    }

    private boolean tell(Kind kind, Table of, int generation) {
        return table.concerns(new NftEvent(kind, false, of, generation, 0));
    }

    private void othersWrite() throws NetlinkException {
        nft.commit(new Transaction().add(OTHERS));
        assertFalse(tell(Kind.TABLE, OTHERS, 0));
        assertFalse(tell(Kind.GENERATION, OTHERS, nft.generation()));
    }

    @Test
    void whatOthersWroteToTheirTablesIsNoReasonToRead() throws Exception {
        assertEquals(Outcome.CHANGED, table.sync(peers(2)));
        othersWrite();
        kernel.forgetRequests();
        assertEquals(Outcome.CHANGED, table.sync(peers(3)));
        assertEquals(List.of(), reads());
    }

    @Test
    void whatIsDoneBesideItIsNoReasonToRead() throws Exception {
        table.sync(peers(2));
        table.also(new Transaction().create(PEERS, List.of(peer(9))));
        kernel.forgetRequests();
        table.sync(peers(3));
        assertEquals(List.of(), reads());
    }

    @Test
    void whenNewsWereLostItIsReadAgain() throws Exception {
        table.sync(peers(2));
        kernel.forgetRequests();
        assertTrue(tell(Kind.LOST, OTHERS, 0));
        assertEquals(Outcome.STOOD, table.sync(peers(2)));
        assertFalse(reads().isEmpty());
    }

    /** As a set that others delete between its list and its elements: no reason to make all anew, which loses what passes. */
    @Test
    void whatGoesWhileItIsReadHasItReadAgain() throws Exception {
        table.sync(peers(2));
        nft.commit(new Transaction().add(OTHERS));
        kernel.forgetRequests();
        kernel.failRequest(1, Errno.ENOENT);
        assertEquals(Outcome.CHANGED, table.sync(peers(3)));
        assertEquals(
                List.of(),
                kernel.writes().stream()
                        .filter(write -> write.contains("delete"))
                        .toList(),
                () -> kernel.requests().toString());
    }
}
