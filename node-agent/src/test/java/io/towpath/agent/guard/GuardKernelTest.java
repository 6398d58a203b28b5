package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table on the real kernel: what gets into the overlay and what does not. A node with a pod, and on its underlay a peer
 * and a stranger, each at its own address.
 */
@NeedsRoot
class GuardKernelTest {
    private static final int PORT = 8472;
    private static final int MARKER_PORT = 9999;
    private static final String NODE = "192.168.0.1";
    private static final String PEER = "192.168.0.2";
    private static final String STRANGER = "192.168.0.77";
    private static final String POD = "10.64.1.5";
    private static final int FRAMES = 3;

    @TempDir
    private Path folder = Path.of("");

    private final TestNamespace node = new TestNamespace();
    private final TestNamespace pod = new TestNamespace();
    private final TestNamespace outside = new TestNamespace();
    private @Nullable DesiredOverlay overlay;

    @BeforeEach
    void connect() throws Exception {
        node.ip("link", "set", "lo", "up");
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", name(outside));
        node.ip("address", "add", NODE + "/24", "dev", "eth0");
        node.ip("link", "set", "eth0", "up");
        outside.ip("link", "set", "lo", "up");
        outside.ip("link", "set", "eth0", "up");
        outside.ip("address", "add", PEER + "/24", "dev", "eth0");
        outside.ip("address", "add", STRANGER + "/24", "dev", "eth0");
        outside.ip("route", "add", "10.64.0.0/10", "via", NODE);
        node.ip("link", "add", "cali0123456789a", "type", "veth", "peer", "name", "eth0", "netns", name(pod));
        node.ip("link", "set", "cali0123456789a", "up");
        pod.ip("link", "set", "eth0", "up");
        pod.ip("address", "add", POD + "/24", "dev", "eth0");
        pod.ip("route", "add", "default", "via", "10.64.1.1");
        node.ip("address", "add", "10.64.1.1/32", "dev", "cali0123456789a");
        node.ip("route", "add", POD, "dev", "cali0123456789a");
        overlay = overlay();
    }

    private static String name(TestNamespace namespace) {
        return Path.of(namespace.path()).getFileName().toString();
    }

    private DesiredOverlay overlay() throws Exception {
        Files.writeString(folder.resolve("cluster.json"), """
                {"network": ["10.64.0.0/10"], "node": "n1", "nodes": [
                  {"name": "n1", "slices": ["10.64.1.0/24"], "addresses": ["192.168.0.1"]},
                  {"name": "n2", "slices": ["10.64.2.0/24"], "addresses": ["192.168.0.2"]}]}""");
        OverlayConfig files = new OverlayConfig(
                folder.resolve("cluster.json").toString(),
                folder.resolve("run").toString(),
                folder.resolve("flannel/subnet.env").toString());
        DesiredOverlay[] made = new DesiredOverlay[1];
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                made[0] = new Overlay(files, rtnl).sync().desired();
            }
        });
        return Objects.requireNonNull(made[0]);
    }

    @AfterEach
    void remove() {
        pod.close();
        outside.close();
        node.close();
    }

    private Guard.Outcome sync(Guard guard) throws Exception {
        return guard.sync(Objects.requireNonNull(overlay));
    }

    /** A tunnel packet with a frame of no known protocol in it. */
    private void sendFrames(TestNamespace from, String source, String destination, int count) throws Exception {
        String mac = node.show("link", "show", "dev", "flannel.1")
                .get(0)
                .path("address")
                .asText()
                .replace(":", "");
        byte[] frame = HexFormat.of().parseHex("0800000000000100" + mac + "02000000000a" + "88b5" + "00".repeat(50));
        from.inside(() -> {
            try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(source, 0))) {
                for (int i = 0; i < count; i++) {
                    socket.send(new DatagramPacket(frame, frame.length, InetAddress.getByName(destination), PORT));
                }
            }
        });
    }

    private long entered() throws Exception {
        return node.show("-statistics", "link", "show", "dev", "flannel.1")
                .get(0)
                .path("stats64")
                .path("rx")
                .path("packets")
                .asLong();
    }

    /** How many of the frames of a sender enter, known when one that its peer sent after them has. */
    private long entering(TestNamespace from, String source) throws Exception {
        long before = entered();
        sendFrames(from, source, NODE, FRAMES);
        sendFrames(outside, PEER, NODE, 1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (entered() == before) {
            assertTrue(System.nanoTime() < deadline, "the peer's frame never entered");
            Thread.onSpinWait();
        }
        return entered() - before - 1;
    }

    /** How many frames that the pod sends to the peer arrive there, known when a packet sent after them has. */
    private int arriving() throws Exception {
        DatagramSocket[] sockets = new DatagramSocket[2];
        outside.inside(() -> {
            sockets[0] = new DatagramSocket(new InetSocketAddress(PEER, PORT));
            sockets[1] = new DatagramSocket(new InetSocketAddress(PEER, MARKER_PORT));
        });
        try (DatagramSocket frames = sockets[0];
                DatagramSocket markers = sockets[1]) {
            sendFrames(pod, POD, PEER, FRAMES);
            pod.inside(() -> {
                try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(POD, 0))) {
                    socket.send(new DatagramPacket(new byte[1], 1, InetAddress.getByName(PEER), MARKER_PORT));
                }
            });
            DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
            markers.setSoTimeout(10_000);
            markers.receive(packet);
            assertEquals(POD, packet.getAddress().getHostAddress(), "the pod keeps its source on the way to a node");
            frames.setSoTimeout(1);
            int count = 0;
            try {
                while (true) {
                    frames.receive(packet);
                    count++;
                }
            } catch (SocketTimeoutException _) {
                return count;
            }
        }
    }

    @Test
    void nobodyButPeersGetsFramesIntoTheOverlay() throws Exception {
        try (Nft nft = Nft.open(node.open())) {
            assertTrue(entering(pod, POD) > 0, "without the table a pod's frames enter, or this test shows nothing");
            assertTrue(entering(outside, STRANGER) > 0, "without the table a stranger's frames enter");
            assertEquals(FRAMES, arriving(), "without the table a pod's frames get to other nodes");

            assertEquals(Guard.Outcome.CHANGED, sync(new Guard(nft, new GuardPolicy(true, false))));
            assertEquals(0, entering(pod, POD));
            assertEquals(0, entering(outside, STRANGER));
            assertEquals(0, arriving());
            assertEquals(FRAMES, entering(outside, PEER));
        }
    }

    @Test
    void aSecondSyncWritesNothing() throws Exception {
        try (Nft nft = Nft.open(node.open())) {
            assertEquals(Guard.Outcome.CHANGED, sync(new Guard(nft, new GuardPolicy(true, false))));
            int generation = nft.generation();
            Guard restarted = new Guard(nft, new GuardPolicy(true, false));
            assertEquals(Guard.Outcome.STOOD, sync(restarted));
            node.execute("nft", "add", "table", "inet", "others");
            assertEquals(Guard.Outcome.STOOD, sync(restarted));
            assertEquals(generation + 1, nft.generation());
            assertTrue(node.execute("nft", "list", "tables").contains("others"));
        }
    }

    @Test
    void whatAStrangerChangesIsPutRight() throws Exception {
        try (Nft nft = Nft.open(node.open())) {
            Guard guard = new Guard(nft, new GuardPolicy(true, false));
            sync(guard);
            String whole = list();
            for (String damage : new String[] {
                "delete table inet towpath-overlay",
                "flush chain inet towpath-overlay input",
                "flush set inet towpath-overlay peers4",
                "add element inet towpath-overlay peers4 { " + STRANGER + " }",
                "insert rule inet towpath-overlay input udp dport 8472 accept",
                "add chain inet towpath-overlay more",
                "chain inet towpath-overlay forward { policy drop; }",
            }) {
                node.execute("nft", damage);
                assertFalse(list().equals(whole), damage);
                assertEquals(Guard.Outcome.REPAIRED, sync(guard), damage);
                assertEquals(whole, list(), damage);
            }
        }
    }

    private String list() throws Exception {
        return node.execute("nft", "list", "ruleset");
    }

    @Test
    void masqueradeIsFlannelsAndCanBeLeftOut() throws Exception {
        try (Nft nft = Nft.open(node.open())) {
            sync(new Guard(nft, new GuardPolicy(true, true)));
            String chain = node.execute("nft", "list", "chain", "inet", "towpath-overlay", "postrouting");
            assertEquals(
                    """
                    meta mark & 0x00004000 == 0x00004000 return
                    ip saddr 10.64.1.0/24 ip daddr 10.64.0.0/10 return
                    ip saddr 10.64.0.0/10 ip daddr 10.64.1.0/24 return
                    ip saddr != 10.64.0.0/10 ip daddr 10.64.1.0/24 return
                    ip saddr 10.64.0.0/10 ip daddr != 224.0.0.0/4 masquerade fully-random
                    ip saddr != 10.64.0.0/10 ip daddr 10.64.0.0/10 masquerade fully-random""",
                    chain.lines()
                            .map(String::strip)
                            .filter(line -> line.contains(" return") || line.contains("masquerade"))
                            .reduce((one, next) -> one + "\n" + next)
                            .orElse(""));
            sync(new Guard(nft, new GuardPolicy(true, false)));
            assertTrue(list().contains("ip saddr 10.64.0.0/10 ip daddr @nodes4 return"));
            sync(new Guard(nft, new GuardPolicy(false, false)));
            assertFalse(list().contains("postrouting"));
            assertTrue(list().contains("8472"));
        }
    }
}
