package io.towpath.netlink.nft.table;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.fake.FakeRequest;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.ManagedTable.Outcome;
import io.towpath.netlink.nft.table.ManagedTable.Work;
import io.towpath.netlink.nft.table.TableManager.Remake;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a managed table asks the kernel for, and when it believes what it knows. */
class ManagedTableTest {
    private static final Table TABLE = Table.inet("managed");
    private static final Table OTHERS = Table.inet("others");
    private static final NftSet PEERS = NftSet.set(TABLE, "peers", DataType.IPV4);

    private final FakeKernel kernel = new FakeKernel();
    private final Nft others = kernel.namespace("node").openNft();
    private final Losing events = new Losing(kernel.namespace("node").nftEvents());
    private final List<Remake> remakes = new ArrayList<>();
    private final TableManager manager =
            new TableManager(kernel.namespace("node").openNft(), events, remakes::add);
    private final List<String> told = new ArrayList<>();
    private final ManagedTable table = manager.manage(TABLE, () -> told.add("table"));

    ManagedTableTest() throws NetlinkException {}

    /** Events of which some may be lost. */
    private static final class Losing implements NftEvents {
        private final NftEvents all;
        private boolean loses;

        private Losing(NftEvents all) {
            this.all = all;
        }

        @Override
        public void take(Consumer<NftEvent> listener) throws NetlinkException {
            all.take(loses ? _ -> {} : listener);
            if (loses) {
                loses = false;
                listener.accept(NftEvent.LOSS);
            }
        }

        @Override
        public void await(int milliseconds) {}

        @Override
        public void wake() {}

        @Override
        public void close() {}
    }

    private static Element peer(int number) {
        return Element.of(Value.of(IpAddress.parse("192.168.0." + number)));
    }

    private static TableState peers(int count) {
        return TableState.empty(TABLE)
                .withSet(new SetState(
                        PEERS,
                        Contents.Listed.of(IntStream.rangeClosed(1, count)
                                .mapToObj(ManagedTableTest::peer)
                                .toList())));
    }

    private List<String> reads() {
        return kernel.requests().stream()
                .filter(request -> !request.isWrite())
                .map(FakeRequest::text)
                .toList();
    }

    @Test
    void whatOthersWroteToTheirTablesIsNoReasonToRead() throws Exception {
        assertEquals(Outcome.CHANGED, table.sync(peers(2)));
        for (int i = 0; i < 20; i++) {
            others.commit(new Transaction().add(OTHERS));
        }
        kernel.forgetRequests();
        assertEquals(Outcome.CHANGED, table.sync(peers(3)));
        assertEquals(List.of(), reads());
        assertEquals(List.of(), told);
    }

    @Test
    void anothersTableOfTheSameManagerIsNoReasonToRead() throws Exception {
        ManagedTable another = manager.manage(OTHERS, () -> told.add("another"));
        table.sync(peers(2));
        another.sync(TableState.empty(OTHERS));
        kernel.forgetRequests();
        assertEquals(Outcome.STOOD, table.sync(peers(2)));
        assertEquals(Outcome.STOOD, another.sync(TableState.empty(OTHERS)));
        others.commit(new Transaction().add(PEERS, List.of(peer(9))));
        assertEquals(Outcome.STOOD, another.sync(TableState.empty(OTHERS)));
        assertEquals(List.of(), reads());
        assertEquals(List.of("table"), told, "by whoever has seen it");
        assertEquals(Outcome.REPAIRED, table.sync(peers(2)));
        assertEquals(new Work(2, 0), table.work());
    }

    @Test
    void whatOthersWroteToTheTableIsRepaired() throws Exception {
        table.sync(peers(2));
        others.commit(new Transaction().delete(PEERS, List.of(peer(2))));
        assertEquals(Outcome.REPAIRED, table.sync(peers(2)));
        others.commit(new Transaction().delete(TABLE));
        assertEquals(Outcome.REPAIRED, table.sync(peers(2)));
        assertEquals(Outcome.STOOD, table.sync(peers(2)));
        assertEquals(new Work(3, 0), table.work());
        assertEquals(List.of(), told, "nobody who knows it by himself");
    }

    @Test
    void thatOthersWroteIsToldAlsoIfMoreHasChanged() throws Exception {
        table.sync(peers(2));
        others.commit(new Transaction().delete(PEERS, List.of(peer(2))));
        assertEquals(Outcome.CHANGED_AND_REPAIRED, table.sync(peers(3)));
        others.commit(new Transaction().delete(TABLE));
        assertEquals(Outcome.CHANGED_AND_REPAIRED, table.sync(peers(4)));
        others.commit(new Transaction().add(OTHERS));
        assertEquals(Outcome.CHANGED, table.sync(peers(5)), "not to this table");
        assertEquals(Outcome.STOOD, table.sync(peers(5)));
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
        others.commit(new Transaction().delete(PEERS, List.of(peer(2))));
        events.loses = true;
        assertEquals(Outcome.REPAIRED, table.sync(peers(2)));
        assertEquals(new Work(2, 0), table.work());
    }

    /** As after a transaction of ten thousand elements, of which each is an event. */
    @Test
    void whenNewsOfItsOwnChangesWereLostNothingIsRead() throws Exception {
        table.sync(peers(2));
        events.loses = true;
        assertEquals(Outcome.CHANGED, table.sync(peers(3)));
        assertEquals(Outcome.STOOD, table.sync(peers(3)));
        assertEquals(Outcome.CHANGED, table.sync(peers(4)));
        assertEquals(new Work(1, 0), table.work());
    }

    /** As a set that others delete between its list and its elements: no reason to make all anew, which loses what passes. */
    @Test
    void whatGoesWhileItIsReadHasItReadAgain() throws Exception {
        table.sync(peers(2));
        others.commit(new Transaction().add(PEERS, List.of(peer(9))));
        kernel.forgetRequests();
        kernel.failRequest(2, Errno.ENOENT);
        assertEquals(Outcome.CHANGED_AND_REPAIRED, table.sync(peers(3)));
        assertEquals(List.of(), remakes);
        assertEquals(new Work(3, 0), table.work());
    }

    @Test
    void aTableThatIsMadeAnewIsToldWithTheReason() throws Exception {
        Chain forward = Chain.base(TABLE, "c", "filter", Hook.FORWARD, Chain.FILTER);
        others.commit(new Transaction().add(TABLE).add(Chain.base(TABLE, "c", "filter", Hook.INPUT, 7)));
        assertEquals(Outcome.CHANGED, table.sync(peers(2).withChain(new ChainState(forward, List.of()))));
        assertEquals(List.of(new Remake(TABLE, "its chain c hangs elsewhere", null)), remakes);
        assertEquals(new Work(1, 1), table.work());
    }
}
