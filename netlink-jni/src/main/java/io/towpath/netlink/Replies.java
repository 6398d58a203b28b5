package io.towpath.netlink;

import io.towpath.linux.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** The messages that come back, one at a time, those that answer none of the requests under way left out. */
final class Replies {
    /** ipset's own error numbers begin at 4096, IPSET_ERR_PRIVATE. */
    private static final int MAX_ERROR = 8191;

    // The kernel fills datagrams of a dump up to this size when it sees that the receiver has the room.
    private static final int INITIAL_SIZE = 32 * 1024;

    private final Transport transport;
    private ByteBuffer datagram = allocate(INITIAL_SIZE).flip();
    private ByteBuffer payload = datagram;
    private int first;
    private int last;
    private int type;
    private int flags;
    private int sequence;
    private int port;
    private boolean truncated;

    Replies(Transport transport) {
        this.transport = transport;
    }

    /** From now on only answers to requests of these sequence numbers count, which may wrap. */
    void expect(int firstSequence, int lastSequence) {
        first = firstSequence;
        last = lastSequence;
        datagram.position(datagram.limit());
    }

    /**
     * Takes the next message, or the news that a datagram did not fit.
     *
     * @throws NetlinkException if there is none, or with EBADMSG if it is malformed
     */
    void next() throws NetlinkException {
        do {
            if (!datagram.hasRemaining() && !receive()) {
                return;
            }
            take();
        } while (!isExpected());
    }

    /** Receives a datagram; false if it did not fit, after making room for the next. */
    private boolean receive() throws NetlinkException {
        datagram.clear();
        int length;
        try {
            length = transport.receive(datagram);
        } finally {
            datagram.flip();
        }
        truncated = length > datagram.limit();
        if (truncated) {
            datagram = allocate(2 * length).flip();
        }
        return !truncated;
    }

    private void take() throws NetlinkException {
        int start = datagram.position();
        int remaining = datagram.remaining();
        int length = remaining < Nl.NLMSG_HDRLEN ? 0 : datagram.getInt(start);
        if (length < Nl.NLMSG_HDRLEN || length > remaining) {
            datagram.position(datagram.limit());
            throw AttributeReader.malformed("a message of " + length + " bytes where " + remaining + " are left");
        }
        type = Short.toUnsignedInt(datagram.getShort(start + 4));
        flags = Short.toUnsignedInt(datagram.getShort(start + 6));
        sequence = datagram.getInt(start + 8);
        port = datagram.getInt(start + 12);
        payload = datagram.slice(start + Nl.NLMSG_HDRLEN, length - Nl.NLMSG_HDRLEN)
                .order(datagram.order());
        datagram.position(start + Math.min(Nl.align(length), remaining));
        if (type == Nl.NLMSG_OVERRUN) {
            throw new NetlinkException("receive from netlink", Errno.ENOBUFS);
        }
        if ((isError() || isDone()) && payload.remaining() < 4) {
            throw AttributeReader.malformed("a message of type " + type + " without an error number");
        }
    }

    private boolean isExpected() {
        return port == transport.portId() && sequence - first >= 0 && last - sequence >= 0 && type != Nl.NLMSG_NOOP;
    }

    int type() {
        return type;
    }

    int flags() {
        return flags;
    }

    int sequence() {
        return sequence;
    }

    int firstExpected() {
        return first;
    }

    /** The message without its header. */
    ByteBuffer payload() {
        return payload;
    }

    /** Whether the last datagram was lost because it did not fit. */
    boolean isTruncated() {
        return truncated;
    }

    /** Whether the message is an error or, with error number 0, an acknowledgement. */
    boolean isError() {
        return type == Nl.NLMSG_ERROR;
    }

    boolean isDone() {
        return type == Nl.NLMSG_DONE;
    }

    /** The error number that the message brings, 0 for none. */
    int errno() throws NetlinkException {
        if (!isError() && !isDone()) {
            return 0;
        }
        int error = payload.getInt(0);
        if ((error > 0 && isError()) || error < -MAX_ERROR) {
            throw AttributeReader.malformed("an error number of " + error);
        }
        return error < 0 ? -error : 0;
    }

    /** The kernel's words on an error, null if it gave none. */
    @Nullable
    String explanation() throws NetlinkException {
        if ((flags & Nl.NLM_F_ACK_TLVS) == 0) {
            return null;
        }
        AttributeReader attributes = new AttributeReader(payload, attributesAt());
        String text = null;
        int offset = -1;
        while (attributes.next()) {
            switch (attributes.type()) {
                case Nl.NLMSGERR_ATTR_MSG -> text = attributes.string();
                case Nl.NLMSGERR_ATTR_OFFS -> offset = attributes.u32();
                default -> {}
            }
        }
        return text == null && offset >= 0 ? "at byte " + offset + " of the request" : text;
    }

    /** The attributes of an error follow the request's header or, unless capped, all of the request. */
    private int attributesAt() throws NetlinkException {
        if (isDone()) {
            return 4;
        }
        if (payload.remaining() < 4 + Nl.NLMSG_HDRLEN) {
            throw AttributeReader.malformed("an error of " + payload.remaining() + " bytes without its request");
        }
        int request = (flags & Nl.NLM_F_CAPPED) != 0 ? Nl.NLMSG_HDRLEN : payload.getInt(4);
        if (request < Nl.NLMSG_HDRLEN || request > payload.remaining() - 4) {
            throw AttributeReader.malformed("an error that repeats " + request + " bytes of the request");
        }
        return Nl.align(4 + request);
    }

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
