package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nflog.LoggedPacket;
import io.towpath.netlink.nflog.NfLog;
import io.towpath.netlink.nflog.PacketHeader;
import io.towpath.netlink.nft.Hook;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a reader of the log is told of packets that were denied. */
@NeedsRoot
@Timeout(60)
class DeniedLogKernelTest {
    private static final PolicyOptions OPTIONS = new PolicyOptions(true, 7, 1, 3);
    private static final int NONE = PacketHeader.NONE;

    private final PolicyScene scene = new PolicyScene();
    private final Monitor monitor = new Monitor();
    private final List<LoggedPacket> packets = new ArrayList<>();

    DeniedLogKernelTest() throws Exception {
        NfLog.Listener listener = new NfLog.Listener() {
            @Override
            public void packet(LoggedPacket packet) {
                packets.add(packet);
            }

            @Override
            public void lost() {
                throw new AssertionError("lost");
            }
        };
        try (NetNs netNs = scene.node.open()) {
            NfLog.subscribe(monitor, netNs, OPTIONS.logGroup(), listener);
        }
    }

    @AfterEach
    void close() {
        monitor.close();
        scene.close();
    }

    private int index(String link) {
        return scene.node
                .show("link", "show", "dev", link)
                .get(0)
                .get("ifindex")
                .asInt();
    }

    private LoggedPacket logged(PolicyScene.Pod from, RawPacket packet) throws Exception {
        return logged(from.namespace, packet);
    }

    /** Sends a packet, which is denied, and takes what is told of it. */
    private LoggedPacket logged(TestNamespace from, RawPacket packet) throws Exception {
        packets.clear();
        assertFalse(scene.passes(from, packet));
        while (packets.isEmpty()) {
            assertTrue(monitor.await(10_000));
        }
        assertEquals(1, packets.size());
        return packets.getFirst();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deniedPacketsAreToldWithTheirWayAndHeaders(boolean ipv6) throws Exception {
        PolicyTable table = scene.table(OPTIONS);
        table.sync(new Rulesets()
                .with(scene.a, null, Rulesets.deny(Direction.EGRESS))
                .with(scene.b, Rulesets.deny(Direction.INGRESS), null)
                .build());
        IpAddress a = IpAddress.parse(scene.a.address(ipv6));
        IpAddress b = IpAddress.parse(scene.b.address(ipv6));
        IpAddress world = IpAddress.parse(scene.world.address(ipv6));
        int toA = index(scene.a.link);
        int toB = index(scene.b.link);

        LoggedPacket out = logged(scene.a, RawPacket.syn(a.toString(), b.toString(), 80));
        assertEquals(
                new LoggedPacket(
                        out.time(),
                        "denied-out",
                        Hook.FORWARD,
                        toA,
                        toB,
                        new PacketHeader(a, b, RawPacket.TCP, RawPacket.CLIENT_PORT, 80, RawPacket.SYN, NONE, NONE)),
                out);

        LoggedPacket in = logged(scene.world, RawPacket.udp(world.toString(), 5, b.toString(), 53));
        assertEquals(
                new LoggedPacket(
                        in.time(),
                        "denied-in",
                        Hook.FORWARD,
                        index(scene.world.link),
                        toB,
                        new PacketHeader(world, b, RawPacket.UDP, 5, 53, NONE, NONE, NONE)),
                in);

        IpAddress node = IpAddress.parse(ipv6 ? "fd00::1" : "192.168.0.1");
        LoggedPacket echo = logged(scene.a, RawPacket.echo(a.toString(), node.toString()));
        assertEquals(
                new LoggedPacket(
                        echo.time(),
                        "denied-out",
                        Hook.INPUT,
                        toA,
                        0,
                        new PacketHeader(a, node, ipv6 ? 58 : 1, NONE, NONE, NONE, ipv6 ? 128 : 8, 0)),
                echo);

        LoggedPacket service = logged(scene.node, RawPacket.udp(a.toString(), 5, b.toString(), 53));
        assertEquals(
                new LoggedPacket(
                        service.time(),
                        "denied-out",
                        Hook.OUTPUT,
                        0,
                        toB,
                        new PacketHeader(a, b, RawPacket.UDP, 5, 53, NONE, NONE, NONE)),
                service,
                "as IPVS sends it");
    }

    @Test
    void aPodThatIsDeniedMuchHidesNoOther() throws Exception {
        scene.table(OPTIONS)
                .sync(new Rulesets()
                        .with(scene.a, null, Rulesets.deny(Direction.EGRESS))
                        .with(scene.b, null, Rulesets.deny(Direction.EGRESS))
                        .build());
        int many = 40;
        for (int i = 0; i < many; i++) {
            assertFalse(scene.passes(scene.a, RawPacket.syn(scene.a.v4, scene.world.v4, 80)));
            assertFalse(scene.passes(scene.node, RawPacket.syn(scene.a.v4, scene.world.v4, 80)));
        }
        assertFalse(scene.passes(scene.b, RawPacket.syn(scene.b.v4, scene.world.v4, 80)));
        int b = index(scene.b.link);
        while (packets.stream().noneMatch(packet -> packet.input() == b)) {
            assertTrue(monitor.await(10_000));
        }
        int ofA = (int) packets.stream()
                .filter(packet -> packet.input() == index(scene.a.link))
                .count();
        assertTrue(ofA >= OPTIONS.logBurst() && ofA < many, () -> ofA + " packets");
        int byOutput = packets.size() - 1 - ofA;
        assertTrue(byOutput >= OPTIONS.logBurst() && byOutput < many, () -> byOutput + " packets by the node's output");
    }

    @Test
    void whatOnlyADryRunDeniesIsToldAsThat() throws Exception {
        scene.table(OPTIONS).sync(new Rulesets().open(scene.a).build());
        scene.table(OPTIONS.onTrial())
                .sync(new Rulesets()
                        .with(scene.a, null, Rulesets.deny(Direction.EGRESS))
                        .build());
        assertTrue(scene.passes(scene.a, RawPacket.syn(scene.a.v4, scene.world.v4, 80)));
        while (packets.isEmpty()) {
            assertTrue(monitor.await(10_000));
        }
        assertEquals(
                new LoggedDenial(Direction.EGRESS, false),
                LoggedDenial.of(packets.getFirst().prefix()));
        assertNull(LoggedDenial.of("another's"));
    }
}
