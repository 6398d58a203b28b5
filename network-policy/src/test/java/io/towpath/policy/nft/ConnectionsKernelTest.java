package io.towpath.policy.nft;

import static io.towpath.policy.nft.RawPacket.ACK;
import static io.towpath.policy.nft.RawPacket.CLIENT_PORT;
import static io.towpath.policy.nft.RawPacket.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.rtnl.Rtnetlink;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that were permitted when they began. */
@NeedsRoot
class ConnectionsKernelTest {
    private static final int TCP = 6;
    private static final Set<IpAddress> NODE = Set.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1"));

    private final PolicyScene scene;
    private final PolicyScene.Pod a;
    private final PolicyScene.Pod b;
    private final PolicyTable table;
    private final Conntrack conntrack;
    private final Connections connections;

    ConnectionsKernelTest() throws Exception {
        scene = new PolicyScene();
        a = scene.a;
        b = scene.b;
        table = scene.table;
        try (NetNs netNs = scene.node.open()) {
            conntrack = Conntrack.open(netNs);
        }
        connections = new Connections(conntrack, table);
    }

    @AfterEach
    void close() {
        conntrack.close();
        scene.close();
    }

    private static Ruleset isolated(PolicyScene.Pod pod, Map<IpAddress, Outcome> from, PolicyScene.Pod... open) {
        Profile ingress = Rulesets.profile("in-1", Direction.INGRESS, from);
        return new Rulesets().with(pod, ingress, null).open(open).build();
    }

    private static Outcome port(int port) {
        return new Outcome.Ports(
                new Program("p" + port, List.of(new Program.PortRange(Protocol.TCP, port, port, true)), false));
    }

    private void connect(boolean ipv6, int port) throws Exception {
        String client = a.address(ipv6);
        String server = b.address(ipv6);
        assertTrue(scene.passes(a, RawPacket.syn(client, server, port)));
        assertTrue(scene.passes(b, RawPacket.tcp(server, port, client, CLIENT_PORT, SYN | ACK, 5000, 1001)));
        assertTrue(scene.passes(a, RawPacket.tcp(client, CLIENT_PORT, server, port, ACK, 1001, 5001)));
    }

    private boolean goesOn(boolean ipv6, int port) throws Exception {
        return scene.passes(a, RawPacket.tcp(a.address(ipv6), CLIENT_PORT, b.address(ipv6), port, ACK, 1001, 5001));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsPermittedNoMoreIsForgottenAndAllElseGoesOn(boolean ipv6) throws Exception {
        Ruleset all = isolated(b, Rulesets.to(Outcome.ALLOW, a), a);
        table.sync(all);
        connect(ipv6, 80);
        connect(ipv6, 443);
        String host = ipv6 ? "fd00::1" : "192.168.0.1";
        assertTrue(scene.passes(scene.node, RawPacket.udp(host, 1, b.address(ipv6), 80)));

        Ruleset some = isolated(b, Rulesets.to(port(80), a), a);
        table.sync(some);
        assertTrue(goesOn(ipv6, 443), "as long as it is tracked");
        assertEquals(1, connections.forget(all, some, NODE));
        assertFalse(goesOn(ipv6, 443));
        assertTrue(goesOn(ipv6, 80));
        assertEquals(0, connections.forget(some, all, NODE), "nothing became less");
        assertEquals(0, connections.forget(some, NODE));

        Ruleset none = isolated(b, Map.of(), a);
        table.sync(none);
        assertEquals(1, connections.forget(none, NODE), "also if nothing is known of what was before");
        assertFalse(goesOn(ipv6, 80));
        assertEquals(0, connections.forget(some, none, NODE), "the node's own remains");
    }

    private boolean isReplied(boolean ipv6) throws Exception {
        return scene.passes(b, RawPacket.tcp(b.address(ipv6), 80, a.address(ipv6), CLIENT_PORT, ACK, 5001, 1001));
    }

    /** The acknowledgements that are on their way would be taken for the beginning of a connection that is permitted. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsForgottenIsNotRevivedByItsOtherSide(boolean ipv6) throws Exception {
        Ruleset all = new Rulesets().open(a, b).build();
        for (Ruleset closed : List.of(
                new Rulesets()
                        .with(b, Rulesets.deny(Direction.INGRESS), null)
                        .open(a)
                        .build(),
                new Rulesets()
                        .with(a, null, Rulesets.deny(Direction.EGRESS))
                        .open(b)
                        .build())) {
            table.sync(all);
            connect(ipv6, 80);
            table.sync(closed);
            assertEquals(1, connections.forget(all, closed, NODE));
            assertFalse(isReplied(ipv6));
            assertFalse(goesOn(ipv6, 80));
            assertTrue(table.dropped().invalid() > 0);
            assertEquals(0, connections.forget(closed, NODE));
            assertEquals(ManagedTable.Outcome.STOOD, table.sync(closed));
            assertEquals(
                    ManagedTable.Outcome.STOOD,
                    scene.table(PolicyOptions.silent()).sync(closed));
            assertFalse(isReplied(ipv6), "nor after a restart");
            table.sync(all);
            assertTrue(goesOn(ipv6, 80), "by its own side, when that is permitted again");
            assertTrue(isReplied(ipv6));
            assertEquals(1, connections.forget(all, new Rulesets().build(), NODE));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPodTellsOfErrorsOfItsOwnConnectionsAlone(boolean ipv6) throws Exception {
        PolicyScene.Pod c = scene.c;
        RawPacket there = RawPacket.udp(a.address(ipv6), 1, b.address(ipv6), 2);
        RawPacket back = RawPacket.udp(b.address(ipv6), 2, a.address(ipv6), 1);
        table.sync(new Rulesets().open(a, b, c).build());
        assertTrue(scene.passes(a, there));
        assertTrue(scene.passes(b, back));
        Profile closed = Rulesets.deny(Direction.EGRESS);
        for (Ruleset ruleset : List.of(
                new Rulesets()
                        .with(a, null, closed)
                        .with(b, null, closed)
                        .with(c, null, closed)
                        .build(),
                new Rulesets().open(a, b, c).build())) {
            table.sync(ruleset);
            for (PolicyScene.Pod to : List.of(a, b)) {
                RawPacket about = to == a ? there : back;
                PolicyScene.Pod other = to == a ? b : a;
                assertFalse(scene.passes(c, RawPacket.unreachable(c.address(ipv6), to.address(ipv6), about)));
                assertTrue(scene.passes(other, RawPacket.unreachable(other.address(ipv6), to.address(ipv6), about)));
            }
        }
        assertEquals(4, table.dropped().invalid());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatTheKernelLostGoesOnByEitherSide(boolean ipv6) throws Exception {
        Ruleset ruleset = new Rulesets()
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(a)
                .build();
        table.sync(new Rulesets().open(a, b).build());
        connect(ipv6, 80);
        table.sync(ruleset);
        assertEquals(
                1,
                conntrack.delete(conntrack.list(
                        Rtnetlink.AF_UNSPEC, each -> each.original().protocol() == TCP)));
        assertTrue(isReplied(ipv6));
        assertTrue(goesOn(ipv6, 80));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAPodLeavesBehindIsForgotten(boolean ipv6) throws Exception {
        Ruleset both = new Rulesets().open(a, b, scene.c).build();
        table.sync(both);
        connect(ipv6, 80);
        assertTrue(scene.passes(scene.c, RawPacket.udp(scene.c.address(ipv6), 1, a.address(ipv6), 80)));
        Ruleset without = new Rulesets().open(a, scene.c).build();
        table.sync(without);
        assertEquals(1, connections.forget(both, without, NODE));
        String cut = scene.nft("list", "set", "inet", PolicyTable.NAME, ipv6 ? "cut-6" : "cut-4");
        assertFalse(cut.contains("elements"), cut);
    }
}
