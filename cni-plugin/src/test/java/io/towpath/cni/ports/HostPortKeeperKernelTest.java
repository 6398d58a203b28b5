package io.towpath.cni.ports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.nft.NftEvent;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table in the real kernel, with nft as who deletes it. */
@NeedsRoot
class HostPortKeeperKernelTest {
    private static final OwnerMark ONE = OwnerMark.of("net", "c1", "eth0");
    private static final OwnerMark TWO = OwnerMark.of("net", "c2", "eth0");
    private static final String FLUSH = "flush ruleset";

    /** Of a pod with one port: that, and what it sends to itself. */
    private static final int ENTRIES = 2;

    private final TestNamespace namespace = new TestNamespace();
    private final LinuxNamespaces node;
    private final HostPortKeeper keeper;
    private final Monitor monitor = new Monitor();
    private boolean due;

    HostPortKeeperKernelTest() throws IOException {
        NetNs netNs = NetNs.open(namespace.path());
        node = new LinuxNamespaces(netNs);
        keeper = new HostPortKeeper(node);
        NftEvent.subscribe(monitor, netNs, event -> due |= keeper.concerns(event));
        link("cali1", ONE);
        link("cali2", TWO);
    }

    @AfterEach
    void close() throws IOException {
        monitor.close();
        node.close();
        namespace.close();
    }

    private void link(String name, OwnerMark mark) throws IOException {
        namespace.execute("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p");
        namespace.execute("ip", "link", "set", name, "alias", mark.aliasWithPorts());
    }

    private void open(OwnerMark mark, Protocol protocol, int port) throws Exception {
        open(mark, protocol, port, other -> true);
    }

    private void open(OwnerMark mark, Protocol protocol, int port, HostPorts.HolderLook holders) throws Exception {
        String pod = mark.equals(ONE) ? "10.244.1.5" : "10.244.1.6";
        new HostPorts(mark, List.of(new PortMapping(protocol, port, 80, null)), List.of(IpAddress.parse(pod)))
                .open(node, holders);
    }

    /** As an agent that has heard of all that happened. */
    private int mend() throws IOException {
        due = false;
        monitor.await(0);
        assertTrue(due, "there are news");
        int back = keeper.mend();
        monitor.await(0);
        assertEquals(0, keeper.mend(), "its own change is no reason for another");
        return back;
    }

    private void nft(String command) throws IOException {
        namespace.execute("nft", command);
    }

    /** In no order, as elements are listed in that in which they came. */
    private List<String> lines() throws IOException {
        return List.of(namespace.execute("nft", "list ruleset").split("[\\n,]")).stream()
                .map(line -> line.replaceFirst("0x\\p{XDigit}+", "0x").strip())
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                FLUSH,
                "delete table inet towpath-hostports",
                "flush table inet towpath-hostports",
                "delete chain inet towpath-hostports postrouting",
                "add table inet towpath-hostports { flags dormant; }",
                "delete table inet towpath-hostports; add table inet towpath-hostports",
            })
    void whatIsDeletedIsPutBack(String change) throws Exception {
        open(ONE, Protocol.TCP, 8080);
        open(TWO, Protocol.UDP, 8081);
        List<String> whole = lines();
        assertEquals(0, mend());
        assertEquals(whole, lines());
        nft(change);
        mend();
        assertEquals(whole, lines());
        nft(change);
        mend();
        assertEquals(whole, lines(), "a second time, too");
    }

    /** Nobody answers them, and each packet makes the kernel remember them for longer. */
    @Test
    void flowsThatBeganMeanwhileAreForgotten() throws Exception {
        open(ONE, Protocol.UDP, 8080);
        assertEquals(0, mend());
        nft(FLUSH);
        namespace.execute(
                "sh",
                "-c",
                "for port in 8080 8081; do conntrack -I -p udp -t 100 -s 127.0.0.1 -d 127.0.0.2 --sport 40000"
                        + " --dport $port; done");
        assertEquals(ENTRIES, mend());
        List<String> left = namespace
                .execute("conntrack", "-L", "-p", "udp")
                .lines()
                .filter(line -> line.startsWith("udp"))
                .toList();
        assertEquals(1, left.size(), left::toString);
        assertTrue(left.getFirst().contains("dport=8081"), left::toString);
    }

    @Test
    void portsOfPodsThatAreGoneStayAway() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        open(TWO, Protocol.TCP, 8081);
        assertEquals(0, mend());
        nft(FLUSH);
        namespace.execute("ip", "link", "delete", "cali2");
        assertEquals(ENTRIES, mend());
        assertFalse(lines().toString().contains("8081"));
    }

    @Test
    void portsThatWereClosedStayAway() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        open(TWO, Protocol.TCP, 8081);
        assertEquals(0, mend());
        HostPorts.close(node, TWO);
        assertEquals(0, mend());
        assertFalse(lines().toString().contains("8081"));
        nft(FLUSH);
        assertEquals(ENTRIES, mend());
        assertFalse(lines().toString().contains("8081"));
    }

    /** An ADD makes the table, with its own ports alone, before it is known that it was deleted. */
    @Test
    void aTableThatAnotherMadeMeanwhileGetsTheRest() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        assertEquals(0, mend());
        nft(FLUSH);
        open(TWO, Protocol.TCP, 8081);
        assertEquals(ENTRIES, mend());
        assertTrue(lines().toString().contains("8080"));
        assertTrue(lines().toString().contains("8081"));
    }

    @Test
    void aPortThatAnotherHasByNowIsHis() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        assertEquals(0, mend());
        nft(FLUSH);
        open(TWO, Protocol.TCP, 8080);
        assertEquals(1, mend());
        assertTrue(lines().toString().contains("tcp . 8080 comment \"" + TWO + "\" : 10.244.1.6 . 80"));
    }

    /** The pod that had it before was deleted by force, and has its link yet. */
    @Test
    void aPortThatChangedHandsStaysWithTheNewest() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        assertEquals(0, mend());
        open(TWO, Protocol.TCP, 8080, other -> false);
        List<String> whole = lines();
        assertEquals(0, mend());
        nft(FLUSH);
        assertEquals(ENTRIES, mend());
        assertEquals(whole, lines());
        HostPorts.close(node, ONE);
        assertEquals(whole, lines());
    }

    /** Its DEL found nothing to close, and comes to the link when that has been looked for. */
    @Test
    void aPodThatIsDeletedAtTheSameMomentLeavesNothing() throws Exception {
        open(ONE, Protocol.TCP, 8080);
        assertEquals(0, mend());
        nft(FLUSH);
        HostPorts.close(node, ONE);
        assertEquals(ENTRIES, mend());
        namespace.execute("ip", "link", "delete", "cali1");
        assertEquals(0, keeper.mend());
        assertFalse(lines().toString().contains("8080"));
    }

    @Test
    void nothingIsMadeWhereNothingWas() throws Exception {
        assertEquals(0, keeper.mend());
        nft("add table inet strange");
        nft(FLUSH);
        monitor.await(0);
        assertEquals(0, keeper.mend());
        assertEquals(List.of(""), lines());
    }
}
