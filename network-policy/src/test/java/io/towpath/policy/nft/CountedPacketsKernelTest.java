package io.towpath.policy.nft;

import static io.towpath.policy.nft.RawPacket.ACK;
import static io.towpath.policy.nft.RawPacket.CLIENT_PORT;
import static io.towpath.policy.nft.RawPacket.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.policy.nft.PolicyTable.Denied;
import io.towpath.policy.nft.PolicyTable.Dropped;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Of real packets that are dropped: how often, why and whose. */
@NeedsRoot
class CountedPacketsKernelTest {
    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.a;
    private final PolicyScene.Pod b = scene.b;
    private final PolicyScene.Pod world = scene.world;
    private final PolicyTable table = scene.table;

    CountedPacketsKernelTest() throws Exception {}

    @BeforeEach
    void allPasses() throws Exception {
        scene.requireTraffic();
    }

    @AfterEach
    void close() {
        scene.close();
    }

    /** Whatever else is true of it: a stranger's is denied nothing by a policy, and what the sender may not send reaches no receiver. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPacketIsCountedForOneReason(boolean ipv6) throws Exception {
        scene.force(new Rulesets()
                .with(a, null, Rulesets.deny(Direction.EGRESS))
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c));
        Dropped before = table.dropped();
        assertFalse(scene.passes(a, b, ipv6, 80), "neither may be sent nor received");
        assertEquals(new Dropped(0, 1, 0, 0), since(before));
        assertFalse(scene.passes(scene.c, b, ipv6, 80));
        assertEquals(new Dropped(1, 1, 0, 0), since(before));
        assertFalse(scene.passes(a, world, ipv6, 80));
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
        scene.force(
                new Rulesets().with(a, none, Rulesets.deny(Direction.EGRESS)).with(b, fromA, null));
        assertEquals(4, table.deniedByLink().size());
        assertEquals(Map.of(), denied());
        assertFalse(scene.passes(a, b, ipv6, 80));
        assertFalse(scene.passes(a, world, ipv6, 80));
        assertFalse(scene.passes(a, RawPacket.udp(scene.c.address(ipv6), 5, world.address(ipv6), 5)), "spoofed");
        assertFalse(scene.passes(world, b, ipv6, 80));
        assertFalse(scene.passes(world, scene.c, ipv6, 80), "a pod that is not known");
        Map<Denied, Long> counted =
                Map.of(new Denied(a.link, Direction.EGRESS), 3L, new Denied(b.link, Direction.INGRESS), 1L);
        assertEquals(counted, denied());

        scene.force(new Rulesets().with(a, none, null).with(b, null, null).open(scene.c));
        assertEquals(counted, denied(), "other profiles, another pod");
        assertEquals(6, table.deniedByLink().size());
        assertEquals(
                ManagedTable.Outcome.STOOD,
                scene.table(PolicyOptions.silent())
                        .sync(new Rulesets()
                                .with(a, none, null)
                                .with(b, null, null)
                                .open(scene.c)
                                .build()),
                "a restart");
        assertFalse(scene.passes(b, a, ipv6, 80));
        scene.force(new Rulesets().with(a, none, null));
        assertEquals(
                Map.of(new Denied(a.link, Direction.EGRESS), 3L, new Denied(a.link, Direction.INGRESS), 1L),
                denied(),
                "b is gone");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTrialCountsByPodWhatTheOtherTableLetsPass(boolean ipv6) throws Exception {
        PolicyTable trial = scene.table(PolicyOptions.silent().onTrial());
        scene.force(
                new Rulesets().with(a, null, Rulesets.deny(Direction.EGRESS)).open(b, scene.c));
        Rulesets tried = new Rulesets()
                .with(a, null, null)
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c);
        assertEquals(ManagedTable.Outcome.CHANGED, trial.sync(tried.build()));
        assertFalse(scene.passes(a, b, ipv6, 80), "the table that enforces goes first");
        assertTrue(scene.passes(scene.c, b, ipv6, 80));
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
        assertTrue(scene.passes(scene.c, b, ipv6, 80));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAPodIsDeniedByTheNodesOutputIsCountedAsItsOwn(boolean ipv6) throws Exception {
        scene.force(
                new Rulesets().with(a, null, Rulesets.deny(Direction.EGRESS)).open(b));
        assertFalse(scene.passes(a, b, ipv6, 80));
        assertFalse(scene.passes(scene.node, RawPacket.udp(a.address(ipv6), 5, b.address(ipv6), 5)));
        Map<Denied, Long> counted = Map.of(new Denied(a.link, Direction.EGRESS), 2L);
        assertEquals(counted, denied());
        PolicyTable restarted = scene.table(PolicyOptions.silent());
        assertEquals(
                ManagedTable.Outcome.STOOD,
                restarted.sync(new Rulesets()
                        .with(a, null, Rulesets.deny(Direction.EGRESS))
                        .open(b)
                        .build()));
        assertEquals(2, restarted.deniedByLink().get(new Denied(a.link, Direction.EGRESS)));
    }
}
