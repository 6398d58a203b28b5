package io.towpath.netlink;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Goes through attributes one by one. Whatever the bytes are, the only exception is {@link NetlinkException} with EBADMSG,
 * and the end comes: every step takes at least 4 bytes.
 */
public final class AttributeReader {
    private final ByteBuffer bytes;
    private final int end;
    private int next;
    private int type;
    private int start;
    private int length;

    /**
     * Reads what follows a header.
     *
     * @param payload a message without its netlink header, or an attribute's value
     * @param headerLength the bytes to leave out, aligned
     * @throws NetlinkException if there are fewer
     */
    public AttributeReader(ByteBuffer payload, int headerLength) throws NetlinkException {
        this(payload, payload.position() + headerLength, payload.limit());
        if (payload.remaining() < headerLength) {
            throw malformed("a message of " + payload.remaining() + " bytes has no header of " + headerLength);
        }
    }

    private AttributeReader(ByteBuffer bytes, int start, int end) {
        this.bytes = bytes;
        this.next = start;
        this.end = end;
    }

    /** The exception for bytes that are not what they should be. */
    public static NetlinkException malformed(String reason) {
        return new NetlinkException("decode netlink message", Errno.EBADMSG, reason, 0);
    }

    /** Steps to the next attribute; false after the last. */
    public boolean next() throws NetlinkException {
        if (end - next < Nl.NLA_HDRLEN) {
            return false;
        }
        int whole = Short.toUnsignedInt(bytes.getShort(next));
        if (whole < Nl.NLA_HDRLEN || whole > end - next) {
            throw malformed("an attribute of " + whole + " bytes where " + (end - next) + " are left");
        }
        type = Short.toUnsignedInt(bytes.getShort(next + 2)) & Nl.NLA_TYPE_MASK;
        start = next + Nl.NLA_HDRLEN;
        length = whole - Nl.NLA_HDRLEN;
        next += Math.min(Nl.align(whole), end - next);
        return true;
    }

    /** The attribute's type, without the bits that are flags. */
    public int type() {
        return type;
    }

    /** The length of the attribute's value in bytes. */
    public int length() {
        return length;
    }

    public int u8() throws NetlinkException {
        return bytes.get(at(1)) & 0xff;
    }

    public int u16() throws NetlinkException {
        return bytes.getShort(at(2)) & 0xffff;
    }

    public int u32() throws NetlinkException {
        return bytes.getInt(at(4));
    }

    public long u64() throws NetlinkException {
        return bytes.getLong(at(8));
    }

    /** 16 bits in network byte order. */
    public int be16() throws NetlinkException {
        int at = at(2);
        return (bytes.get(at) & 0xff) << 8 | (bytes.get(at + 1) & 0xff);
    }

    /** 32 bits in network byte order. */
    public int be32() throws NetlinkException {
        int value = bytes.getInt(at(4));
        return bytes.order() == ByteOrder.BIG_ENDIAN ? value : Integer.reverseBytes(value);
    }

    /** 64 bits in network byte order. */
    public long be64() throws NetlinkException {
        return be64(at(8));
    }

    /** The value as it is. */
    public byte[] bytes() {
        byte[] value = new byte[length];
        bytes.get(start, value);
        return value;
    }

    /** A string up to its first NUL. */
    public String string() {
        byte[] value = bytes();
        int end = 0;
        while (end < value.length && value[end] != 0) {
            end++;
        }
        return new String(value, 0, end, StandardCharsets.UTF_8);
    }

    /** An IP address of either family; an IPv4-mapped one of 16 bytes remains one of IPv6, as the kernel keeps it. */
    public IpAddress address() throws NetlinkException {
        return switch (length) {
            case 4 -> IpAddress.of(bytes());
            case 16 -> new IpAddress(true, be64(start), be64(start + 8));
            default -> throw malformed("an IP address of " + length + " bytes in attribute " + type);
        };
    }

    /** A hardware address, null if it is not one of Ethernet. */
    public @Nullable MacAddress mac() {
        return length == 6 ? MacAddress.of(bytes()) : null;
    }

    /** The attributes inside this one. */
    public AttributeReader nested() {
        return new AttributeReader(bytes, start, start + length);
    }

    /** As {@link #nested}, after a header of the family's own. */
    public AttributeReader nested(int headerLength) throws NetlinkException {
        at(headerLength);
        return new AttributeReader(bytes, start + headerLength, start + length);
    }

    /** The value's bytes without a copy, in this machine's byte order. */
    public ByteBuffer slice() {
        return bytes.slice(start, length).order(bytes.order());
    }

    private long be64(int at) {
        long value = bytes.getLong(at);
        return bytes.order() == ByteOrder.BIG_ENDIAN ? value : Long.reverseBytes(value);
    }

    private int at(int needed) throws NetlinkException {
        if (length < needed) {
            throw malformed("attribute " + type + " has " + length + " bytes, not " + needed);
        }
        return start;
    }
}
