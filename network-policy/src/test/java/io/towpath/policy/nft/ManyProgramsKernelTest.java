package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pods that share a profile of many programs, which are found in a set. */
@NeedsRoot
class ManyProgramsKernelTest {
    private static final int MANY = 120;
    private static final String SETS = "-endpoints-";

    private final PolicyScene scene;
    private final PolicyTable table;

    ManyProgramsKernelTest() throws Exception {
        scene = new PolicyScene();
        table = scene.table;
    }

    @AfterEach
    void close() {
        scene.close();
    }

    private static Outcome program(String name, Program.PortRange... ports) {
        return new Outcome.Ports(new Program(name, List.of(ports), false));
    }

    /** The world has ports of its own, by its addresses or as a part of blocks, and so has each of some others. */
    private Profile profile(Direction direction, int others, boolean inBlocks) {
        Outcome ofWorld = program(
                "world",
                new Program.PortRange(Protocol.TCP, 80, 80, true),
                new Program.PortRange(Protocol.TCP, 9000, 9100, true),
                new Program.PortRange(Protocol.UDP, 53, 53, true));
        Map<IpAddress, Outcome> addresses = new HashMap<>();
        for (int i = 0; i < others; i++) {
            Outcome own = program("own-" + i, new Program.PortRange(Protocol.TCP, 2000 + i, 2000 + i, true));
            addresses.put(IpAddress.parse("10.9.0." + i), own);
            addresses.put(IpAddress.parse("fd09::" + i), own);
        }
        if (!inBlocks) {
            addresses.putAll(Rulesets.to(ofWorld, scene.world));
        }
        return new Profile(
                direction == Direction.INGRESS ? "in-many" : "out-many",
                direction,
                addresses,
                null,
                inBlocks
                        ? List.of(
                                Rulesets.block("192.168.0.0", "192.168.0.255", ofWorld),
                                Rulesets.block("fd00::", "fd00::ff", ofWorld))
                        : List.of(),
                Outcome.DENY);
    }

    /** Also a pod with a profile of its own, and one without any. */
    private Rulesets rulesets(int others, boolean inBlocks) {
        Profile ingress = profile(Direction.INGRESS, others, inBlocks);
        Profile egress = profile(Direction.EGRESS, others, inBlocks);
        return new Rulesets()
                .with(scene.a, ingress, egress)
                .with(scene.b, ingress, egress)
                .with(scene.c, Rulesets.deny(Direction.INGRESS), null);
    }

    private List<Boolean> decisions() throws Exception {
        List<Boolean> decisions = new ArrayList<>();
        PolicyScene.Pod world = scene.world;
        for (boolean ipv6 : new boolean[] {false, true}) {
            String outside = world.address(ipv6);
            for (PolicyScene.Pod pod : List.of(scene.a, scene.b)) {
                String inside = pod.address(ipv6);
                for (int port : new int[] {80, 81, 8999, 9000, 9050, 9100, 9101, 2000}) {
                    decisions.add(scene.passes(world, RawPacket.syn(outside, inside, port)));
                    decisions.add(scene.passes(pod, RawPacket.syn(inside, outside, port)));
                }
                decisions.add(scene.passes(world, RawPacket.udp(outside, 1, inside, 53)));
                decisions.add(scene.passes(pod, RawPacket.udp(inside, 2, outside, 53)));
                decisions.add(scene.passes(world, RawPacket.udp(outside, 1, inside, 80)));
                decisions.add(scene.passes(pod, RawPacket.udp(inside, 2, outside, 80)));
                decisions.add(scene.passes(world, RawPacket.sctp(outside, inside, 80)));
                decisions.add(scene.passes(world, RawPacket.echo(outside, inside)));
            }
            assertFalse(scene.passes(world, RawPacket.syn(outside, scene.c.address(ipv6), 80)));
            assertTrue(scene.passes(scene.c, RawPacket.syn(scene.c.address(ipv6), outside, 81)));
            assertFalse(scene.passes(scene.a, RawPacket.syn(scene.a.address(ipv6), scene.b.address(ipv6), 80)));
        }
        return decisions;
    }

    /** What {@link #decisions} must be. */
    private static List<Boolean> expected() {
        List<Boolean> expected = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            for (boolean port : new boolean[] {true, false, false, true, true, true, false, false}) {
                expected.add(port);
                expected.add(port);
            }
            expected.addAll(List.of(true, true, false, false, false, false));
        }
        return expected;
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void decidesTheSameOfFewAndOfMany(boolean inBlocks) throws Exception {
        scene.passes(scene.a, RawPacket.udp(scene.a.v4, 1, scene.b.v4, 1));
        for (int others : new int[] {1, 2 * MANY, 1}) {
            int generation = scene.nft.generation();
            assertEquals(
                    ManagedTable.Outcome.CHANGED,
                    table.sync(rulesets(others, inBlocks).build()));
            assertEquals(generation + 1, scene.nft.generation());
            assertEquals(others > MANY, list().contains(SETS));
            assertFalse(table.sent().contains("chain flush inet towpath-policy to-pod"), "its counters stay");
            assertEquals(
                    ManagedTable.Outcome.STOOD,
                    scene.table(PolicyOptions.silent())
                            .sync(rulesets(others, inBlocks).build()));
            assertEquals(expected(), decisions(), others + " others");
        }
    }

    private String list() {
        return scene.nft("list", "table", "inet", PolicyTable.NAME);
    }

    @Test
    void nftLoadsItsListing(@TempDir Path folder) throws Exception {
        table.sync(rulesets(2 * MANY, true).build());
        String listed = list();
        assertTrue(listed.contains("iifname . ip saddr @out-many-endpoints-4 goto out-many"), listed);
        assertTrue(listed.contains("oifname . ip6 daddr @in-many-endpoints-6 goto in-many"), listed);
        Path file = Files.writeString(folder.resolve("table"), listed);
        scene.nft("delete", "table", "inet", PolicyTable.NAME);
        scene.nft("-f", file.toString());
        assertEquals(listed, list());
    }
}
