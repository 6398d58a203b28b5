package io.towpath.agent.firewall;

import io.towpath.net.IpPrefix;
import java.util.Arrays;

/** Bytes of which some bits are not known. */
final class Bits {
    private static final int ALL = 0xff;

    private final byte[] value;
    private final byte[] known;

    /**
     * Takes both as they are.
     *
     * @param value with 0 for what is not known
     * @param known with 1 for what is, of the same length
     */
    Bits(byte[] value, byte[] known) {
        this.value = value;
        this.known = known;
    }

    static Bits of(byte[] bytes) {
        byte[] known = new byte[bytes.length];
        Arrays.fill(known, (byte) ALL);
        return new Bits(bytes.clone(), known);
    }

    static Bits unknown(int length) {
        return new Bits(new byte[length], new byte[length]);
    }

    /** Any address of a prefix. */
    static Bits of(IpPrefix prefix) {
        byte[] value = prefix.network().address().bytes();
        byte[] known = new byte[value.length];
        for (int bit = 0; bit < prefix.length(); bit++) {
            known[bit / 8] |= (byte) (0x80 >>> bit % 8);
        }
        return new Bits(value, known);
    }

    int length() {
        return value.length;
    }

    /** A part of it; beyond its end nothing is known. */
    Bits slice(int offset, int length) {
        return new Bits(
                Arrays.copyOfRange(value, Math.min(offset, value.length), Math.min(offset, value.length) + length),
                Arrays.copyOfRange(known, Math.min(offset, known.length), Math.min(offset, known.length) + length));
    }

    /** Puts others into a place of it. */
    void put(int offset, Bits part) {
        System.arraycopy(part.value, 0, value, offset, part.value.length);
        System.arraycopy(part.known, 0, known, offset, part.known.length);
    }

    /** {@code this & mask ^ xor}. */
    Bits masked(byte[] mask, byte[] xor) {
        byte[] newValue = new byte[value.length];
        byte[] newKnown = new byte[value.length];
        for (int i = 0; i < value.length; i++) {
            int andWith = i < mask.length ? mask[i] : 0;
            newKnown[i] = (byte) (known[i] | ~andWith);
            newValue[i] = (byte) (((value[i] & andWith) ^ (i < xor.length ? xor[i] : 0)) & newKnown[i]);
        }
        return new Bits(newValue, newKnown);
    }

    /** Whether its beginning is this. */
    Truth is(byte[] other) {
        Truth equal = Truth.YES;
        for (int i = 0; i < other.length; i++) {
            int sure = i < known.length ? known[i] : 0;
            int seen = i < value.length ? value[i] : 0;
            if (((seen ^ other[i]) & sure) != 0) {
                return Truth.NO;
            }
            equal = (sure & ALL) == ALL ? equal : Truth.MAYBE;
        }
        return equal;
    }

    /** Whether it is at least the one and at most the other, as unsigned numbers of their length in network order. */
    Truth isFrom(byte[] first, byte[] last) {
        byte[] least = Arrays.copyOf(value, first.length);
        byte[] most = least.clone();
        for (int i = 0; i < most.length; i++) {
            most[i] |= (byte) ~(i < known.length ? known[i] : 0);
        }
        if (Arrays.compareUnsigned(most, first) < 0 || Arrays.compareUnsigned(least, last) > 0) {
            return Truth.NO;
        }
        boolean isInside = Arrays.compareUnsigned(least, first) >= 0 && Arrays.compareUnsigned(most, last) <= 0;
        return isInside ? Truth.YES : Truth.MAYBE;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bits bits && Arrays.equals(value, bits.value) && Arrays.equals(known, bits.known);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(value) + Arrays.hashCode(known);
    }
}
