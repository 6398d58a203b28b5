package io.towpath.netlink.rtnl;

/**
 * A queueing discipline: what becomes of packets on their way out of a link or into it.
 *
 * @param linkIndex the link
 * @param handle its number on the link, major in the upper 16 bits; 0 in a request for one that the kernel chooses
 * @param parent where it is attached: {@link #TC_H_ROOT}, {@link #TC_H_INGRESS}, or a class of another one
 * @param kind what it does
 */
public record Qdisc(int linkIndex, int handle, int parent, Kind kind) {
    /** The way out of the link, {@code linux/pkt_sched.h}. */
    public static final int TC_H_ROOT = 0xffff_ffff;

    /** The way into the link, {@code linux/pkt_sched.h}. */
    public static final int TC_H_INGRESS = 0xffff_fff1;

    /** The handle, and for filters the parent, of every {@link Ingress}. */
    static final int INGRESS_HANDLE = 0xffff_0000;

    /** What a queueing discipline does. */
    public sealed interface Kind {
        /** The name the kernel knows the kind by. */
        String name();
    }

    /**
     * Lets packets out at a rate.
     *
     * @param rate bytes per second, at least 1
     * @param burst bytes that may go at once after a pause, below 2^32; a packet that is larger is dropped, or split if it is one
     *     of generic segmentation offload. The kernel shows the time that these take, in 64 ns and modulo 2^32: read, it is what
     *     follows from that, so use {@link #isShownAs} to compare
     * @param limit bytes that wait, below 2^32; what exceeds them is dropped
     */
    public record Tbf(long rate, long burst, long limit) implements Kind {
        private static final long NANOS_PER_SECOND = 1_000_000_000L;
        private static final int TICK_SHIFT = 6;
        private static final long TICKS = 1L << 32;

        /** The time of a burst, as the kernel shows it. */
        long ticks() {
            return (long) ((double) burst * NANOS_PER_SECOND / rate) >> TICK_SHIFT;
        }

        static long burst(long rate, long ticks) {
            return Math.round((double) (ticks << TICK_SHIFT) * rate / NANOS_PER_SECOND);
        }

        /** Whether the kernel shows that for this, all that it rounds and cuts off considered. */
        public boolean isShownAs(Kind shown) {
            if (!(shown instanceof Tbf other) || rate != other.rate || limit != other.limit) {
                return false;
            }
            long difference = Math.floorMod(ticks() - other.ticks(), TICKS);
            // The kernel divides by a multiplication that is exact to 31 bits; a byte may be lost on the way back.
            long tolerance = 2 + (ticks() >> 28) + ((NANOS_PER_SECOND / rate) >> TICK_SHIFT);
            return Math.min(difference, TICKS - difference) <= tolerance;
        }

        @Override
        public String name() {
            return "tbf";
        }

        @Override
        public String toString() {
            return "tbf rate " + rate + " burst " + burst + " limit " + limit;
        }
    }

    /** Lets filters see what comes in. */
    public record Ingress() implements Kind {
        @Override
        public String name() {
            return "ingress";
        }

        @Override
        public String toString() {
            return name();
        }
    }

    /** Any other kind. In a request it has no options. */
    public record Other(String name) implements Kind {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A {@link Tbf} for what leaves a link. */
    public static Qdisc root(int linkIndex, Tbf kind) {
        return new Qdisc(linkIndex, 0, TC_H_ROOT, kind);
    }

    /** An {@link Ingress}. */
    public static Qdisc ingress(int linkIndex) {
        return new Qdisc(linkIndex, INGRESS_HANDLE, TC_H_INGRESS, new Ingress());
    }

    /** One line, such as {@code "dev 7 root tbf rate 1250000 burst 125000 limit 156250"}. */
    @Override
    public String toString() {
        return "dev " + linkIndex + " " + place() + " " + kind;
    }

    private String place() {
        return switch (parent) {
            case TC_H_ROOT -> "root";
            case TC_H_INGRESS -> "in";
            default -> "parent 0x" + Integer.toHexString(parent);
        };
    }
}
