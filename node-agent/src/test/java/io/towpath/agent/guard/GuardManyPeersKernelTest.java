package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.table.KeptTable;
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
                Nft nft = Nft.open(netNs)) {
            Guard guard = new Guard(nft, new GuardPolicy(true, true));
            DesiredOverlay all = Overlays.of(PEERS);
            report("made", KeptTable.Outcome.CHANGED, guard, all);
            int generation = nft.generation();
            report("looked at", KeptTable.Outcome.STOOD, guard, all);
            report("one peer more", KeptTable.Outcome.CHANGED, guard, Overlays.of(PEERS + 1));
            report("one peer fewer", KeptTable.Outcome.CHANGED, guard, all);
            assertEquals(generation + 2, nft.generation());
            report("read", KeptTable.Outcome.STOOD, new Guard(nft, new GuardPolicy(true, true)), all);
            assertEquals(generation + 2, nft.generation());
            node.execute("nft", "flush", "set", "inet", "towpath-overlay", "peers4");
            report("flushed set repaired", KeptTable.Outcome.REPAIRED, guard, all);
            node.execute("nft", "delete", "table", "inet", "towpath-overlay");
            report("deleted table repaired", KeptTable.Outcome.REPAIRED, guard, all);
            String listed = node.execute("nft", "list", "set", "inet", "towpath-overlay", "peers4");
            assertEquals(PEERS, listed.split("192\\.168\\.", -1).length - 1);
            assertTrue(listed.contains("192.168.19.137"), "the last one");
        }
    }

    private static void report(String what, KeptTable.Outcome outcome, Guard guard, DesiredOverlay overlay)
            throws NetlinkException {
        long began = System.nanoTime();
        assertEquals(outcome, guard.sync(overlay), what);
        System.out.println("guard of " + PEERS + " peers " + what + ": " + (System.nanoTime() - began) / 1000 + " us");
    }
}
