package io.towpath.netlink.nflog;

import io.towpath.net.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * What a packet's headers say. {@link #NONE} is what its protocol does not have, what a later fragment does not repeat, and what was
 * cut off.
 *
 * @param protocol above IP, behind all extension headers that could be read: IPPROTO_* of {@code linux/in.h}
 * @param sourcePort of TCP, UDP, UDP-Lite, DCCP and SCTP
 * @param destinationPort likewise
 * @param tcpFlags the lower eight, FIN the lowest
 * @param icmpType of ICMP or ICMPv6
 * @param icmpCode likewise
 */
public record PacketHeader(
        IpAddress source,
        IpAddress destination,
        int protocol,
        int sourcePort,
        int destinationPort,
        int tcpFlags,
        int icmpType,
        int icmpCode) {
    public static final int NONE = -1;

    private static final int IPV4_LENGTH = 20;
    private static final int IPV6_LENGTH = 40;
    private static final int OFFSET_MASK = 0x1fff;
    private static final int TCP_FLAGS_AT = 13;

    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int DCCP = 33;
    private static final int ICMPV6 = 58;
    private static final int SCTP = 132;
    private static final int UDP_LITE = 136;

    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int MOBILITY = 135;
    private static final int HIP = 139;
    private static final int SHIM6 = 140;

    /** Reads a packet from its IP header on, however much there is of it; null if that is no whole header of IPv4 or IPv6. */
    public static @Nullable PacketHeader read(ByteBuffer packet) {
        ByteBuffer in = packet.slice().order(ByteOrder.BIG_ENDIAN);
        return switch (in.hasRemaining() ? in.get(0) >>> 4 : 0) {
            case 4 -> readV4(in);
            case 6 -> readV6(in);
            default -> null;
        };
    }

    private static @Nullable PacketHeader readV4(ByteBuffer in) {
        int length = (in.get(0) & 0xf) * 4;
        if (length < IPV4_LENGTH || in.limit() < IPV4_LENGTH) {
            return null;
        }
        boolean isFirst = (in.getShort(6) & OFFSET_MASK) == 0;
        IpAddress source = new IpAddress(false, 0, Integer.toUnsignedLong(in.getInt(12)));
        IpAddress destination = new IpAddress(false, 0, Integer.toUnsignedLong(in.getInt(16)));
        return of(source, destination, in.get(9) & 0xff, in, isFirst ? length : in.limit());
    }

    private static @Nullable PacketHeader readV6(ByteBuffer in) {
        if (in.limit() < IPV6_LENGTH) {
            return null;
        }
        IpAddress source = new IpAddress(true, in.getLong(8), in.getLong(16));
        IpAddress destination = new IpAddress(true, in.getLong(24), in.getLong(32));
        int protocol = in.get(6) & 0xff;
        int at = IPV6_LENGTH;
        // Each step takes at least 8 bytes.
        while (isExtension(protocol) && at + 8 <= in.limit()) {
            int next = in.get(at) & 0xff;
            if (protocol == FRAGMENT && (in.getShort(at + 2) & 0xfff8) != 0) {
                return of(source, destination, next, in, in.limit());
            }
            int units = in.get(at + 1) & 0xff;
            at += switch (protocol) {
                case FRAGMENT -> 8;
                // RFC 4302, section 2.2: in units of 4 bytes, less 2.
                case AUTHENTICATION -> Math.max(8, (units + 2) * 4);
                default -> (units + 1) * 8;
            };
            protocol = next;
        }
        return of(source, destination, protocol, in, at);
    }

    private static boolean isExtension(int protocol) {
        return switch (protocol) {
            case HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS, MOBILITY, HIP, SHIM6 -> true;
            default -> false;
        };
    }

    /** Adds what the header above IP says that begins at a position, which may be behind all that there is. */
    private static PacketHeader of(IpAddress source, IpAddress destination, int protocol, ByteBuffer in, int at) {
        boolean hasPorts = switch (protocol) {
            case TCP, UDP, UDP_LITE, DCCP, SCTP -> at + 4 <= in.limit();
            default -> false;
        };
        boolean hasFlags = protocol == TCP && at + TCP_FLAGS_AT < in.limit();
        boolean hasType = (protocol == ICMP || protocol == ICMPV6) && at + 2 <= in.limit();
        return new PacketHeader(
                source,
                destination,
                protocol,
                hasPorts ? in.getShort(at) & 0xffff : NONE,
                hasPorts ? in.getShort(at + 2) & 0xffff : NONE,
                hasFlags ? in.get(at + TCP_FLAGS_AT) & 0xff : NONE,
                hasType ? in.get(at) & 0xff : NONE,
                hasType ? in.get(at + 1) & 0xff : NONE);
    }
}
