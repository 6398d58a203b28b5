package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.table.ManagedTable;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others write into the table, or beside it. */
@NeedsRoot
class PolicyTableAmidOthersKernelTest extends PolicyTableScene {
    PolicyTableAmidOthersKernelTest() throws NetlinkException {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete table inet towpath-policy",
                "flush ruleset",
                "add table inet towpath-policy { flags dormant; }",
                "flush table inet towpath-policy",
                "flush chain inet towpath-policy from-pod",
                "flush chain inet towpath-policy forward-to; delete chain inet towpath-policy forward-to",
                "flush map inet towpath-policy from-pod-4",
                "flush set inet towpath-policy sources-6",
                "flush map inet towpath-policy in-1-blocks-4",
                "delete element inet towpath-policy in-1-blocks-4 { 70.0.0.0/24 }",
                "delete element inet towpath-policy in-1-6 { fd02::1 }",
                "delete element inet towpath-policy in-1-4 { 10.2.0.2 };"
                        + " add element inet towpath-policy in-1-4 { 10.2.0.2 : accept }",
                "add element inet towpath-policy in-1-4 { 8.8.8.8 : accept }",
                "add element inet towpath-policy in-1-4 { * : accept }",
                "flush map inet towpath-policy output-from-4",
                "flush chain inet towpath-policy input-node",
                "flush set inet towpath-policy denied-out-6",
                "add element inet towpath-policy pods-4 { 8.8.8.8 }",
                "add element inet towpath-policy ports-in-web { udp . 1-9 : accept }",
                "insert rule inet towpath-policy in-1 accept",
                "insert rule inet towpath-policy forward-from ip saddr { 10.0.0.1, 10.0.0.2 } accept",
                "add chain inet towpath-policy more; insert rule inet towpath-policy from-pod jump more",
                "add chain inet towpath-policy more;"
                        + " add element inet towpath-policy in-1-4 { 8.8.8.8 : goto more };"
                        + " add rule inet towpath-policy more accept",
                "add chain inet towpath-policy more { type filter hook forward priority 0; policy drop; }",
                "add set inet towpath-policy more { type ipv4_addr; flags interval; }",
                "chain inet towpath-policy forward-from { policy drop; }",
                "insert rule inet towpath-policy from-pod meter m { ip saddr limit rate 1/second } accept",
                "insert rule inet towpath-policy from-pod tcp option maxseg size 100 accept",
                "flush chain inet towpath-policy in-1; delete map inet towpath-policy in-1-4;"
                        + " add set inet towpath-policy in-1-4 { type ipv4_addr; }",
            })
    void whatAStrangerChangesIsPutRight(String damage) throws Exception {
        table.sync(rich(7));
        String whole = list();
        nft(damage);
        assertNotEquals(whole, list());
        assertEquals(ManagedTable.Outcome.REPAIRED, table.sync(rich(7)));
        assertEquals(parts(whole), parts(list()));
        assertEquals(ManagedTable.Outcome.STOOD, table.sync(rich(7)));
    }

    /** Others write to tables of their own all the time: more often than 200 times a second, as often as the kernel takes it. */
    @Test
    void othersWhoWriteToOtherTablesCostNeitherCountersNorCuts() throws Exception {
        Table others = Table.inet("others");
        Flow cut = new Flow(IpAddress.parse("10.1.0.1"), IpAddress.parse("10.2.0.1"), TCP, 4000, 80);
        table.sync(rich(7));
        table.cut(List.of(cut));
        String handle = handle();
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong written = new AtomicLong();
        AtomicReference<@Nullable NetlinkException> failure = new AtomicReference<>();
        try (NetNs netNs = node.open();
                Nft writer = Nft.open(netNs)) {
            Thread writing = Thread.ofPlatform().start(() -> {
                try {
                    while (!ended.get()) {
                        writer.commit(new Transaction().add(others));
                        writer.commit(new Transaction().delete(others));
                        written.addAndGet(2);
                    }
                } catch (NetlinkException e) {
                    failure.set(e);
                }
            });
            long begun = System.nanoTime();
            for (int peers = 1; peers < 60; peers++) {
                assertEquals(ManagedTable.Outcome.CHANGED, table.sync(rich(7 + peers % 20 + 1)));
            }
            ended.set(true);
            writing.join();
            System.out.println(
                    "59 changes amid others' " + written + " in " + (System.nanoTime() - begun) / 1_000_000 + " ms");
        }
        assertNull(failure.get());
        assertTrue(written.get() > 59, "others wrote " + written + " times");
        assertEquals(handle, handle(), "the table is the same");
        assertTrue(nft("list", "set", "inet", PolicyTable.NAME, "cut-4").contains("10.1.0.1 . 10.2.0.1"));
        nft("delete element inet towpath-policy in-1-4 { 10.2.0.0 }");
        assertEquals(
                ManagedTable.Outcome.REPAIRED, table.sync(rich(7 + 59 % 20 + 1)), "others' changes are still seen");
    }

    @Test
    void anotherLayoutBecomesThisOneWithoutTheTableGoing() throws Exception {
        nft("""
                table inet towpath-policy {
                  comment "of another release"
                  map old { type ipv4_addr : verdict; elements = { 10.1.0.1 : goto old-profile }; }
                  set denied-out {
                    type ifname; counter limit rate 10/second burst 20 packets;
                    elements = { "cali00000000001" counter packets 5 bytes 5 limit rate 10/second burst 20 packets };
                  }
                  set sources-4 { type ipv4_addr; elements = { 10.1.0.1 }; }
                  chain old-profile { drop; }
                  chain from-pod { ip saddr vmap @old; ip saddr @sources-4 accept; }
                  chain forward-from { type filter hook forward priority filter - 5; iifname "cali*" jump from-pod; }
                }""");
        int generation = nft.generation();
        String handle = handle();
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(rich(7)));
        assertEquals(generation + 1, nft.generation(), "in one transaction");
        assertEquals(handle, handle(), "in place");
        String mended = list();
        nft("delete", "table", "inet", PolicyTable.NAME);
        table(OPTIONS).sync(rich(7));
        assertEquals(parts(list()), parts(mended.replace("\tcomment \"of another release\"\n", "")));
    }

    private String handle() {
        return nft("-a", "list", "tables").replaceFirst("(?s).*towpath-policy # handle (\\d+).*", "$1");
    }

    @Test
    void aBaseChainThatHangsElsewhereHasTheTableMadeAnewAtOnce() throws Exception {
        nft("add table inet towpath-policy;"
                + " add chain inet towpath-policy input { type filter hook input priority 7; }");
        int generation = nft.generation();
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(rich(7)));
        assertEquals(generation + 1, nft.generation());
        assertTrue(list().contains("type filter hook input priority filter - 5; policy accept;"));
    }

    @Test
    void strangersTablesAreLeftAlone() throws Exception {
        nft("add table inet others; add set inet others s { type ipv4_addr; elements = { 10.0.0.1 }; };"
                + " add chain inet others c { type filter hook input priority 0; };"
                + " add rule inet others c ip saddr @s accept;"
                + " add table ip towpath-policy; add chain ip towpath-policy input; add table inet towpath-hostports");
        String before = list();
        table.sync(rich(7));
        table.sync(rich(4));
        nft("delete table inet towpath-policy");
        assertEquals(before, list());
        table.sync(rich(4));
        nft("delete table inet towpath-policy");
        assertEquals(before, list());
    }

    @Test
    void othersChangesOfTheTableAreToldFromOwnOnesAndFromAnyElse() throws Exception {
        AtomicInteger told = new AtomicInteger();
        PolicyTable watched = new PolicyTable(tables, OPTIONS, told::incrementAndGet);
        PolicyTable another = table(OPTIONS.onTrial());
        watched.sync(rich(7));
        watched.sync(rich(4));
        another.sync(rich(1));
        assertEquals(0, told.get(), "own changes");
        nft("add table inet others; add chain inet others c");
        another.sync(rich(2));
        assertEquals(0, told.get(), "others' changes of their own");
        nft("add element inet towpath-policy in-1-4 { 8.8.8.8 : accept }");
        another.sync(rich(3));
        assertEquals(1, told.get());
        assertEquals(ManagedTable.Outcome.REPAIRED, watched.sync(rich(4)));
        another.sync(rich(2));
        assertEquals(1, told.get(), "the repair");
        assertFalse(list().contains("8.8.8.8"));
        assertEquals(new ManagedTable.Work(2, 0), watched.work());
    }
}
