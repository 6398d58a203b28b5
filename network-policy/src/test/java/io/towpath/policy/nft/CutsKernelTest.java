package io.towpath.policy.nft;

import static io.towpath.policy.nft.RawPacket.ACK;
import static io.towpath.policy.nft.RawPacket.CLIENT_PORT;
import static io.towpath.policy.nft.RawPacket.COOKIE_ACK;
import static io.towpath.policy.nft.RawPacket.COOKIE_ECHO;
import static io.towpath.policy.nft.RawPacket.HEARTBEAT;
import static io.towpath.policy.nft.RawPacket.INIT;
import static io.towpath.policy.nft.RawPacket.INIT_ACK;
import static io.towpath.policy.nft.RawPacket.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.rtnl.Rtnetlink;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Ruleset;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections that end when policies permit them no more, whoever goes on to send, by every protocol. */
@NeedsRoot
class CutsKernelTest {
    private static final int PORT = 80;
    private static final Set<IpAddress> NODE = Set.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1"));

    private final PolicyScene scene;
    private final PolicyScene.Pod a;
    private final PolicyScene.Pod b;
    private final Conntrack conntrack;
    private final Connections connections;
    private final Ruleset open;
    private final Ruleset aSendsNothing;
    private final Ruleset bTakesNothing;

    CutsKernelTest() throws Exception {
        scene = new PolicyScene();
        a = scene.a;
        b = scene.b;
        try (NetNs netNs = scene.node.open()) {
            conntrack = Conntrack.open(netNs);
        }
        connections = new Connections(conntrack, scene.table);
        open = new Rulesets().open(a, b).build();
        aSendsNothing = new Rulesets()
                .with(a, null, Rulesets.deny(Direction.EGRESS))
                .open(b)
                .build();
        bTakesNothing = new Rulesets()
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(a)
                .build();
        // The node's kernel says nothing of itself where nobody listens.
        scene.node.execute(
                "nft",
                "add table inet mute; add chain inet mute out { type filter hook output priority -300; };"
                        + " add rule inet mute out tcp flags rst drop;"
                        + " add rule inet mute out icmp type destination-unreachable drop;"
                        + " add rule inet mute out icmpv6 type { destination-unreachable, parameter-problem } drop");
    }

    @AfterEach
    void close() {
        conntrack.close();
        scene.close();
    }

    /** Who sends, and as whom. */
    private record Side(TestNamespace at, String address) {}

    private static Side side(PolicyScene.Pod pod, boolean ipv6) {
        return new Side(pod.namespace, pod.address(ipv6));
    }

    private Side node(boolean ipv6) {
        return new Side(scene.node, ipv6 ? "fd00::1" : "192.168.0.1");
    }

    /** A packet of the client's or, if it is an answer, of the server's. */
    private boolean passes(Protocol protocol, Side client, Side server, boolean answers, int kind) throws Exception {
        Side from = answers ? server : client;
        Side to = answers ? client : server;
        int sport = answers ? PORT : CLIENT_PORT;
        int dport = answers ? CLIENT_PORT : PORT;
        return scene.passes(
                from.at,
                switch (protocol) {
                    case TCP -> RawPacket.tcp(from.address, sport, to.address, dport, kind, 1001, 1001);
                    case UDP -> RawPacket.udp(from.address, sport, to.address, dport);
                    case SCTP -> RawPacket.sctp(from.address, sport, to.address, dport, kind);
                });
    }

    private static List<Integer> greeting(Protocol protocol) {
        return switch (protocol) {
            case TCP -> List.of(SYN, SYN | ACK, ACK);
            case UDP -> List.of(0, 0);
            case SCTP -> List.of(INIT, INIT_ACK, COOKIE_ECHO, COOKIE_ACK);
        };
    }

    /** What either side may send at any time. */
    private static int later(Protocol protocol) {
        return switch (protocol) {
            case TCP -> ACK;
            case UDP -> 0;
            case SCTP -> HEARTBEAT;
        };
    }

    private void connect(Protocol protocol, Side client, Side server) throws Exception {
        boolean answers = false;
        for (int kind : greeting(protocol)) {
            assertTrue(passes(protocol, client, server, answers, kind), protocol + " " + kind);
            answers = !answers;
        }
    }

    /** Ends a connection by a ruleset under which the server might begin one to the client. */
    private void assertCut(Protocol protocol, Side client, Side server, Ruleset closed) throws Exception {
        scene.table.sync(open);
        connect(protocol, client, server);
        scene.table.sync(closed);
        int later = later(protocol);
        assertEquals(1, connections.forget(open, closed, NODE));
        assertFalse(passes(protocol, client, server, true, later), "an answer revives nothing");
        assertFalse(passes(protocol, client, server, false, later));
        assertFalse(passes(protocol, client, server, true, later), "nor does it later");
        assertEquals(0, connections.forget(closed, NODE));
        assertEquals(ManagedTable.Outcome.STOOD, scene.table.sync(closed));
        scene.table.sync(open);
        connect(protocol, client, server);
        assertTrue(passes(protocol, client, server, true, later), "when it is permitted again");
        scene.table.remove();
        connections.forget(new Rulesets().build(), NODE);
        conntrack.delete(conntrack.list(Rtnetlink.AF_UNSPEC, _ -> true));
    }

    @ParameterizedTest
    @CsvSource({"TCP, false", "TCP, true", "UDP, false", "UDP, true", "SCTP, false", "SCTP, true"})
    void betweenPods(Protocol protocol, boolean ipv6) throws Exception {
        assertCut(protocol, side(a, ipv6), side(b, ipv6), aSendsNothing);
        assertCut(protocol, side(a, ipv6), side(b, ipv6), bTakesNothing);
    }

    @ParameterizedTest
    @CsvSource({"TCP, false", "TCP, true", "UDP, false", "UDP, true", "SCTP, false", "SCTP, true"})
    void withTheWorld(Protocol protocol, boolean ipv6) throws Exception {
        assertCut(protocol, side(a, ipv6), side(scene.world, ipv6), aSendsNothing);
        assertCut(protocol, side(scene.world, ipv6), side(b, ipv6), bTakesNothing);
    }

    /** A process of the node, which may begin connections to any pod. */
    @ParameterizedTest
    @CsvSource({"TCP, false", "TCP, true", "UDP, false", "UDP, true", "SCTP, false", "SCTP, true"})
    void withTheNodeItself(Protocol protocol, boolean ipv6) throws Exception {
        assertCut(protocol, side(a, ipv6), node(ipv6), aSendsNothing);
    }

    /** What it begins is another connection, though its addresses and ports are the same. */
    @ParameterizedTest
    @CsvSource({"TCP, 2", "SCTP, 1"})
    void theOtherSideMayBegin(Protocol protocol, int first) throws Exception {
        scene.table.sync(open);
        connect(protocol, side(a, false), side(b, false));
        scene.table.sync(bTakesNothing);
        assertEquals(1, connections.forget(open, bTakesNothing, NODE));
        assertFalse(passes(protocol, side(a, false), side(b, false), true, later(protocol)));
        assertTrue(passes(protocol, side(a, false), side(b, false), true, first));
    }

    /** A day, but for UDP, of which nobody can tell what begins a flow. */
    @ParameterizedTest
    @CsvSource({"TCP, expires 23h", "UDP, timeout 3m", "SCTP, expires 23h"})
    void goesByItself(Protocol protocol, String expected) throws Exception {
        scene.table.sync(open);
        connect(protocol, side(a, false), side(b, false));
        scene.table.sync(bTakesNothing);
        connections.forget(open, bTakesNothing, NODE);
        assertTrue(listedCuts().contains(expected), this::listedCuts);
    }

    /** From the second time on, though the first has left an element whose time is nearly up. */
    @ParameterizedTest
    @CsvSource({"TCP, 24h, expires 23h", "UDP, 3m, expires 2m", "SCTP, 24h, expires 23h"})
    void whatIsCutAgainStaysAsLong(Protocol protocol, String timeout, String expected) throws Exception {
        scene.table.sync(open);
        connect(protocol, side(a, false), side(b, false));
        scene.table.sync(bTakesNothing);
        connections.forget(open, bTakesNothing, NODE);
        String flow = b.address(false) + " . " + a.address(false) + " . "
                + protocol.name().toLowerCase(Locale.ROOT) + " . " + PORT + " . " + CLIENT_PORT;
        String element = " element inet " + PolicyTable.NAME + " cut-4 { " + flow;
        scene.nft("delete" + element + " }; add" + element + " timeout " + timeout + " expires 50s }");
        assertTrue(listedCuts().contains("expires 4"), this::listedCuts);

        scene.table.sync(open);
        connect(protocol, side(a, false), side(b, false));
        scene.table.sync(bTakesNothing);
        assertEquals(1, connections.forget(open, bTakesNothing, NODE));
        assertTrue(listedCuts().contains(expected), this::listedCuts);
    }

    private String listedCuts() {
        return scene.nft("list", "set", "inet", PolicyTable.NAME, "cut-4");
    }
}
