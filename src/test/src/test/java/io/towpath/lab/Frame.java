package io.towpath.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

/** Ethernet frames as no well-behaved kernel sends them: with whatever source, by the interface of a pod. */
public final class Frame {
    private static final int ETH_P_IP = 0x0800;
    private static final int ETH_P_ARP = 0x0806;
    private static final int ETH_P_IPV6 = 0x86dd;

    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int HOP_BY_HOP = 0;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int NO_NEXT_HEADER = 59;

    /** RFC 3692: for experiments, so that nobody knows it. */
    private static final int UNKNOWN_PROTOCOL = 253;

    /** An option that nobody knows, and whose sender wants to be told of that (RFC 8200 section 4.2), in a header of 8 bytes. */
    private static final byte[] UNKNOWN_OPTION = {NO_NEXT_HEADER, 0, (byte) 0x9e, 4, 0, 0, 0, 0};

    private static final int ECHO_V4 = 8;
    private static final int ECHO_V6 = 128;
    private static final int SOLICITATION = 135;
    private static final int MANY_HOPS = 64;
    private static final int ALL_HOPS = 255;

    private final int protocol;
    private final byte[] payload;

    private Frame(int protocol, byte[] payload) {
        this.protocol = protocol;
        this.payload = payload;
    }

    /** What a kernel answers with an error before it asks who is allowed to send what, to its source. */
    public static List<Frame> answeredEarly(String source, String node, String far) {
        if (source.contains(":")) {
            return List.of(
                    ipv6(NO_NEXT_HEADER, 1, source, far, new byte[0]),
                    ipv6(HOP_BY_HOP, MANY_HOPS, source, node, UNKNOWN_OPTION),
                    ipv6(DESTINATION_OPTIONS, MANY_HOPS, source, node, UNKNOWN_OPTION),
                    ipv6(UNKNOWN_PROTOCOL, MANY_HOPS, source, node, new byte[8]));
        }
        return List.of(
                ipv4(UNKNOWN_PROTOCOL, 1, source, far, new byte[8]),
                ipv4(UNKNOWN_PROTOCOL, MANY_HOPS, source, node, new byte[8]));
    }

    /** A ping. */
    public static Frame echo(String source, String destination) {
        byte[] echo = new byte[8];
        boolean isIpv6 = source.contains(":");
        echo[0] = (byte) (isIpv6 ? ECHO_V6 : ECHO_V4);
        return isIpv6
                ? icmpV6(MANY_HOPS, source, destination, echo)
                : ipv4(ICMP, MANY_HOPS, source, destination, withChecksum(echo, 0));
    }

    /** A question for who has an address, from one that wants to be remembered. */
    public static Frame solicitation(String source, String target) {
        ByteBuffer body = ByteBuffer.allocate(32)
                .put((byte) SOLICITATION)
                .put(new byte[7])
                .put(address(target))
                .put(new byte[] {1, 1, 2, 0, 0, 0, 0, 0x77});
        return icmpV6(ALL_HOPS, source, target, body.array());
    }

    /** The same in IPv4. */
    public static Frame arp(String sender, String target) {
        ByteBuffer body = ByteBuffer.allocate(28)
                .putShort((short) 1)
                .putShort((short) ETH_P_IP)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 1)
                .put(new byte[] {2, 0, 0, 0, 0, 0x77})
                .put(address(sender))
                .put(new byte[6])
                .put(address(target));
        return new Frame(ETH_P_ARP, body.array());
    }

    private static Frame icmpV6(int hops, String source, String destination, byte[] body) {
        long sum = sum(address(source)) + sum(address(destination)) + body.length + ICMPV6;
        return ipv6(ICMPV6, hops, source, destination, withChecksum(body, sum));
    }

    private static Frame ipv6(int next, int hops, String source, String destination, byte[] body) {
        ByteBuffer packet = ByteBuffer.allocate(40 + body.length)
                .putInt(6 << 28)
                .putShort((short) body.length)
                .put((byte) next)
                .put((byte) hops)
                .put(address(source))
                .put(address(destination))
                .put(body);
        return new Frame(ETH_P_IPV6, packet.array());
    }

    private static Frame ipv4(int protocol, int hops, String source, String destination, byte[] body) {
        ByteBuffer header = ByteBuffer.allocate(20)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (20 + body.length))
                .putInt(0)
                .put((byte) hops)
                .put((byte) protocol)
                .putShort((short) 0)
                .put(address(source))
                .put(address(destination));
        header.putShort(10, checksum(sum(header.array())));
        return new Frame(
                ETH_P_IP,
                ByteBuffer.allocate(20 + body.length)
                        .put(header.array())
                        .put(body)
                        .array());
    }

    private static byte[] withChecksum(byte[] body, long sumBefore) {
        byte[] whole = body.clone();
        ByteBuffer.wrap(whole).putShort(2, checksum(sumBefore + sum(body)));
        return whole;
    }

    private static long sum(byte[] bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (bytes[i + 1] & 0xff);
        }
        return sum;
    }

    private static short checksum(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (short) ~folded;
    }

    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (IOException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** Sends frames by an interface inside a namespace. */
    public static void send(Namespace from, String link, String destinationMac, List<Frame> frames) {
        int index =
                from.show("link", "show", "dev", link).path(0).path("ifindex").asInt();
        byte[] mac = HexFormat.ofDelimiter(":").parseHex(destinationMac);
        from.call(() -> {
            try (Libc.LinkSocket socket = Libc.LinkSocket.open(index)) {
                for (Frame frame : frames) {
                    socket.send(mac, frame.protocol, frame.payload);
                }
            }
            return index;
        });
    }
}
