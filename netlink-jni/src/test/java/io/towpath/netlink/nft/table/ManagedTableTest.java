package io.towpath.netlink.nft.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.fake.FakeRequest;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
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
        assertEquals(List.of(new Remake(TABLE, true, "its chain c hangs elsewhere", null)), remakes);
        assertEquals(new Work(1, 1), table.work());
    }

    private static final NftSet CUT = NftSet.set(TABLE, "cut", DataType.IPV4).withTimeout(86_400_000);

    private static final Chain FORWARD = Chain.base(TABLE, "c", "filter", Hook.FORWARD, Chain.FILTER);

    /** A chain that counts, and a set of which nobody knows what is in it. */
    private static TableState counting() {
        Rule rule = Rule.in(FORWARD).udp().dport(7).counter().drop();
        return TableState.empty(TABLE)
                .withSet(new SetState(CUT, new Contents.Passing()))
                .withChain(new ChainState(FORWARD, List.of(rule)));
    }

    /** Has the table of {@link #counting} with 7 packets and an element, and a chain that cannot be mended. */
    private void makeBySomebodyElse() throws NetlinkException {
        Chain elsewhere = Chain.base(TABLE, "c", "filter", Hook.INPUT, 7);
        Rule counted = new Rule(
                TABLE,
                "c",
                Rule.in(FORWARD).udp().dport(7).counter().drop().expressions().stream()
                        .map(step -> step instanceof Counter ? new Counter(7, 77) : step)
                        .toList(),
                "",
                0);
        others.commit(new Transaction()
                .add(TABLE)
                .add(CUT)
                .add(CUT, List.of(peer(1).withExpiration(5_000)))
                .add(elsewhere)
                .append(counted));
    }

    private String rules() throws NetlinkException {
        return others.rules(TABLE).toString();
    }

    @Test
    void whatCannotBeMendedKeepsWhatPassesAndWhatWasCounted() throws Exception {
        makeBySomebodyElse();
        table.sync(counting());
        assertEquals(List.of(new Remake(TABLE, true, "its chain c hangs elsewhere", null)), remakes);
        assertEquals(List.of(peer(1).withExpiration(5_000)), others.elements(CUT));
        assertTrue(rules().contains("counter pkts 7 bytes 77"), rules());
    }

    @Test
    void whereTheKernelRefusesCountersWhatPassesStays() throws Exception {
        makeBySomebodyElse();
        kernel.failRequests("pkts 7", Errno.EINVAL);
        table.sync(counting());
        assertEquals(1, remakes.size());
        String lost = String.valueOf(remakes.getFirst().lost());
        assertTrue(lost.startsWith("all that was counted: ") && !lost.contains("passes"), lost);
        assertEquals(List.of(peer(1).withExpiration(5_000)), others.elements(CUT));
        assertTrue(rules().contains("counter pkts 0 bytes 0"), rules());
    }

    @Test
    void whereTheKernelRefusesAllOfItTheTableIsMadeBare() throws Exception {
        makeBySomebodyElse();
        kernel.failRequests("pkts 7", Errno.EINVAL);
        kernel.failRequests("element add", Errno.EINVAL);
        table.sync(counting());
        String lost = String.valueOf(remakes.getFirst().lost());
        assertTrue(lost.contains("all that was counted: ") && lost.contains("all that passes: "), lost);
        assertEquals(List.of(), others.elements(CUT));
        assertEquals(Outcome.STOOD, table.sync(counting()));
    }

    @Test
    void whatPassesIsReadAgainWhileTheKernelIsShortOfSomething() throws Exception {
        for (int errno : new int[] {Errno.ENOMEM, Errno.EINTR}) {
            makeBySomebodyElse();
            table.sync(counting());
            others.commit(new Transaction().delete(TABLE));
            makeBySomebodyElse();
            kernel.forgetRequests();
            kernel.failRequest(4, errno); // tables, sets, chains, rules were read
            remakes.clear();
            table.sync(counting());
            kernel.heal();
            assertEquals(List.of(new Remake(TABLE, true, "its chain c hangs elsewhere", null)), remakes);
            assertEquals(List.of(peer(1).withExpiration(5_000)), others.elements(CUT));
            others.commit(new Transaction().delete(TABLE));
        }
    }

    /** As one with a chain that this library does not understand. */
    @Test
    void aTableThatCannotBeReadAsAWholeKeepsWhatPassesAndWhatWasCounted() throws Exception {
        makeBySomebodyElse();
        kernel.failRequests("chain list", Errno.EBADMSG);
        table.sync(counting());
        kernel.heal();
        assertEquals(1, remakes.size());
        assertNull(remakes.getFirst().lost());
        assertEquals(List.of(peer(1).withExpiration(5_000)), others.elements(CUT));
        assertTrue(rules().contains("counter pkts 7 bytes 77"), rules());
    }

    @Test
    void whatPassesGoesOnInASetOfAnotherKind() throws Exception {
        NftSet shorter = NftSet.set(TABLE, "cut", DataType.IPV4).withTimeout(60_000);
        others.commit(new Transaction().add(TABLE).add(shorter).add(shorter, List.of(peer(1).withExpiration(5_000))));
        assertEquals(Outcome.CHANGED, table.sync(counting()));
        assertEquals(List.of(peer(1).withTimeout(60_000).withExpiration(5_000)), others.elements(CUT));
        assertEquals(86_400_000, others.sets(TABLE).getFirst().timeoutMillis());
        assertEquals(List.of(), remakes);
        assertEquals(Outcome.STOOD, table.sync(counting()));
    }

    @Test
    void whatDoesNotFitIntoASetOfAnotherKindIsTold() throws Exception {
        NftSet longer = NftSet.set(TABLE, "cut", DataType.IPV6).withTimeout(60_000);
        others.commit(new Transaction()
                .add(TABLE)
                .add(longer)
                .add(longer, List.of(Element.of(Value.of(IpAddress.parse("fd00::1"))))));
        assertEquals(Outcome.CHANGED, table.sync(counting()));
        assertEquals(List.of(), others.elements(CUT));
        assertEquals(
                List.of(new Remake(
                        TABLE,
                        false,
                        "they were of another kind",
                        "set cut: 1 of 1 elements, as they do not fit into what it is to be")),
                remakes);
    }
}
