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

    /**
     * The bursts, in bits, of runtimes that were told of none, as no annotation of Kubernetes' tells one: of containerd, of the kubelet
     * of old, of CRI-O of today and of old. As long as these last, nothing is slowed down at all: hundreds of megabytes.
     */
    private static final long[] NOT_TOLD = {0xffff_ffffL, 0x7fff_ffffL, 8 * 0xffff_ffffL - 1, 8 * 0xffff_ffffL};

    /** What takes the place of a burst that was not told: so much of a second's rate. */
    private static final long PER_SECOND = 40;

    /** And no less, in bits: two packets as large as segmentation offload makes them, as fewer keep no link busy. */
    private static final long LEAST_BURST = 8 * (128L << 10);

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

    /** Whether a burst is what a runtime says that was told of none. */
    static boolean isNotTold(long burst) {
        for (long each : NOT_TOLD) {
            if (burst == each) {
                return true;
            }
        }
        return false;
    }

    /** The burst that goes with a rate if none was told, in bits; 0 with none. */
    static long burstOf(long rate) {
        return rate == 0 ? 0 : Math.min(Math.max(rate / PER_SECOND, LEAST_BURST), MAX_BURST);
    }

    /** Whether there is no limit in either direction. */
    public boolean isUnlimited() {
        return !ingress.isSet() && !egress.isSet();
    }
}
