package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.net.IpAddress;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A node with a pod, and another node without a guard, as flannel's are, which has a second address that no cluster knows of, from
 * which it also plays the stranger. Both families.
 */
final class GuardScene implements AutoCloseable {
    static final int PORT = 8472;
    private static final int PROBE_PORT = 9999;

    /** The addresses of a family. */
    record Addresses(
            String device,
            String node,
            String vtep,
            String peer,
            String stranger,
            String pod,
            String otherPod,
            String remotePod) {
        boolean isIpv6() {
            return pod.contains(":");
        }

        /** As nft calls the family. */
        String ip() {
            return isIpv6() ? "ip6" : "ip";
        }
    }

    static final Addresses V4 = new Addresses(
            "flannel.1",
            "192.168.0.1",
            "10.64.1.0",
            "192.168.0.2",
            "192.168.0.77",
            "10.64.1.5",
            "10.64.1.6",
            "10.64.2.9");
    static final Addresses V6 = new Addresses(
            "flannel-v6.1",
            "fd00::1",
            "fd10:64:1::",
            "fd00::2",
            "fd00::77",
            "fd10:64:1::5",
            "fd10:64:1::6",
            "fd10:64:2::9");

    final TestNamespace node = new TestNamespace();
    final TestNamespace pod = new TestNamespace();
    final TestNamespace peer = new TestNamespace();
    final DesiredOverlay overlay;

    GuardScene(Path folder) throws Exception {
        for (TestNamespace each : new TestNamespace[] {node, pod, peer}) {
            each.execute("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
            each.ip("link", "set", "lo", "up");
        }
        connect("eth0", peer);
        address(node, "eth0", "192.168.0.1/24", "fd00::1/64");
        address(peer, "eth0", "192.168.0.2/24", "fd00::2/64");
        address(peer, "eth0", "192.168.0.77/24", "fd00::77/64");
        connect("cali0123456789a", pod);
        address(node, "cali0123456789a", "10.64.1.1/32", "fd10:64:1::1/128");
        address(pod, "eth0", "10.64.1.5/24", "fd10:64:1::5/64");
        route(node, "10.64.1.5", "dev", "cali0123456789a");
        route(node, "fd10:64:1::5", "dev", "cali0123456789a");
        route(pod, "0.0.0.0/0", "via", "10.64.1.1");
        route(pod, "::/0", "via", "fd10:64:1::1");
        address(peer, "lo", "10.64.2.9/32", "fd10:64:2::9/128");
        overlay = overlay(node, "n1", folder);
        overlay(peer, "n2", folder);
        // To the first node's pods as one without an overlay would send.
        peer.ip("route", "replace", "10.64.1.0/24", "via", "192.168.0.1");
        peer.ip("route", "replace", "fd10:64:1::/64", "via", "fd00::1");
    }

    /** Has the other node reach the first one's pods as the overlay does. */
    void routeThroughTheTunnel() {
        peer.ip("route", "replace", "10.64.1.0/24", "via", "10.64.1.0", "dev", "flannel.1", "onlink");
        // The kernel takes no onlink gateway of IPv6 while a route leads to it elsewhere.
        peer.ip("route", "del", "fd10:64:1::/64");
        peer.ip("route", "add", "fd10:64:1::/64", "via", "fd10:64:1::", "dev", "flannel-v6.1", "onlink");
    }

    private void connect(String name, TestNamespace other) {
        String otherName = String.valueOf(Path.of(other.path()).getFileName());
        node.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", otherName);
        node.ip("link", "set", name, "up");
        other.ip("link", "set", "eth0", "up");
    }

    private static void address(TestNamespace where, String link, String... addresses) {
        for (String address : addresses) {
            where.ip("address", "add", address, "dev", link);
        }
    }

    private static void route(TestNamespace where, String... route) {
        where.ip("route", "add", route[0], route[1], route[2]);
    }

    private static DesiredOverlay overlay(TestNamespace node, String name, Path folder) throws Exception {
        Path files = Files.createDirectories(folder.resolve(name));
        Path cluster = files.resolve("cluster.json");
        Files.writeString(cluster, """
                {"network": ["10.64.0.0/10", "fd10:64::/32"], "node": "%s", "nodes": [
                  {"name": "n1", "slices": ["10.64.1.0/24", "fd10:64:1::/64"], "addresses": ["192.168.0.1", "fd00::1"]},
                  {"name": "n2", "slices": ["10.64.2.0/24", "fd10:64:2::/64"], "addresses": ["192.168.0.2", "fd00::2"]}]}
                """.formatted(name));
        OverlayConfig config = new OverlayConfig(
                cluster.toString(),
                files.resolve("run").toString(),
                files.resolve("subnet.env").toString());
        CompletableFuture<DesiredOverlay> made = new CompletableFuture<>();
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                made.complete(new Overlay(config, rtnl).sync().desired());
            }
        });
        return made.join();
    }

    /** Sends packets; those to {@link #PORT} are tunnel packets with a frame in them, of no known protocol. */
    static void send(TestNamespace from, String source, String destination, int port, byte[] content, int count)
            throws Exception {
        from.inside(() -> {
            try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(source, 0))) {
                for (int i = 0; i < count; i++) {
                    socket.send(new DatagramPacket(content, content.length, InetAddress.getByName(destination), port));
                }
            }
        });
    }

    private static JsonNode link(TestNamespace where, String device) {
        return where.show("-statistics", "link", "show", "dev", device).get(0);
    }

    static long entered(TestNamespace where, String device) {
        return link(where, device).path("stats64").path("rx").path("packets").asLong();
    }

    private static byte[] frame(TestNamespace to, String device) {
        String mac = link(to, device).path("address").asText().replace(":", "");
        return HexFormat.of().parseHex("0800000000000100" + mac + "02000000000a" + "88b5" + "00".repeat(50));
    }

    /** How many of some forged frames enter a node's overlay, known when one that its peer sent after them has. */
    long entering(TestNamespace from, String source, TestNamespace to, String destination, int count) throws Exception {
        Addresses family = destination.contains(":") ? V6 : V4;
        boolean toPeer = to == peer;
        byte[] frame = frame(to, family.device);
        long before = entered(to, family.device);
        send(from, source, destination, PORT, frame, count);
        TestNamespace last = toPeer ? node : peer;
        send(last, toPeer ? family.node : family.peer, toPeer ? family.peer : family.node, PORT, frame, 1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (entered(to, family.device) == before) {
            assertTrue(System.nanoTime() < deadline, "the other node's frame never entered");
            Thread.onSpinWait();
        }
        return entered(to, family.device) - before - 1;
    }

    /** Has the peer say by the overlay that it is a router, and returns when the first node has heard it. */
    void advertise(Addresses at) throws Exception {
        String source = "fe800000000000000000000000000bad";
        String destination = "ff020000000000000000000000000001";
        // Hop limit 64, lifetime 1800 s, no options.
        String message = "86000000" + "40000708" + "0000000000000000";
        String pseudo = source + destination + "00000010" + "0000003a";
        int sum = 0;
        for (int i = 0; i < (pseudo + message).length(); i += 4) {
            sum += Integer.parseInt((pseudo + message).substring(i, i + 4), 16);
        }
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        String mac = link(node, at.device).path("address").asText().replace(":", "");
        String ethernet = mac + "02000000000a" + "86dd";
        String header = "60000000" + "0010" + "3aff";
        String checked = message.replaceFirst("(?<=^....)....", HexFormat.of().toHexDigits((short) ~sum));
        byte[] frame = HexFormat.of().parseHex("0800000000000100" + ethernet + header + source + destination + checked);
        long before = entered(node, at.device);
        send(peer, at.peer, at.node, PORT, frame, 1);
        // What comes after it is behind it in the queue.
        send(peer, at.peer, at.node, PORT, frame(node, at.device), 1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (entered(node, at.device) < before + 2) {
            assertTrue(System.nanoTime() < deadline, "the frames never entered");
            Thread.onSpinWait();
        }
    }

    /** From which address a packet arrives. */
    static String arriving(TestNamespace from, String source, TestNamespace to, String destination) throws Exception {
        CompletableFuture<DatagramSocket> opened = new CompletableFuture<>();
        to.inside(() -> opened.complete(new DatagramSocket(new InetSocketAddress(destination, PROBE_PORT))));
        try (DatagramSocket socket = opened.join()) {
            send(from, source, destination, PROBE_PORT, new byte[1], 1);
            DatagramPacket packet = new DatagramPacket(new byte[10], 10);
            socket.setSoTimeout(10_000);
            socket.receive(packet);
            return text(packet.getAddress());
        }
    }

    /** From which address an answer to a packet comes back. */
    static String answered(TestNamespace from, String source, TestNamespace by, String address) throws Exception {
        CompletableFuture<DatagramSocket> asking = new CompletableFuture<>();
        CompletableFuture<DatagramSocket> answering = new CompletableFuture<>();
        from.inside(() -> asking.complete(new DatagramSocket(new InetSocketAddress(source, 0))));
        by.inside(() -> answering.complete(new DatagramSocket(new InetSocketAddress(address, PROBE_PORT))));
        try (DatagramSocket client = asking.join();
                DatagramSocket server = answering.join()) {
            client.setSoTimeout(10_000);
            server.setSoTimeout(10_000);
            client.send(new DatagramPacket(new byte[1], 1, InetAddress.getByName(address), PROBE_PORT));
            DatagramPacket packet = new DatagramPacket(new byte[10], 10);
            server.receive(packet);
            server.send(packet);
            client.receive(packet);
            return text(packet.getAddress());
        }
    }

    private static String text(InetAddress address) {
        return IpAddress.parse(address.getHostAddress().replaceFirst("%.*", "")).toString();
    }

    /** What nft prints on the first node. */
    String nft(String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "nft";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return node.execute(command);
    }

    @Override
    public void close() throws IOException {
        pod.close();
        peer.close();
        node.close();
    }
}
