package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What real packets find of addresses, blocks and ports. */
@NeedsRoot
class PacketRulesKernelTest {
    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.a;
    private final PolicyScene.Pod b = scene.b;
    private final PolicyScene.Pod world = scene.world;

    PacketRulesKernelTest() throws Exception {}

    @BeforeEach
    void allPasses() throws Exception {
        scene.requireTraffic();
    }

    @AfterEach
    void close() {
        scene.close();
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
        scene.force(new Rulesets()
                .with(b, Rulesets.profile("in-b", Direction.INGRESS, addresses), null)
                .open(a, scene.c));
        String to = b.address(ipv6);
        for (int port : new int[] {80, 8000, 8050, 8100}) {
            assertTrue(scene.passes(a, b, ipv6, port), "tcp " + port);
        }
        for (int port : new int[] {79, 81, 7999, 8101, 53, 20_000}) {
            assertFalse(scene.passes(a, b, ipv6, port), "tcp " + port);
        }
        assertEquals(others > 0, scene.passes(a, b, ipv6, 20_039));
        assertEquals(others == 0, scene.passes(scene.c, b, ipv6, 20_039));
        assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 9, to, 53)));
        assertFalse(scene.passes(a, RawPacket.udp(a.address(ipv6), 9, to, 80)));
        assertTrue(scene.passes(a, RawPacket.sctp(a.address(ipv6), to, 80)));
        assertFalse(scene.passes(a, RawPacket.sctp(a.address(ipv6), to, 8050)));
        assertFalse(scene.passes(a, RawPacket.echo(a.address(ipv6), to)));

        assertFalse(scene.passes(scene.c, b, ipv6, 443));
        assertTrue(scene.passes(scene.c, b, ipv6, 444));
        assertTrue(scene.passes(scene.c, RawPacket.udp(scene.c.address(ipv6), 9, to, 443)));
        assertTrue(scene.passes(scene.c, RawPacket.echo(scene.c.address(ipv6), to)));

        assertTrue(scene.passes(world, RawPacket.udp(world.address(ipv6), 9, to, 65535)));
        assertTrue(scene.passes(world, RawPacket.udp(world.address(ipv6), 9, to, 1)));
        assertTrue(scene.passes(world, b, ipv6, 22));
        assertFalse(scene.passes(world, b, ipv6, 23));
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
        scene.force(new Rulesets().with(a, null, toBlocks));
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
        scene.force(new Rulesets()
                .with(b, fromPods, null)
                .open(a, scene.c)
                .withPods(
                        IpAddress.parse(a.address(ipv6)),
                        IpAddress.parse(b.address(ipv6)),
                        IpAddress.parse(scene.c.address(ipv6))));
        assertTrue(scene.passes(a, b, ipv6, 80));
        assertFalse(scene.passes(scene.c, b, ipv6, 80), "what is said of an address alone goes first");
        assertFalse(scene.passes(world, b, ipv6, 80));
    }
}
