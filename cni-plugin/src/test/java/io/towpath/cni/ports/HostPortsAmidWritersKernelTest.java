package io.towpath.cni.ports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** What becomes of a change of the table while others write to nftables, and of one of many ports. */
@NeedsRoot
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class HostPortsAmidWritersKernelTest {
    /** Between the changes of somebody else: 200 a second. */
    private static final Duration PAUSE = Duration.ofMillis(10);

    private static final Table STRANGER = Table.inet("stranger");
    private static final OwnerMark ONE = OwnerMark.of("net", "c1", "eth0");
    private static final OwnerMark TWO = OwnerMark.of("net", "c2", "eth0");
    private static final OwnerMark THREE = OwnerMark.of("net", "c3", "eth0");

    private final TestNamespace namespace = new TestNamespace();
    private final LinuxNamespaces node;
    /** A session of somebody else. */
    private final LinuxNamespaces other;

    private int looks;

    HostPortsAmidWritersKernelTest() throws IOException {
        node = new LinuxNamespaces(NetNs.open(namespace.path()));
        other = new LinuxNamespaces(NetNs.open(namespace.path()));
    }

    @AfterEach
    void close() throws IOException {
        node.close();
        other.close();
        namespace.close();
    }

    private static PortMapping tcp(int port, String hostIp) {
        return new PortMapping(Protocol.TCP, port, 80, hostIp.isEmpty() ? null : IpAddress.parse(hostIp));
    }

    private static HostPorts ports(OwnerMark mark, PortMapping... mappings) throws CniException {
        return ports(mark, List.of(mappings));
    }

    private static HostPorts ports(OwnerMark mark, List<PortMapping> mappings) throws CniException {
        String pod = mark.equals(ONE) ? "5" : mark.equals(TWO) ? "6" : "7";
        return new HostPorts(
                mark, mappings, List.of(IpAddress.parse("10.244.1." + pod), IpAddress.parse("fd00::" + pod)));
    }

    private static void open(LinuxNamespaces session, HostPorts ports) throws IOException {
        ports.open(session, holder -> true);
    }

    private void writeElsewhere() throws IOException {
        other.nft().commit(new Transaction().add(STRANGER));
        other.nft().commit(new Transaction().delete(STRANGER));
    }

    private String ruleset() throws IOException {
        return namespace.execute("nft", "list", "ruleset");
    }

    /** Whoever has its own table is no reason to look again, however often he writes. */
    @Test
    void othersTablesDoNotMatter() throws Exception {
        open(node, ports(ONE, tcp(8080, "")));
        ports(TWO, tcp(8080, "")).open(node, holder -> {
            looks++;
            writeElsewhere();
            return false;
        });
        assertEquals(1, looks);
        HostPorts.commit(node.nft(), (present, transaction) -> {
            looks++;
            writeElsewhere();
            HostPortTable.delete(transaction, present);
            return true;
        });
        assertEquals(2, looks);
        assertEquals(Set.of(), HostPorts.owners(node));
    }

    /** No key of theirs is the same, so only the number tells that the table is another. */
    @Test
    void aPortThatOverlapsAndWasOpenedMeanwhileIsSeen() throws Exception {
        open(node, ports(ONE, tcp(8080, "192.0.2.1")));
        HostPorts second = ports(TWO, tcp(8080, ""));
        HostPorts third = ports(THREE, tcp(8080, "192.0.2.3"));
        IOException refused = assertThrows(
                HostPortTakenException.class,
                () -> second.open(node, holder -> {
                    if (holder.equals(ONE) && looks++ == 0) {
                        open(other, third);
                    }
                    return holder.equals(THREE);
                }));
        assertTrue(String.valueOf(refused.getMessage()).endsWith("is taken by attachment " + THREE));
        assertEquals(Set.of(ONE, THREE), HostPorts.owners(node));
    }

    /** There is no number yet that could tell. */
    @Test
    void twoThatBothAreTheFirstSeeEachOther() throws Exception {
        HostPorts first = ports(ONE, tcp(8080, "192.0.2.1"));
        HostPorts.commit(node.nft(), (present, transaction) -> {
            if (looks++ == 0) {
                open(other, first);
                HostPortTable.build(transaction, node.nft(), present);
                return true;
            }
            assertEquals(2, present.size(), present::toString);
            return false;
        });
        assertEquals(2, looks);
    }

    @Test
    void whatAStrangerPutIntoTheTableMeanwhileIsSeen() throws Exception {
        open(node, ports(ONE, tcp(8080, "")));
        HostPorts second = ports(TWO, tcp(8080, ""), tcp(8081, ""));
        assertThrows(
                HostPortTakenException.class,
                () -> second.open(node, holder -> {
                    if (looks++ == 0) {
                        namespace.execute(
                                "nft", "add element inet towpath-hostports ipv4 { tcp . 8081 : 10.0.0.1 . 80 }");
                    }
                    return false;
                }));
        assertEquals(Set.of(ONE), HostPorts.owners(node));
    }

    @Test
    void aTableThatIsDeletedMeanwhileIsMadeAnew() throws Exception {
        open(node, ports(ONE, tcp(8080, "")));
        ports(TWO, tcp(8080, "")).open(node, holder -> {
            namespace.execute("nft", "flush ruleset");
            return false;
        });
        assertEquals(List.of(), ports(TWO, tcp(8080, "")).compare(node, "cali0"));
        assertEquals(Set.of(TWO), HostPorts.owners(node));
    }

    /** As one of before has none. */
    @Test
    void aTableWithoutANumberGetsOne() throws Exception {
        open(node, ports(ONE, tcp(8080, "")));
        open(node, ports(TWO, tcp(8081, "")));
        namespace.execute("nft", "delete set inet towpath-hostports revision");
        HostPorts.close(node, ONE);
        assertTrue(ruleset().contains("elements = { 0x"), ruleset());
        namespace.execute("nft", "flush set inet towpath-hostports revision");
        open(node, ports(THREE, tcp(8082, "")));
        assertTrue(ruleset().contains("elements = { 0x"), ruleset());
        assertEquals(Set.of(TWO, THREE), HostPorts.owners(node));
    }

    /** Else somebody would take a table that was changed and changed again for the one that he looked at. */
    @Test
    void noNumberComesBackThoughSeveralBeganAtTheSameTime() throws Exception {
        int generation = node.nft().generation();
        open(node, ports(ONE, tcp(8080, "")));
        List<HostPortView> views = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            HostPortView view = HostPortView.read(node.nft());
            assertTrue(views.stream().noneMatch(view::isSame), view::toString);
            views.add(view);
            Transaction transaction = view.begin();
            view.end(transaction, generation);
            node.nft().commit(transaction);
        }
    }

    @Test
    void whatWillNeverWorkIsNotTriedForEver() throws Exception {
        namespace.execute(
                "nft", "add table inet towpath-hostports; add set inet towpath-hostports ipv4 { type mark; }");
        assertThrows(
                NetlinkException.class,
                () -> HostPorts.commit(node.nft(), (present, transaction) -> {
                    looks++;
                    HostPortTable.build(transaction, node.nft(), present);
                    return true;
                }));
        assertEquals(2, looks);
    }

    /** Where each were compared with each, this would take minutes. */
    @Test
    void thousandsOfPortsBesideThousands() throws Exception {
        fillAndChangeHands(10_000);
    }

    /** As a program does that keeps its own rules what they must be. */
    @Test
    void thousandsOfPortsWhileAnotherWritesAllTheTime() throws Exception {
        Thread writer = Thread.ofPlatform().start(() -> {
            try (LinuxNamespaces session = new LinuxNamespaces(NetNs.open(namespace.path()))) {
                while (!Thread.currentThread().isInterrupted()) {
                    session.nft().commit(new Transaction().add(STRANGER));
                    session.nft().commit(new Transaction().delete(STRANGER));
                    LockSupport.parkNanos(PAUSE.toNanos());
                }
            } catch (NetlinkException e) {
                throw new IllegalStateException(e);
            }
        });
        try {
            fillAndChangeHands(2000);
        } finally {
            writer.interrupt();
            writer.join();
        }
    }

    private void fillAndChangeHands(int count) throws Exception {
        HostPorts one = ports(ONE, range(Protocol.TCP, count));
        open(node, one);
        HostPorts two = ports(TWO, range(Protocol.UDP, count));
        open(node, two);
        assertEquals(List.of(), one.compare(node, "cali0"));
        assertEquals(List.of(), two.compare(node, "cali0"));
        HostPorts.close(node, ONE);
        ports(THREE, range(Protocol.UDP, count)).open(node, holder -> false);
        assertEquals(Set.of(THREE), HostPorts.owners(node));
    }

    private static List<PortMapping> range(Protocol protocol, int count) {
        List<PortMapping> mappings = new ArrayList<>();
        for (int port = 1; port <= count; port++) {
            mappings.add(new PortMapping(protocol, port, 80, null));
        }
        return mappings;
    }
}
