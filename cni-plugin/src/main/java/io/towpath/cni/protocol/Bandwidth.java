package io.towpath.cni.protocol;

/**
 * How fast an attachment may be (CONVENTIONS, capability {@code bandwidth}).
 *
 * @param ingress what the container gets
 * @param egress what the container sends
 */
public record Bandwidth(Limit ingress, Limit egress) {
    /** No limit in either direction. */
    public static final Bandwidth UNLIMITED = new Bandwidth(Limit.NONE, Limit.NONE);

    /** The burst that the kernel can count, in bits: below 2^32 - 1 bytes. */
    static final long MAX_BURST = 8 * 0xffff_ffffL - 1;

    /** The rate that the kernel can count, in bits per second: one byte per second. */
    static final long MIN_RATE = 8;

    /**
     * A limit in one direction.
     *
     * @param rate bits per second, 8 or more; 0 for no limit
     * @param burst bits, 1 to 2^35 - 9; 0 if and only if there is no limit
     */
    public record Limit(long rate, long burst) {
        static final Limit NONE = new Limit(0, 0);

        /** Whether there is a limit. */
        public boolean isSet() {
            return rate != 0;
        }

        /** The rate in bytes per second, rounded down. */
        public long bytesPerSecond() {
            return rate / 8;
        }

        /** The burst in bytes, rounded down. */
        public long burstBytes() {
            return burst / 8;
        }
    }

    /** Whether there is no limit in either direction. */
    public boolean isUnlimited() {
        return !ingress.isSet() && !egress.isSet();
    }
}
