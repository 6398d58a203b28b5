package io.towpath.netlink.nflog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Hook;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NeedsRoot
@Timeout(60)
class NfLogKernelTest {
    private static final int GROUP = 70;
    /** More than what a monitor's buffer takes. */
    private static final int FLOOD = 200_000;

    private final TestNamespace node = new TestNamespace();
    private final Monitor monitor = new Monitor();
    private final List<LoggedPacket> packets = new ArrayList<>();
    private int losses;

    NfLogKernelTest() throws NetlinkException {
        node.ip("link", "set", "lo", "up");
        subscribe(monitor);
        node.execute(
                "nft",
                "add table inet t; add chain inet t c { type filter hook input priority 0; };"
                        + " add rule inet t c udp dport 9 log prefix \"to discard\" group " + GROUP + " drop");
    }

    private void subscribe(Monitor by) throws NetlinkException {
        NfLog.Listener listener = new NfLog.Listener() {
            @Override
            public void packet(LoggedPacket packet) {
                packets.add(packet);
            }

            @Override
            public void lost() {
                losses++;
            }
        };
        try (NetNs netNs = node.open()) {
            NfLog.subscribe(by, netNs, GROUP, listener);
        }
    }

    @AfterEach
    void close() {
        monitor.close();
        node.close();
    }

    /** Sends some from one port. */
    private void send(String to, int count) throws Exception {
        node.inside(() -> {
            try (DatagramSocket socket = new DatagramSocket(4000)) {
                DatagramPacket packet = new DatagramPacket(new byte[500], 500, InetAddress.getByName(to), 9);
                for (int i = 0; i < count; i++) {
                    socket.send(packet);
                }
            }
        });
    }

    private void await(int count) throws NetlinkException {
        while (packets.size() < count) {
            assertTrue(monitor.await(10_000), packets::toString);
        }
    }

    @Test
    void packetsAreTold() throws Exception {
        Instant before = Instant.now();
        send("127.0.0.1", 1);
        send("::1", 1);
        await(2);
        for (int i = 0; i < 2; i++) {
            LoggedPacket packet = packets.get(i);
            IpAddress address = IpAddress.parse(i == 0 ? "127.0.0.1" : "::1");
            int none = PacketHeader.NONE;
            assertEquals(new PacketHeader(address, address, 17, 4000, 9, none, none, none), packet.header());
            assertEquals("to discard", packet.prefix());
            assertEquals(Hook.INPUT, packet.hook());
            assertEquals(1, packet.input(), "the index of lo");
            assertEquals(0, packet.output());
            Duration age = Duration.between(before, packet.time());
            assertTrue(age.abs().compareTo(Duration.ofMinutes(1)) < 0, age::toString);
        }
        assertEquals(0, losses);
    }

    @Test
    void manyAreToldTogether() throws Exception {
        send("127.0.0.1", 200);
        await(200);
        assertEquals(200, packets.size());
        assertEquals(0, losses);
    }

    @Test
    void whatDoesNotFitIsToldAsLost() throws Exception {
        send("127.0.0.1", FLOOD);
        while (losses == 0) {
            assertTrue(monitor.await(10_000), "all of them fitted");
        }
        int read = packets.size();
        assertTrue(read < FLOOD);
        send("127.0.0.1", 1);
        await(read + 1);
    }

    @Test
    void aGroupHasOneReaderUntilThatCloses() throws Exception {
        try (Monitor other = new Monitor()) {
            NetlinkException refused = assertThrows(NetlinkException.class, () -> subscribe(other));
            assertTrue(refused.is(Errno.EPERM) || refused.is(Errno.EBUSY), refused.getMessage());
            assertTrue(refused.getMessage().contains("log bind group " + GROUP), refused.getMessage());
            monitor.close();
            subscribe(other);
            send("127.0.0.1", 1);
            while (packets.isEmpty()) {
                assertTrue(other.await(10_000));
            }
        }
    }

    @Test
    void anotherThreadWakesTheReader() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        FutureTask<Boolean> reading = new FutureTask<>(() -> {
            begun.countDown();
            return monitor.await(-1);
        });
        Thread.ofPlatform().start(reading);
        begun.await();
        monitor.wake();
        assertTrue(reading.get());
        assertTrue(packets.isEmpty());
        assertFalse(monitor.await(0));
    }
}
