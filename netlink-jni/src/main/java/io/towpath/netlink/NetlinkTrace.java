package io.towpath.netlink;

import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Prints every netlink message of the process, one a line, once it is told where to. */
public final class NetlinkTrace {
    private static final int TYPE_MASK = 0xff;
    private static final int SUBSYSTEM_SHIFT = 8;

    private static volatile @Nullable PrintStream out;

    private NetlinkTrace() {}

    /**
     * Begins, or ends with null; for the whole process, whatever its threads and sockets. A line has the protocol, {@code >} for a message to the
     * kernel and {@code <} for one from it, type, flags, sequence number, port, length in bytes, and what follows the header as hexadecimal digits.
     */
    public static void to(@Nullable PrintStream stream) {
        out = stream;
    }

    /** Takes what a socket sends: the array's bytes from an offset on. */
    static void sent(int protocol, byte[] messages, int offset, int length) {
        PrintStream stream = out;
        if (stream != null) {
            print(stream, protocol, '>', messages, offset, length);
        }
    }

    /** As {@link #sent}, of what it receives. */
    static void received(int protocol, byte[] messages, int offset, int length) {
        PrintStream stream = out;
        if (stream != null) {
            print(stream, protocol, '<', messages, offset, length);
        }
    }

    private static void print(PrintStream stream, int protocol, char way, byte[] bytes, int offset, int length) {
        ByteBuffer messages = ByteBuffer.wrap(bytes, 0, offset + length).order(ByteOrder.nativeOrder());
        String name = protocol == NetlinkSocket.NETLINK_ROUTE ? "route" : "netfilter";
        int at = offset;
        while (at + Nl.NLMSG_HDRLEN <= offset + length) {
            int size = messages.getInt(at);
            int end = Math.min(at + Math.max(size, Nl.NLMSG_HDRLEN), offset + length);
            stream.println("netlink " + name + " " + way + " type=" + type(messages.getShort(at + 4) & 0xffff)
                    + " flags=0x" + Integer.toHexString(messages.getShort(at + 6) & 0xffff)
                    + " seq=" + Integer.toUnsignedString(messages.getInt(at + 8))
                    + " port=" + Integer.toUnsignedString(messages.getInt(at + 12))
                    + " length=" + size
                    + " " + HexFormat.of().formatHex(bytes, at + Nl.NLMSG_HDRLEN, end));
            at += Nl.align(end - at);
        }
    }

    /** Control messages by their names; of netfilter, the subsystem stands before the dot. */
    private static String type(int type) {
        return switch (type) {
            case Nl.NLMSG_NOOP -> "noop";
            case Nl.NLMSG_ERROR -> "error";
            case Nl.NLMSG_DONE -> "done";
            case Nl.NLMSG_OVERRUN -> "overrun";
            default -> type > TYPE_MASK ? (type >> SUBSYSTEM_SHIFT) + "." + (type & TYPE_MASK) : Integer.toString(type);
        };
    }
}
