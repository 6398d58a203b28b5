package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A packet as a pod might send it, with any source, down to its checksums; its traffic class is {@link #TRAFFIC_CLASS}, by which the
 * scene's witness knows it.
 */
final class RawPacket {
    static final int TCP = 6;
    static final int UDP = 17;
    static final int SCTP = 132;
    static final int SYN = 2;
    static final int ACK = 16;
    static final int PSH = 8;
    static final int CLIENT_PORT = 40000;

    /** Chunks of SCTP. */
    static final int INIT = 1;

    static final int INIT_ACK = 2;
    static final int HEARTBEAT = 4;
    static final int COOKIE_ECHO = 10;
    static final int COOKIE_ACK = 11;

    /** By which both ends of an association of SCTP know it. */
    static final int TAG = 1;

    /** Expedited forwarding, 46, in the upper six bits. */
    static final int TRAFFIC_CLASS = 46 << 2;

    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int HOPS = 64;

    private final IpAddress source;
    private final IpAddress destination;
    private final int protocol;
    private final byte[] content;

    private RawPacket(IpAddress source, IpAddress destination, int protocol, byte[] content) {
        this.source = source;
        this.destination = destination;
        this.protocol = protocol;
        this.content = content;
    }

    static RawPacket tcp(String from, int sport, String to, int dport, int flags, int sequence, int acknowledged) {
        byte[] content = ByteBuffer.allocate(20)
                .putShort((short) sport)
                .putShort((short) dport)
                .putInt(sequence)
                .putInt(acknowledged)
                .put((byte) 0x50)
                .put((byte) flags)
                .putShort((short) 0x4000)
                .putInt(0)
                .array();
        return sealed(from, to, TCP, content, 16);
    }

    /** The first packet of a connection. */
    static RawPacket syn(String from, String to, int dport) {
        return tcp(from, CLIENT_PORT, to, dport, SYN, 1000, 0);
    }

    static RawPacket udp(String from, int sport, String to, int dport) {
        byte[] content = ByteBuffer.allocate(12)
                .putShort((short) sport)
                .putShort((short) dport)
                .putShort((short) 12)
                .putShort((short) 0)
                .putInt(0)
                .array();
        return sealed(from, to, UDP, content, 6);
    }

    /** The first packet of an association of SCTP, which asks for {@link #TAG} in the answers. */
    static RawPacket sctp(String from, String to, int dport) {
        return sctp(from, CLIENT_PORT, to, dport, INIT);
    }

    /** A packet of an association with one chunk, laid out as INIT's are. */
    static RawPacket sctp(String from, int sport, String to, int dport, int chunk) {
        ByteBuffer content = ByteBuffer.allocate(32)
                .putShort((short) sport)
                .putShort((short) dport)
                .putInt(chunk == INIT ? 0 : TAG)
                .putInt(0)
                .put((byte) chunk)
                .put((byte) 0)
                .putShort((short) 20)
                .putInt(TAG)
                .putInt(0x10000)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(1);
        CRC32C crc = new CRC32C();
        crc.update(content.array());
        content.putInt(8, Integer.reverseBytes((int) crc.getValue()));
        return new RawPacket(IpAddress.parse(from), IpAddress.parse(to), SCTP, content.array());
    }

    /** An echo request. */
    static RawPacket echo(String from, String to) {
        boolean ipv6 = to.contains(":");
        byte[] content = {(byte) (ipv6 ? 128 : 8), 0, 0, 0, 0, 7, 0, 1};
        return sealed(from, to, ipv6 ? ICMPV6 : ICMP, content, 2);
    }

    /** An error, that nobody listens there, about a packet of somebody. */
    static RawPacket unreachable(String from, String to, RawPacket about) {
        boolean ipv6 = to.contains(":");
        byte[] content = ByteBuffer.allocate(8 + about.bytes().length)
                .put((byte) (ipv6 ? 1 : 3))
                .put((byte) (ipv6 ? 4 : 3))
                .putShort((short) 0)
                .putInt(0)
                .put(about.bytes())
                .array();
        return sealed(from, to, ipv6 ? ICMPV6 : ICMP, content, 2);
    }

    IpAddress destination() {
        return destination;
    }

    @Override
    public String toString() {
        return source + " to " + destination + " protocol " + protocol;
    }

    private static RawPacket sealed(String from, String to, int protocol, byte[] content, int checksumAt) {
        IpAddress source = IpAddress.parse(from);
        IpAddress destination = IpAddress.parse(to);
        ByteBuffer buffer = ByteBuffer.wrap(content);
        long sum = 0;
        if (protocol != ICMP) {
            sum = sum(source.bytes()) + sum(destination.bytes()) + protocol + content.length;
        }
        buffer.putShort(checksumAt, (short) ~folded(sum + sum(content)));
        return new RawPacket(source, destination, protocol, content);
    }

    private static long sum(byte[] bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (bytes[i + 1] & 0xff);
        }
        return sum;
    }

    private static int folded(long sum) {
        long rest = sum;
        while (rest > 0xffff) {
            rest = (rest & 0xffff) + (rest >>> 16);
        }
        return (int) rest;
    }

    /** The whole packet; the kernel fills in an IPv4 header's checksum. */
    byte[] bytes() {
        if (source.ipv6()) {
            return ByteBuffer.allocate(40 + content.length)
                    .putInt(6 << 28 | TRAFFIC_CLASS << 20)
                    .putShort((short) content.length)
                    .put((byte) protocol)
                    .put((byte) HOPS)
                    .put(source.bytes())
                    .put(destination.bytes())
                    .put(content)
                    .array();
        }
        return ByteBuffer.allocate(20 + content.length)
                .put((byte) 0x45)
                .put((byte) TRAFFIC_CLASS)
                .putShort((short) (20 + content.length))
                .putInt(0)
                .put((byte) HOPS)
                .put((byte) protocol)
                .putShort((short) 0)
                .put(source.bytes())
                .put(destination.bytes())
                .put(content)
                .array();
    }
}
