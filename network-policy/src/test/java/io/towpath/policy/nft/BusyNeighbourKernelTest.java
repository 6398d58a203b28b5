package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Ruleset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Somebody who writes to a table of his own 600 times a second, and a policy round every 0.2 s. */
@NeedsRoot
class BusyNeighbourKernelTest extends PolicyTableScene {
    private static final int PER_SECOND = 600;
    private static final int ROUNDS = 50;
    private static final int WRITES_PER_ROUND = 120;
    private static final int MANY = 2_001;
    private static final NftSet THEIRS = NftSet.set(Table.inet("others"), "s", DataType.IPV4);

    private final AtomicInteger written = new AtomicInteger();
    private final AtomicReference<@Nullable NetlinkException> failure = new AtomicReference<>();

    BusyNeighbourKernelTest() throws NetlinkException {}

    private static IpAddress address(int number) {
        return IpAddress.parse("10.9." + number / 250 + "." + (1 + number % 250));
    }

    private static Ruleset open(int peers) {
        Map<IpAddress, Outcome> addresses = new LinkedHashMap<>();
        IntStream.range(0, peers).forEach(i -> addresses.put(address(i), Outcome.ALLOW));
        Profile ingress = new Profile("in-1", Direction.INGRESS, addresses, null, List.of(), Outcome.DENY);
        return new Rulesets()
                .with(new Endpoint("cali00000000001", IpAddress.parse("10.1.0.1")), ingress, null)
                .build();
    }

    private static List<Flow> flows() {
        return IntStream.range(0, MANY)
                .mapToObj(i -> new Flow(address(i), IpAddress.parse("10.1.0.1"), TCP, 4000, 80))
                .toList();
    }

    private void write(Nft writer) {
        List<Element> element = List.of(Element.of(Value.of(IpAddress.parse("10.0.0.1"))));
        long begun = System.nanoTime();
        try {
            writer.commit(new Transaction().add(THEIRS.table()).add(THEIRS));
            for (int i = 0; i < ROUNDS * WRITES_PER_ROUND; i++) {
                long next = begun + i * 1_000_000_000L / PER_SECOND;
                LockSupport.parkNanos(next - System.nanoTime());
                Transaction change = new Transaction();
                writer.commit(i % 2 == 0 ? change.add(THEIRS, element) : change.delete(THEIRS, element));
                written.incrementAndGet();
            }
        } catch (NetlinkException e) {
            failure.set(e);
        }
    }

    @Test
    void costsNeitherAReadNorWhatIsCut() throws Exception {
        table.sync(open(MANY));
        table.cut(flows());
        try (NetNs netNs = node.open();
                Nft writer = Nft.open(netNs)) {
            Thread writing = Thread.ofPlatform().start(() -> write(writer));
            for (int round = 1; round <= ROUNDS; round++) {
                while (written.get() < round * WRITES_PER_ROUND && writing.isAlive()) {
                    LockSupport.parkNanos(1_000_000);
                }
                assertEquals(ManagedTable.Outcome.CHANGED, table.sync(open(MANY - round % 2)));
            }
            writing.join();
        }
        assertNull(failure.get());
        assertEquals(List.of(), remakes);
        assertEquals(new ManagedTable.Work(1, 0), table.work(), "read at the start alone");
        String cuts = nft("list", "set", "inet", PolicyTable.NAME, "cut-4");
        assertEquals(MANY, cuts.split(" expires ", -1).length - 1);
        nft("delete element inet towpath-policy in-1-4 { 10.9.0.1 }");
        assertEquals(ManagedTable.Outcome.REPAIRED, table.sync(open(MANY)), "what concerns the table is still seen");
        assertEquals(new ManagedTable.Work(2, 0), table.work());
    }

    /** As only a table that is not dormant can be mended. */
    @Test
    void whatIsCutAndCountedOutlivesTheTable() throws Exception {
        table.sync(open(3));
        table.cut(List.of(flows().getFirst()));
        String pod = " element inet towpath-policy denied-in { \"cali00000000001\"";
        nft("delete" + pod + " }; add" + pod + " counter packets 5 bytes 55 }");
        String handle = nft("-a", "list", "chain", "inet", PolicyTable.NAME, "denied-strangers")
                .replaceFirst("(?s).* # handle (\\d+)\n.*", "$1");
        assertTrue(handle.matches("\\d+"), handle);
        String rule = nft("list", "chain", "inet", PolicyTable.NAME, "denied-strangers")
                .replaceFirst("(?s).*\n\t\t([^\n]*counter packets 0 bytes 0[^\n]*)\n.*", "$1")
                .replace("counter packets 0 bytes 0", "counter packets 7 bytes 77");
        nft("replace rule inet towpath-policy denied-strangers handle " + handle + " " + rule);
        nft("delete element inet towpath-policy cut-4 { 10.9.0.1 . 10.1.0.1 . tcp . 4000 . 80 };"
                + " add element inet towpath-policy cut-4"
                + " { 10.9.0.1 . 10.1.0.1 . tcp . 4000 . 80 timeout 24h expires 1h }");
        nft("add table inet towpath-policy { flags dormant; }");
        assertEquals(ManagedTable.Outcome.REPAIRED, table.sync(open(3)));
        assertEquals(1, remakes.size());
        assertEquals("it is dormant", remakes.getFirst().why());
        assertNull(remakes.getFirst().lost());
        String listed = list();
        assertTrue(listed.contains("4000 . 80 expires 59m"), listed);
        assertTrue(listed.contains("\"cali00000000001\" counter packets 5 bytes 55"), listed);
        assertEquals(7, table.dropped().strangers());
        assertEquals(ManagedTable.Outcome.STOOD, table.sync(open(3)));
        assertEquals(ManagedTable.Outcome.STOOD, table(OPTIONS).sync(open(3)), "and is as any other");
    }

    @Test
    void whatIsCutOutlivesASetOfAnotherRelease() throws Exception {
        nft("add table inet towpath-policy; add set inet towpath-policy cut-4"
                + " { type ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service; timeout 2h; size 64; };"
                + " add element inet towpath-policy cut-4 { 10.9.0.1 . 10.1.0.1 . tcp . 4000 . 80 expires 1h }");
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(open(3)));
        String listed = nft("list", "set", "inet", PolicyTable.NAME, "cut-4");
        assertTrue(listed.contains("4000 . 80 timeout 2h expires 59m"), listed);
        assertTrue(listed.contains("timeout 1d"), listed);
        assertEquals(List.of(), remakes);
        assertEquals(ManagedTable.Outcome.STOOD, table.sync(open(3)));
    }
}
