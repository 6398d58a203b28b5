package io.towpath.netlink;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Messages one after the other, as they travel: header, the family's own header, attributes, all aligned to 4 bytes. Numbers
 * are in the byte order of the machine but for those whose method says otherwise.
 */
public final class MessageWriter {
    private static final int NONE = -1;

    private ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
    private int message = NONE;

    /** Begins a message; sequence number and port id are filled in when it is sent. */
    public MessageWriter begin(int type, int flags) {
        if (message != NONE) {
            throw new IllegalStateException("the message before has not ended");
        }
        message = buffer.position();
        return u32(0).u16(type).u16(flags).u32(0).u32(0);
    }

    /** Ends the message. */
    public void end() {
        buffer.putInt(message, buffer.position() - message);
        message = NONE;
    }

    /** How many bytes were written. */
    public int length() {
        return buffer.position();
    }

    /** A copy of all that was written. */
    public byte[] toByteArray() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /** The bytes of all messages, to be read or patched; valid until more is written. */
    ByteBuffer bytes() {
        return buffer;
    }

    public MessageWriter u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    public MessageWriter u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    public MessageWriter u32(int value) {
        room(4).putInt(value);
        return this;
    }

    /** An attribute of no value: being there is what it says. */
    public MessageWriter flag(int type) {
        return header(type, 0);
    }

    public MessageWriter u8(int type, int value) {
        return header(type, 1).u8(value).pad();
    }

    public MessageWriter u32(int type, int value) {
        return header(type, 4).u32(value);
    }

    public MessageWriter u64(int type, long value) {
        header(type, 8).room(8).putLong(value);
        return this;
    }

    /** 16 bits in network byte order. */
    public MessageWriter be16(int type, int value) {
        return header(type, 2).u8(value >>> 8).u8(value).pad();
    }

    /** 32 bits in network byte order. */
    public MessageWriter be32(int type, int value) {
        return header(type, 4).u8(value >>> 24).u8(value >>> 16).u8(value >>> 8).u8(value);
    }

    /** 64 bits in network byte order. */
    public MessageWriter be64(int type, long value) {
        long swapped = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? value : Long.reverseBytes(value);
        return u64(type, swapped);
    }

    public MessageWriter bytes(int type, byte[] value) {
        header(type, value.length).room(value.length).put(value);
        return pad();
    }

    /** A string with the NUL that ends it. */
    public MessageWriter string(int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        header(type, bytes.length + 1).room(bytes.length + 1).put(bytes).put((byte) 0);
        return pad();
    }

    public MessageWriter address(int type, IpAddress value) {
        return bytes(type, value.bytes());
    }

    public MessageWriter mac(int type, MacAddress value) {
        return bytes(type, value.bytes());
    }

    /** Begins an attribute that holds others; what is returned goes to {@link #endNest}. */
    public int beginNest(int type) {
        int start = buffer.position();
        header(type | Nl.NLA_F_NESTED, 0);
        return start;
    }

    /**
     * Ends a nest.
     *
     * @throws IllegalArgumentException if it is longer than an attribute can be
     */
    public MessageWriter endNest(int start) {
        buffer.putShort(start, attributeLength(buffer.position() - start));
        return this;
    }

    private MessageWriter header(int type, int length) {
        room(Nl.NLA_HDRLEN).putShort(attributeLength(Nl.NLA_HDRLEN + length)).putShort((short) type);
        return this;
    }

    private static short attributeLength(int length) {
        if (length > 0xffff) {
            throw new IllegalArgumentException("an attribute of " + length + " bytes");
        }
        return (short) length;
    }

    private MessageWriter pad() {
        int padding = Nl.align(buffer.position()) - buffer.position();
        for (int i = 0; i < padding; i++) {
            u8(0);
        }
        return this;
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(2 * buffer.capacity(), buffer.position() + bytes);
            buffer =
                    ByteBuffer.allocate(capacity).order(ByteOrder.nativeOrder()).put(buffer.flip());
        }
        return buffer;
    }
}
