package io.towpath.policy.nft;

import static io.towpath.policy.nft.RawPacket.ACK;
import static io.towpath.policy.nft.RawPacket.CLIENT_PORT;
import static io.towpath.policy.nft.RawPacket.SYN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.nft.PolicyTable.Dropped;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of real packets: who reaches whom. */
@NeedsRoot
class PacketsKernelTest {
    private static final String SPOOFED_V4 = "10.1.0.3";

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.a;
    private final PolicyScene.Pod b = scene.b;
    private final PolicyScene.Pod world = scene.world;
    private final PolicyTable table = scene.table;

    PacketsKernelTest() throws Exception {}

    @BeforeEach
    void allPasses() throws Exception {
        scene.requireTraffic();
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void openPodsReachEachOtherAndTheWorld(boolean ipv6) throws Exception {
        scene.force(new Rulesets().open(a, b));
        for (PolicyScene.Pod from : List.of(a, b, world)) {
            for (PolicyScene.Pod to : List.of(a, b, world)) {
                if (from != to) {
                    assertTrue(scene.passes(from, to, ipv6, 80), from.link + " to " + to.link);
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
        scene.force(new Rulesets().with(a, null, toB).with(b, fromA, null).open(scene.c));
        assertTrue(scene.passes(a, b, ipv6, 80));
        assertFalse(scene.passes(a, scene.c, ipv6, 80), "the sender's egress");
        assertFalse(scene.passes(scene.c, b, ipv6, 80), "the receiver's ingress");
        assertFalse(scene.passes(world, b, ipv6, 80));
        assertFalse(scene.passes(a, world, ipv6, 80));
        assertTrue(scene.passes(b, world, ipv6, 80), "isolated for ingress only");
        assertTrue(scene.passes(world, a, ipv6, 80), "isolated for egress only");

        scene.force(new Rulesets()
                .with(a, null, toB)
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c));
        assertFalse(scene.passes(a, RawPacket.udp(a.address(ipv6), 7, b.address(ipv6), 80)), "allowed by one of both");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void repliesPassAndOthersDoNot(boolean ipv6) throws Exception {
        scene.force(new Rulesets()
                .with(a, Rulesets.deny(Direction.INGRESS), null)
                .with(b, null, Rulesets.deny(Direction.EGRESS)));
        String client = a.address(ipv6);
        String server = b.address(ipv6);
        assertTrue(scene.passes(a, b, ipv6, 80));
        assertTrue(scene.passes(b, RawPacket.tcp(server, 80, client, CLIENT_PORT, SYN | ACK, 5000, 1001)));
        assertTrue(scene.passes(a, RawPacket.tcp(client, CLIENT_PORT, server, 80, ACK, 1001, 5001)));
        assertFalse(scene.passes(b, a, ipv6, 80));
        assertTrue(scene.passes(a, RawPacket.udp(client, 1000, server, 53)));
        assertTrue(scene.passes(b, RawPacket.udp(server, 53, client, 1000)));
        assertFalse(scene.passes(b, RawPacket.udp(server, 53, client, 1001)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatBelongsToNoConnectionIsDropped(boolean ipv6) throws Exception {
        scene.force(new Rulesets().open(a, b));
        long before = table.dropped().invalid();
        assertFalse(scene.passes(
                a, RawPacket.tcp(a.address(ipv6), CLIENT_PORT, b.address(ipv6), 80, SYN | ACK, 5000, 1001)));
        assertEquals(before + 1, table.dropped().invalid());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void unknownPodsGetNothingAndReachNobody(boolean ipv6) throws Exception {
        scene.force(new Rulesets().open(a));
        assertFalse(scene.passes(b, a, ipv6, 80));
        assertFalse(scene.passes(b, world, ipv6, 80));
        assertFalse(scene.passes(a, b, ipv6, 80));
        assertFalse(scene.passes(world, b, ipv6, 80));
        assertFalse(scene.passes(b, RawPacket.echo(b.address(ipv6), ipv6 ? "fd00::1" : "192.168.0.1")), "nor the node");
        assertTrue(scene.passes(a, world, ipv6, 80));
        assertEquals(new Dropped(2, 0, 3, 0), table.dropped());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nobodySendsAsAnother(boolean ipv6) throws Exception {
        scene.force(new Rulesets().open(a, b, scene.c));
        String victim = ipv6 ? scene.c.v6 : SPOOFED_V4;
        assertTrue(scene.passes(scene.c, RawPacket.udp(victim, 1000, world.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1000, world.address(ipv6), 53)), "also in its connections");
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1001, b.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(ipv6 ? "fd77::1" : "8.8.8.8", 1001, b.address(ipv6), 53)));
        assertFalse(scene.passes(a, RawPacket.udp(victim, 1001, ipv6 ? "fd00::1" : "192.168.0.1", 53)));
        assertEquals(new Dropped(0, 0, 4, 0), table.dropped());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void podsReachTheNodeByEgressAndTheNodeReachesAll(boolean ipv6) throws Exception {
        String host = ipv6 ? "fd00::1" : "192.168.0.1";
        Profile toHost = Rulesets.profile("out-host", Direction.EGRESS, Map.of(IpAddress.parse(host), Outcome.ALLOW));
        scene.force(new Rulesets()
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
        scene.force(new Rulesets().with(b, fromA, null).open(a));
        assertTrue(scene.passes(scene.node, RawPacket.syn(near, to, 80)));
        assertFalse(scene.passes(scene.node, RawPacket.syn(far, to, 80)));
        assertEquals(1, table.dropped().ingress());
        assertTrue(scene.passes(scene.node, RawPacket.syn(far, near, 80)), "to whom no policy is about");
        assertTrue(scene.passes(scene.node, RawPacket.udp(far, 1, world.address(ipv6), 53)), "to no pod");
        scene.force(new Rulesets().with(b, Rulesets.deny(Direction.INGRESS), null));
        assertFalse(scene.passes(scene.node, RawPacket.udp(near, 1, to, 53)));
        assertFalse(scene.passes(scene.node, RawPacket.udp(far, 1, near, 53)), "to an unknown pod");
    }

    /** As IPVS does with what a pod sends to a Service: the packet comes out of the node, to its endpoint. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAPodSendsByTheNodesOutputMeetsItsEgressFirst(boolean ipv6) throws Exception {
        String from = a.address(ipv6);
        Profile toB = Rulesets.profile("out-b", Direction.EGRESS, Rulesets.to(Outcome.ALLOW, b));
        scene.force(new Rulesets().with(a, null, toB).open(b, scene.c));
        assertTrue(scene.passes(scene.node, RawPacket.syn(from, b.address(ipv6), 80)));
        assertTrue(scene.passes(scene.node, RawPacket.udp(b.address(ipv6), 1, world.address(ipv6), 53)), "an open pod");
        assertFalse(scene.passes(scene.node, RawPacket.syn(from, scene.c.address(ipv6), 80)), "a pod");
        assertFalse(scene.passes(scene.node, RawPacket.udp(from, 1, world.address(ipv6), 53)), "nor the world");
        assertEquals(new Dropped(0, 2, 0, 0), table.dropped());
        assertTrue(scene.passes(scene.node, RawPacket.syn(ipv6 ? "fd00::1" : "192.168.0.1", from, 80)), "the node's");

        scene.force(new Rulesets()
                .with(a, null, toB)
                .with(b, Rulesets.deny(Direction.INGRESS), null)
                .open(scene.c));
        assertFalse(scene.passes(scene.node, RawPacket.udp(from, 1, b.address(ipv6), 80)), "the receiver's ingress");
        assertEquals(1, table.dropped().ingress());
        Profile toItself = Rulesets.profile("out-a", Direction.EGRESS, Rulesets.to(Outcome.ALLOW, a));
        scene.force(new Rulesets().with(a, null, toItself));
        assertTrue(scene.passes(scene.node, RawPacket.udp(from, 1, from, 80)), "itself, by a Service");
        scene.force(new Rulesets().with(a, Rulesets.deny(Direction.INGRESS), toItself));
        assertFalse(scene.passes(scene.node, RawPacket.udp(from, 2, from, 80)));
    }

    /** An address that is two pods', as after a lease that was lost, is nobody's behind IPVS. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatMayBeOfTwoPodsWithDifferentPoliciesIsDenied(boolean ipv6) throws Exception {
        Profile none = Rulesets.deny(Direction.EGRESS);
        IpAddress shared = IpAddress.parse(a.address(ipv6));
        scene.force(new Rulesets().open(a, b).with(new Endpoint(b.link, shared), null, null));
        assertTrue(scene.passes(scene.node, RawPacket.udp(a.address(ipv6), 1, b.address(ipv6), 53)), "both are open");
        scene.force(new Rulesets().open(a, b).with(new Endpoint(b.link, shared), null, none));
        assertFalse(scene.passes(scene.node, RawPacket.udp(a.address(ipv6), 2, b.address(ipv6), 53)));
        assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 3, b.address(ipv6), 53)), "its interface is known");
    }

    /** As IPVS changes, between the two, where a packet goes that stays on the node. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void policiesSeeThePlaceOnTheNodeThatAServiceLeadsTo(boolean ipv6) throws Exception {
        String service = ipv6 ? "fd96::1" : "10.96.0.1";
        String host = ipv6 ? "fd00::1" : "192.168.0.1";
        String field = ipv6 ? "ip6" : "ip";
        scene.node.ip("address", "add", service, "dev", "lo");
        scene.nft("add table inet service;"
                + " add chain inet service in { type filter hook input priority 99; };"
                + " add rule inet service in " + field + " daddr " + service + " " + field + " daddr set " + host);
        Profile toHost = Rulesets.profile("out-host", Direction.EGRESS, Map.of(IpAddress.parse(host), Outcome.ALLOW));
        Profile toService =
                Rulesets.profile("out-service", Direction.EGRESS, Map.of(IpAddress.parse(service), Outcome.ALLOW));
        scene.force(new Rulesets().with(a, null, toHost).with(b, null, toService));
        assertTrue(scene.passes(a, RawPacket.udp(a.address(ipv6), 1, service, 53)));
        assertFalse(scene.passes(b, RawPacket.udp(b.address(ipv6), 1, service, 53)));
        assertFalse(scene.passes(b, RawPacket.udp(a.address(ipv6), 1, service, 53)), "not its address");
        assertEquals(new Dropped(0, 1, 1, 0), table.dropped());
    }
}
