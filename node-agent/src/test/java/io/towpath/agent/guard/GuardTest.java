package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Transport;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.fake.FakeRequest;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the guard asks and sends, without root. */
class GuardTest {
    private final FakeKernel kernel = new FakeKernel();
    private final Nft others = kernel.namespace("node").openNft();
    private final List<TableManager.Remake> remakes = new ArrayList<>();
    private final Guard guard = guard();

    GuardTest() throws NetlinkException {}

    private Guard guard() throws NetlinkException {
        return guard(kernel.namespace("node").openNft());
    }

    private Guard guard(Nft nft) throws NetlinkException {
        TableManager tables = new TableManager(nft, kernel.namespace("node").nftEvents(), remakes::add);
        return new Guard(tables, new GuardPolicy(true, true), () -> {});
    }

    private List<String> requests() {
        return kernel.requests().stream().map(FakeRequest::text).toList();
    }

    @Test
    void asLongAsNothingChangesItAsksForNothing() throws NetlinkException {
        assertEquals(ManagedTable.Outcome.CHANGED, guard.sync(Overlays.of(3)));
        kernel.forgetRequests();
        assertEquals(ManagedTable.Outcome.STOOD, guard.sync(Overlays.of(3)));
        assertEquals(List.of(), requests());
    }

    @Test
    void whenOnlyTheClusterChangesNothingIsRead() throws NetlinkException {
        guard.sync(Overlays.of(3));
        kernel.forgetRequests();
        assertEquals(ManagedTable.Outcome.CHANGED, guard.sync(Overlays.of(4)));
        assertEquals(1, kernel.writes().size(), () -> kernel.writes().toString());
        assertEquals(1, requests().size(), () -> requests().toString());
    }

    @Test
    void anotherStartFindsTheTableAndKeepsIt() throws NetlinkException {
        guard.sync(Overlays.of(3));
        kernel.forgetRequests();
        assertEquals(ManagedTable.Outcome.STOOD, guard().sync(Overlays.of(3)));
        assertEquals(List.of(), kernel.writes());
        assertEquals(ManagedTable.Outcome.CHANGED, guard().sync(Overlays.of(2)), "a peer vanished while no agent ran");
        assertEquals(1, kernel.writes().size());
    }

    @Test
    void whatTheKernelRefusesIsTriedAgainByTheNextSync() throws NetlinkException {
        kernel.failRequests("rule append", Errno.EPERM);
        assertTrue(assertThrows(NetlinkException.class, () -> guard.sync(Overlays.of(3)))
                .is(Errno.EPERM));
        assertEquals(List.of(), others.tables(), "all or nothing");
        kernel.heal();
        assertEquals(ManagedTable.Outcome.CHANGED, guard.sync(Overlays.of(3)));
        others.commit(new Transaction().flush(GuardRules.TABLE));
        kernel.failRequests("rule append", Errno.EPERM);
        assertThrows(NetlinkException.class, () -> guard.sync(Overlays.of(3)));
        kernel.heal();
        assertEquals(ManagedTable.Outcome.REPAIRED, guard.sync(Overlays.of(3)));
    }

    /** Has others write between the reading and the writing of a guard, so many times. */
    private Guard interrupted(int times) throws NetlinkException {
        Transport direct = kernel.namespace("node").nftTransport();
        Transport racing = new Transport() {
            private int left = times;

            @Override
            public void send(ByteBuffer datagram) throws NetlinkException {
                // A batch is the only datagram of more than one message.
                boolean isBatch = datagram.getInt(datagram.position()) < datagram.remaining();
                if (isBatch && left > 0) {
                    left--;
                    others.commit(new Transaction()
                            .add(GuardRules.TABLE)
                            .delete(GuardRules.TABLE)
                            .add(Table.inet("theirs" + left)));
                }
                direct.send(datagram);
            }

            @Override
            public int receive(ByteBuffer buffer) throws NetlinkException {
                return direct.receive(buffer);
            }

            @Override
            public int portId() {
                return direct.portId();
            }

            @Override
            public void close() {
                direct.close();
            }
        };
        return guard(new Nft(racing));
    }

    @Test
    void whatIsWrittenAfterItHasReadIsReadAgain() throws NetlinkException {
        guard.sync(Overlays.of(3));
        // The element that it is about to add would fail, or a table be left without rules.
        assertEquals(ManagedTable.Outcome.CHANGED, interrupted(1).sync(Overlays.of(4)));
        assertEquals(ManagedTable.Outcome.STOOD, guard().sync(Overlays.of(4)));
        assertEquals(2, others.tables().size());
    }

    @Test
    void othersWhoWriteWithoutEndDoNotKeepItFromBeingRight() throws NetlinkException {
        Guard guard = interrupted(100);
        assertEquals(ManagedTable.Outcome.CHANGED, guard.sync(Overlays.of(3)));
        assertEquals(ManagedTable.Outcome.STOOD, guard().sync(Overlays.of(3)));
        kernel.interruptDumps(1_000_000);
        assertEquals(ManagedTable.Outcome.CHANGED, guard().sync(Overlays.of(4)));
        kernel.heal();
        assertEquals(
                ManagedTable.Outcome.STOOD, guard.sync(Overlays.of(4)), "it reads again, as it knows no generation");
    }
}
