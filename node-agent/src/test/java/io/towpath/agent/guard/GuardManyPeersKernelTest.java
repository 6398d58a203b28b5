package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.overlay.DesiredOverlay;
import org.junit.jupiter.api.Test;

/** The table of a node with 5,000 peers on the real kernel; how long everything took is reported. */
@NeedsRoot
class GuardManyPeersKernelTest {
    private static final int PEERS = 5_000;

    @Test
    void manyPeersAreOneTransaction() throws Exception {
        try (TestNamespace node = new TestNamespace();
                NetNs netNs = node.open();
                Nft nft = Nft.open(netNs);
                TableManager tables = TableManager.open(netNs, GuardManyPeersKernelTest::remade);
                TableManager again = TableManager.open(netNs, GuardManyPeersKernelTest::remade)) {
            Guard guard = guard(tables);
            DesiredOverlay all = Overlays.of(PEERS);
            report("made", ManagedTable.Outcome.CHANGED, guard, all);
            int generation = nft.generation();
            report("looked at", ManagedTable.Outcome.STOOD, guard, all);
            report("one peer more", ManagedTable.Outcome.CHANGED, guard, Overlays.of(PEERS + 1));
            report("one peer fewer", ManagedTable.Outcome.CHANGED, guard, all);
            assertEquals(generation + 2, nft.generation());
            report("read", ManagedTable.Outcome.STOOD, guard(again), all);
            assertEquals(generation + 2, nft.generation());
            node.execute("nft", "flush", "set", "inet", "towpath-overlay", "peers4");
            report("flushed set repaired", ManagedTable.Outcome.REPAIRED, guard, all);
            node.execute("nft", "delete", "table", "inet", "towpath-overlay");
            report("deleted table repaired", ManagedTable.Outcome.REPAIRED, guard, all);
            String listed = node.execute("nft", "list", "set", "inet", "towpath-overlay", "peers4");
            assertEquals(PEERS, listed.split("192\\.168\\.", -1).length - 1);
            assertTrue(listed.contains("192.168.19.137"), "the last one");
        }
    }

    private static void remade(TableManager.Remake remake) {
        throw new AssertionError(remake);
    }

    private static Guard guard(TableManager tables) {
        return new Guard(tables, new GuardPolicy(true, true), () -> {});
    }

    private static void report(String what, ManagedTable.Outcome outcome, Guard guard, DesiredOverlay overlay)
            throws NetlinkException {
        long began = System.nanoTime();
        assertEquals(outcome, guard.sync(overlay), what);
        System.out.println("guard of " + PEERS + " peers " + what + ": " + (System.nanoTime() - began) / 1000 + " us");
    }
}
