package io.towpath.policy.nft;

import static io.towpath.policy.nft.RawPacket.ACK;
import static io.towpath.policy.nft.RawPacket.CLIENT_PORT;
import static io.towpath.policy.nft.RawPacket.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.nft.table.KeptTable;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.nft.PolicyTable.Denied;
import io.towpath.policy.nft.PolicyTable.Dropped;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of real packets. */
@NeedsRoot
class PacketsKernelTest {
    private static final String SPOOFED_V4 = "10.1.0.3";

    private final PolicyScene scene;
    private final PolicyScene.Pod a;
    private final PolicyScene.Pod b;
    private final PolicyScene.Pod world;
    private final PolicyTable table;

    PacketsKernelTest() throws Exception {
        scene = new PolicyScene();
        a = scene.a;
        b = scene.b;
        world = scene.world;
        table = new PolicyTable(scene.nft, PolicyOptions.silent());
    }

    /** Traffic before there is a table, or the tests would show nothing. */
    @BeforeEach
    void allPasses() throws Exception {
        assertTrue(scene.passes(a, RawPacket.udp(a.v4, 1, b.v4, 1)));
        assertTrue(scene.passes(a, RawPacket.udp(a.v6, 1, b.v6, 1)));
    }

    @AfterEach
    void close() {
        scene.close();
    }

    private void force(Rulesets rulesets) throws Exception {
        Ruleset ruleset = rulesets.build();
        assertEquals(KeptTable.Outcome.CHANGED, table.sync(ruleset));
    }

    private boolean passes(PolicyScene.Pod from, PolicyScene.Pod to, boolean ipv6, int port) throws Exception {
        return scene.passes(from, RawPacket.syn(from.address(ipv6), to.address(ipv6), port));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void openPodsReachEachOtherAndTheWorld(boolean ipv6) throws Exception {
        force(new Rulesets().open(a, b));
        for (PolicyScene.Pod from : List.of(a, b, world)) {
            for (PolicyScene.Pod to : List.of(a, b, world)) {
                if (from != to) {
                    assertTrue(passes(from, to, ipv6, 80), from.link + " to " + to.link);
                    assertTrue(scene.passes(from, RawPacket.udp(from.address(ipv6), 5, to.address(ipv6), 53)));
                    assertTrue(scene.passes(from, RawPacket.sctp(from.address(ipv6), to.address(ipv6), 80)));
                    assertTrue(scene.passes(from, RawPacket.echo(from.address(ipv6), to.address(ipv6))));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bothDirectionsAreAskedOnOneNode(boolean ipv6) throws Exception {
        Profile fromA = Rulesets.profile("in-a", Direction.INGRESS, Rulesets.to(Outcome.ALLOW, a));
        Profile toB = Rulesets.profile("out-b", Direction.EGRESS, Rulesets.to(Outcome.ALLOW, b));
        force(new Rulesets().with(a, null, toB).with(b, fromA, null).open(scene.c));
        assertTrue(passes(a, b, ipv6, 80));
        assertFalse(passes(a, scene.c, ipv6, 80), "the sender's egress");
        assertFalse(passes(scene.c, b, ipv6, 80), "the receiver's ingress");
        assertFalse(passes(world, b, ipv6, 80));
        assertFalse(passes(a, world, ipv6, 80));
        assertTrue(passes(b, world, ipv6, 80), "isolated for ingress only");
        assertTrue(passes(world, a, ipv6, 80), "isolated for egress only");

        force(new Rulesets()
                .with(a, null, toB)
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c));
        assertFalse(scene.passes(a, RawPacket.udp(a.address(ipv6), 7, b.address(ipv6), 80)), "allowed by one of both");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void repliesPassAndOthersDoNot(boolean ipv6) throws Exception {
        force(new Rulesets()
                .with(a, Rulesets.deny(Direction.INGRESS), null)
                .with(b, null, Rulesets.deny(Direction.EGRESS)));
        String client = a.address(ipv6);
        String server = b.address(ipv6);
        assertTrue(passes(a, b, ipv6, 80));
        assertTrue(scene.passes(b, RawPacket.tcp(server, 80, client, CLIENT_PORT, SYN | ACK, 5000, 1001)));
        assertTrue(scene.passes(a, RawPacket.tcp(client, CLIENT_PORT, server, 80, ACK, 1001, 5001)));
        assertFalse(passes(b, a, ipv6, 80));
        assertTrue(scene.passes(a, RawPacket.udp(client, 1000, server, 53)));
        assertTrue(scene.passes(b, RawPacket.udp(server, 53, client, 1000)));
        assertFalse(scene.passes(b, RawPacket.udp(server, 53, client, 1001)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatBelongsToNoConnectionIsDropped(boolean ipv6) throws Exception {
        force(new Rulesets().open(a, b));
        long before = table.dropped().invalid();
        assertFalse(scene.passes(
                a, RawPacket.tcp(a.address(ipv6), CLIENT_PORT, b.address(ipv6), 80, SYN | ACK, 5000, 1001)));
        assertEquals(before + 1, table.dropped().invalid());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void unknownPodsGetNothingAndReachNobody(boolean ipv6) throws Exception {
        force(new Rulesets().open(a));
        assertFalse(passes(b, a, ipv6, 80));
        assertFalse(passes(b, world, ipv6, 80));
        assertFalse(passes(a, b, ipv6, 80));
        assertFalse(passes(world, b, ipv6, 80));
        assertFalse(scene.passes(b, RawPacket.echo(b.address(ipv6), ipv6 ? "fd00::1" : "192.168.0.1")), "nor the node");
        assertTrue(passes(a, world, ipv6, 80));
        assertEquals(new Dropped(2, 0, 3, 0), table.dropped());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nobodySendsAsAnother(boolean ipv6) throws Exception {
        force(new Rulesets().open(a, b, scene.c));
        String victim = ipv6 ? scene.c.v6 : SPOOFED_V4;
        assertTrue(scene.passes(scene.c, RawPacket.udp(victim, 1000, world.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1000, world.address(ipv6), 53)), "also in its connections");
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1001, b.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(ipv6 ? "fd77::1" : "8.8.8.8", 1001, b.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1001, ipv6 ? "fd00::1" : "192.168.0.1", 53)));
        assertEquals(new Dropped(0, 0, 4, 0), table.dropped());
    }

    /** Whatever else is true of it: a stranger's is denied nothing by a policy, and what the sender may not send reaches no receiver. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPacketIsCountedForOneReason(boolean ipv6) throws Exception {
        force(new Rulesets()
                .with(a, null, Rulesets.deny(Direction.EGRESS))
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c));
        Dropped before = table.dropped();
        assertFalse(passes(a, b, ipv6, 80), "neither may be sent nor received");
        assertEquals(new Dropped(0, 1, 0, 0), since(before));
        assertFalse(passes(scene.c, b, ipv6, 80));
        assertEquals(new Dropped(1, 1, 0, 0), since(before));
        assertFalse(passes(a, world, ipv6, 80));
        assertEquals(new Dropped(1, 2, 0, 0), since(before));
        assertFalse(scene.passes(a, RawPacket.udp(b.address(ipv6), 1, world.address(ipv6), 53)), "not its address");
        assertEquals(new Dropped(1, 2, 1, 0), since(before));
        assertFalse(scene.passes(a, RawPacket.tcp(b.address(ipv6), 1, b.address(ipv6), 80, SYN | ACK, 5000, 1001)));
        assertEquals(new Dropped(1, 2, 2, 0), since(before), "nor of a connection");
        assertFalse(scene.passes(
                scene.c, RawPacket.tcp(scene.c.address(ipv6), CLIENT_PORT, b.address(ipv6), 80, SYN | ACK, 5, 1001)));
        assertEquals(new Dropped(1, 2, 2, 1), since(before));
    }

    private Dropped since(Dropped before) throws Exception {
        Dropped now = table.dropped();
        return new Dropped(
                now.ingress() - before.ingress(),
                now.egress() - before.egress(),
                now.strangers() - before.strangers(),
                now.invalid() - before.invalid());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void podsReachTheNodeByEgressAndTheNodeReachesAll(boolean ipv6) throws Exception {
        String host = ipv6 ? "fd00::1" : "192.168.0.1";
        Profile toHost = Rulesets.profile("out-host", Direction.EGRESS, Map.of(IpAddress.parse(host), Outcome.ALLOW));
        force(new Rulesets()
                .with(a, Rulesets.deny(Direction.INGRESS), toHost)
                .with(b, Rulesets.deny(Direction.INGRESS), Rulesets.deny(Direction.EGRESS)));
        assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 1, host, 53)));
        assertFalse(scene.passes(b, RawPacket.udp(b.address(ipv6), 1, host, 53)));
        assertTrue(scene.passes(scene.node, RawPacket.syn(host, b.address(ipv6), 8080)), "a probe of the kubelet");
        assertTrue(scene.passes(b, RawPacket.tcp(b.address(ipv6), 8080, host, CLIENT_PORT, SYN | ACK, 5000, 1001)));
    }

    /** As IPVS and transparent proxies do. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatTheNodePassesOnByItsOutputMeetsIngress(boolean ipv6) throws Exception {
        String near = a.address(ipv6);
        String far = ipv6 ? "fd77::1" : "198.51.100.1";
        String to = b.address(ipv6);
        Profile fromA = Rulesets.profile("in-a", Direction.INGRESS, Rulesets.to(Outcome.ALLOW, a));
        force(new Rulesets().with(b, fromA, null).open(a));
        assertTrue(scene.passes(scene.node, RawPacket.syn(near, to, 80)));
        assertFalse(scene.passes(scene.node, RawPacket.syn(far, to, 80)));
        assertEquals(1, table.dropped().ingress());
        assertTrue(scene.passes(scene.node, RawPacket.syn(far, near, 80)), "to whom no policy is about");
        assertTrue(scene.passes(scene.node, RawPacket.udp(far, 1, world.address(ipv6), 53)), "to no pod");
        force(new Rulesets().with(b, Rulesets.deny(Direction.INGRESS), null));
        assertFalse(scene.passes(scene.node, RawPacket.udp(near, 1, to, 53)));
        assertFalse(scene.passes(scene.node, RawPacket.udp(far, 1, near, 53)), "to an unknown pod");
    }

    /** A program of ports, and of so many that no other test asks for. */
    private static Program program(String name, boolean restAllowed, int others, Program.PortRange... ports) {
        List<Program.PortRange> all = new ArrayList<>(List.of(ports));
        for (int i = 0; i < others; i++) {
            all.add(new Program.PortRange(Protocol.TCP, 20_001 + 2 * i, 20_001 + 2 * i, !restAllowed));
        }
        return new Program(name, all, restAllowed);
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0", "false, 20", "true, 20"})
    void portsAreToldByProtocolAndRange(boolean ipv6, int others) throws Exception {
        Program program = program(
                "1",
                false,
                others,
                new Program.PortRange(Protocol.TCP, 80, 80, true),
                new Program.PortRange(Protocol.TCP, 8000, 8100, true),
                new Program.PortRange(Protocol.UDP, 53, 53, true),
                new Program.PortRange(Protocol.SCTP, 80, 80, true));
        Program single = program("2", true, others, new Program.PortRange(Protocol.TCP, 443, 443, false));
        Program protocol = program(
                "3",
                false,
                others,
                new Program.PortRange(Protocol.UDP, 1, 65535, true),
                new Program.PortRange(Protocol.TCP, 22, 22, true));
        Map<IpAddress, Outcome> addresses = Rulesets.to(new Outcome.Ports(program), a);
        addresses.putAll(Rulesets.to(new Outcome.Ports(single), scene.c));
        addresses.putAll(Rulesets.to(new Outcome.Ports(protocol), world));
        force(new Rulesets()
                .with(b, Rulesets.profile("in-b", Direction.INGRESS, addresses), null)
                .open(a, scene.c));
        String to = b.address(ipv6);
        for (int port : new int[] {80, 8000, 8050, 8100}) {
            assertTrue(passes(a, b, ipv6, port), "tcp " + port);
        }
        for (int port : new int[] {79, 81, 7999, 8101, 53, 20_000}) {
            assertFalse(passes(a, b, ipv6, port), "tcp " + port);
        }
        assertEquals(others > 0, passes(a, b, ipv6, 20_039));
        assertEquals(others == 0, passes(scene.c, b, ipv6, 20_039));
        assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 9, to, 53)));
        assertFalse(scene.passes(a, RawPacket.udp(a.address(ipv6), 9, to, 80)));
        assertTrue(scene.passes(a, RawPacket.sctp(a.address(ipv6), to, 80)));
        assertFalse(scene.passes(a, RawPacket.sctp(a.address(ipv6), to, 8050)));
        assertFalse(scene.passes(a, RawPacket.echo(a.address(ipv6), to)));

        assertFalse(passes(scene.c, b, ipv6, 443));
        assertTrue(passes(scene.c, b, ipv6, 444));
        assertTrue(scene.passes(scene.c, RawPacket.udp(scene.c.address(ipv6), 9, to, 443)));
        assertTrue(scene.passes(scene.c, RawPacket.echo(scene.c.address(ipv6), to)));

        assertTrue(scene.passes(world, RawPacket.udp(world.address(ipv6), 9, to, 65535)));
        assertTrue(scene.passes(world, RawPacket.udp(world.address(ipv6), 9, to, 1)));
        assertTrue(passes(world, b, ipv6, 22));
        assertFalse(passes(world, b, ipv6, 23));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void blocksHaveHolesAndAnAddressOfItsOwnGoesFirst(boolean ipv6) throws Exception {
        String net = ipv6 ? "fd70::" : "70.0.0.";
        Profile toBlocks = new Profile(
                "out-blocks",
                Direction.EGRESS,
                Map.of(IpAddress.parse(net + "20"), Outcome.ALLOW, IpAddress.parse(net + "30"), Outcome.DENY),
                null,
                List.of(
                        Rulesets.block(net + "10", net + "15", Outcome.ALLOW),
                        Rulesets.block(net + "16", net + "18", Outcome.DENY),
                        Rulesets.block(net + "19", net + "21", Outcome.DENY),
                        Rulesets.block(net + "25", net + "35", Outcome.ALLOW),
                        Rulesets.block(net + "40", net + "40", Outcome.ALLOW),
                        ipv6
                                ? Rulesets.block("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Outcome.ALLOW)
                                : Rulesets.block("200.0.0.0", "255.255.255.255", Outcome.ALLOW)),
                Outcome.DENY);
        scene.node.ip("route", "add", "default", "via", ipv6 ? "fd00::9" : "192.168.0.9");
        force(new Rulesets().with(a, null, toBlocks));
        for (String host : List.of("10", "15", "20", "25", "29", "31", "35", "40")) {
            assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 3, net + host, 9)), host);
        }
        for (String host : List.of("9", "16", "18", "19", "21", "22", "24", "30", "36", "39", "41")) {
            assertFalse(scene.passes(a, RawPacket.udp(a.address(ipv6), 3, net + host, 9)), host);
        }
        if (!ipv6) {
            assertTrue(scene.passes(a, RawPacket.udp(a.v4, 3, "200.0.0.0", 9)));
            assertFalse(scene.passes(a, RawPacket.udp(a.v4, 3, "199.255.255.255", 9)));
        }
    }

    private Map<Denied, Long> denied() throws Exception {
        Map<Denied, Long> denied = new HashMap<>(table.deniedByLink());
        denied.values().removeIf(count -> count == 0);
        return denied;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsDeniedIsCountedByPodAcrossChanges(boolean ipv6) throws Exception {
        assertEquals(Map.of(), table.deniedByLink(), "no table");
        Profile none = Rulesets.deny(Direction.INGRESS);
        Profile fromA = Rulesets.profile("in-b", Direction.INGRESS, Rulesets.to(Outcome.ALLOW, a));
        force(new Rulesets().with(a, none, Rulesets.deny(Direction.EGRESS)).with(b, fromA, null));
        assertEquals(4, table.deniedByLink().size());
        assertEquals(Map.of(), denied());
        assertFalse(passes(a, b, ipv6, 80));
        assertFalse(passes(a, world, ipv6, 80));
        assertFalse(scene.passes(a, RawPacket.udp(scene.c.address(ipv6), 5, world.address(ipv6), 5)), "spoofed");
        assertFalse(passes(world, b, ipv6, 80));
        assertFalse(passes(world, scene.c, ipv6, 80), "a pod that is not known");
        Map<Denied, Long> counted =
                Map.of(new Denied(a.link, Direction.EGRESS), 3L, new Denied(b.link, Direction.INGRESS), 1L);
        assertEquals(counted, denied());

        force(new Rulesets().with(a, none, null).with(b, null, null).open(scene.c));
        assertEquals(counted, denied(), "other profiles, another pod");
        assertEquals(6, table.deniedByLink().size());
        assertEquals(
                KeptTable.Outcome.STOOD,
                new PolicyTable(scene.nft, PolicyOptions.silent())
                        .sync(new Rulesets()
                                .with(a, none, null)
                                .with(b, null, null)
                                .open(scene.c)
                                .build()),
                "a restart");
        assertFalse(passes(b, a, ipv6, 80));
        force(new Rulesets().with(a, none, null));
        assertEquals(
                Map.of(new Denied(a.link, Direction.EGRESS), 3L, new Denied(a.link, Direction.INGRESS), 1L),
                denied(),
                "b is gone");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTrialCountsByPodWhatTheOtherTableLetsPass(boolean ipv6) throws Exception {
        PolicyTable trial = new PolicyTable(scene.nft, PolicyOptions.silent().onTrial());
        force(new Rulesets().with(a, null, Rulesets.deny(Direction.EGRESS)).open(b, scene.c));
        Rulesets tried = new Rulesets()
                .with(a, null, null)
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c);
        assertEquals(KeptTable.Outcome.CHANGED, trial.sync(tried.build()));
        assertFalse(passes(a, b, ipv6, 80), "the table that enforces goes first");
        assertTrue(passes(scene.c, b, ipv6, 80));
        Map<Denied, Long> denied = new HashMap<>(trial.deniedByLink());
        denied.values().removeIf(count -> count == 0);
        assertEquals(Map.of(new Denied(b.link, Direction.INGRESS), 1L), denied);
        assertEquals(Map.of(new Denied(a.link, Direction.EGRESS), 1L), denied());
        assertEquals(1, trial.dropped().ingress());
        assertTrue(trial.remove());
        int generation = scene.nft.generation();
        assertFalse(trial.remove());
        assertEquals(generation, scene.nft.generation(), "nothing is sent");
        assertEquals(Map.of(), trial.deniedByLink());
        assertTrue(passes(scene.c, b, ipv6, 80));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void allPodsAreOneRule(boolean ipv6) throws Exception {
        Profile fromPods = new Profile(
                "in-pods",
                Direction.INGRESS,
                Rulesets.to(Outcome.DENY, scene.c),
                Outcome.ALLOW,
                List.of(),
                Outcome.DENY);
        force(new Rulesets()
                .with(b, fromPods, null)
                .open(a, scene.c)
                .withPods(
                        IpAddress.parse(a.address(ipv6)),
                        IpAddress.parse(b.address(ipv6)),
                        IpAddress.parse(scene.c.address(ipv6))));
        assertTrue(passes(a, b, ipv6, 80));
        assertFalse(passes(scene.c, b, ipv6, 80), "what is said of an address alone goes first");
        assertFalse(passes(world, b, ipv6, 80));
    }
}
