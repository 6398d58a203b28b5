package io.towpath.netlink.nft;

import io.towpath.net.IpAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes as they are in a register or a set: an address, a port, a mark, a name, or several of these one after the other. */
public final class Value implements Comparable<Value> {
    /** Length of an interface's name (IFNAMSIZ). */
    static final int NAME_LENGTH = 16;

    private final byte[] bytes;

    private Value(byte[] bytes) {
        this.bytes = bytes;
    }

    public static Value of(byte[] bytes) {
        return new Value(bytes.clone());
    }

    public static Value of(IpAddress address) {
        return new Value(address.bytes());
    }

    /** One byte, such as a protocol number. */
    public static Value u8(int value) {
        return new Value(new byte[] {(byte) value});
    }

    /** Two bytes in network order, such as a port. */
    public static Value be16(int value) {
        return new Value(new byte[] {(byte) (value >>> 8), (byte) value});
    }

    /** Two bytes in this machine's order, such as a kind of link. */
    public static Value u16(int value) {
        return new Value(ByteBuffer.allocate(2)
                .order(ByteOrder.nativeOrder())
                .putShort((short) value)
                .array());
    }

    /** Four bytes in this machine's order, such as a mark. */
    public static Value u32(int value) {
        return new Value(ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array());
    }

    /**
     * A whole name of an interface.
     *
     * @throws IllegalArgumentException if it is longer than 15 bytes
     */
    public static Value name(String name) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        if (text.length >= NAME_LENGTH) {
            throw new IllegalArgumentException("an interface's name of " + text.length + " bytes: " + name);
        }
        return new Value(Arrays.copyOf(text, NAME_LENGTH));
    }

    /** The name that {@link #name(String)} made this of. */
    public String name() {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** The beginning of names of interfaces. */
    static Value prefix(String prefix) {
        return new Value(prefix.getBytes(StandardCharsets.UTF_8));
    }

    /** Several values as a set of concatenations has them, each filled up to 4 bytes. */
    public static Value concat(Value... parts) {
        int length = 0;
        for (Value part : parts) {
            length += padded(part.bytes.length);
        }
        byte[] whole = new byte[length];
        int at = 0;
        for (Value part : parts) {
            System.arraycopy(part.bytes, 0, whole, at, part.bytes.length);
            at += padded(part.bytes.length);
        }
        return new Value(whole);
    }

    /** The length in a register, which holds multiples of 4 bytes. */
    static int padded(int length) {
        return (length + 3) & -4;
    }

    public int length() {
        return bytes.length;
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    /** A part of it, such as one of a concatenation's. */
    public Value slice(int offset, int length) {
        return new Value(Arrays.copyOfRange(bytes, offset, offset + length));
    }

    /** The unsigned number after it or, with -1, before it; of the same length, all zeros after all ones. */
    Value next(int step) {
        byte[] result = bytes.clone();
        for (int i = result.length - 1; i >= 0; i--) {
            result[i] += (byte) step;
            if (result[i] != (step > 0 ? 0 : (byte) 0xff)) {
                break;
            }
        }
        return new Value(result);
    }

    boolean isZero() {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** The value with all bits below a prefix set. */
    Value withHostBits(int prefixLength) {
        byte[] result = bytes.clone();
        for (int bit = prefixLength; bit < 8 * result.length; bit++) {
            result[bit / 8] |= (byte) (0x80 >>> bit % 8);
        }
        return new Value(result);
    }

    /** So many bits set, then none. */
    static Value mask(int bits, int length) {
        return of(new byte[length]).withHostBits(0).xor(of(new byte[length]).withHostBits(bits));
    }

    private Value xor(Value other) {
        byte[] result = bytes.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] ^= other.bytes[i];
        }
        return new Value(result);
    }

    /** Compares as unsigned numbers in network order. */
    @Override
    public int compareTo(Value other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Value value && Arrays.equals(bytes, value.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** As {@code nft --debug=netlink} writes it: 32-bit words of this machine's byte order. */
    @Override
    public String toString() {
        ByteBuffer words =
                ByteBuffer.wrap(Arrays.copyOf(bytes, padded(bytes.length))).order(ByteOrder.nativeOrder());
        StringBuilder text = new StringBuilder();
        while (words.hasRemaining()) {
            text.append(text.isEmpty() ? "0x" : " 0x");
            String digits = Integer.toHexString(words.getInt());
            text.repeat('0', 8 - digits.length()).append(digits);
        }
        return text.toString();
    }
}
