package io.towpath.policy.compile;

import io.towpath.policy.facts.Protocol;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Some of all that a packet's protocol and destination port can be; protocols without ports, and unknown ones, as one. */
final class PortSet {
    private static final int PORTS = 0x10000;
    private static final int[] NO_PORTS = {};
    private static final int[] ALL_PORTS = {0, PORTS};

    static final PortSet NONE = new PortSet(NO_PORTS, NO_PORTS, NO_PORTS, false);
    static final PortSet ALL = new PortSet(ALL_PORTS, ALL_PORTS, ALL_PORTS, true);

    // Where the set begins and ends, in turn, ascending: those at even places are in it, at odd ones the first after.
    private final int[] tcp;
    private final int[] udp;
    private final int[] sctp;
    private final boolean others;
    private final int hash;

    private PortSet(int[] tcp, int[] udp, int[] sctp, boolean others) {
        this.tcp = tcp;
        this.udp = udp;
        this.sctp = sctp;
        this.others = others;
        hash = ((Arrays.hashCode(tcp) * 31 + Arrays.hashCode(udp)) * 31 + Arrays.hashCode(sctp)) * 2 + (others ? 1 : 0);
    }

    /** Ports of a protocol, both ends included; none if the last is below the first. */
    static PortSet of(Protocol protocol, int first, int last) {
        if (last < first) {
            return NONE;
        }
        int[] edges = {first, last + 1};
        return switch (protocol) {
            case TCP -> new PortSet(edges, NO_PORTS, NO_PORTS, false);
            case UDP -> new PortSet(NO_PORTS, edges, NO_PORTS, false);
            case SCTP -> new PortSet(NO_PORTS, NO_PORTS, edges, false);
        };
    }

    static PortSet of(Protocol protocol) {
        return of(protocol, 0, PORTS - 1);
    }

    private enum Operation {
        EITHER,
        BOTH,
        FIRST_ONLY;

        boolean of(boolean first, boolean second) {
            return switch (this) {
                case EITHER -> first || second;
                case BOTH -> first && second;
                case FIRST_ONLY -> first && !second;
            };
        }
    }

    PortSet or(PortSet other) {
        return isEmpty() || other.isAll() ? other : other.isEmpty() || isAll() ? this : with(Operation.EITHER, other);
    }

    PortSet and(PortSet other) {
        return isAll() || other.isEmpty() ? other : isEmpty() || other.isAll() ? this : with(Operation.BOTH, other);
    }

    PortSet without(PortSet other) {
        return other.isEmpty() ? this : with(Operation.FIRST_ONLY, other);
    }

    private PortSet with(Operation operation, PortSet other) {
        return new PortSet(
                combine(operation, tcp, other.tcp),
                combine(operation, udp, other.udp),
                combine(operation, sctp, other.sctp),
                operation.of(others, other.others));
    }

    private static int[] combine(Operation operation, int[] first, int[] second) {
        if (Arrays.equals(first, second)) {
            return operation == Operation.FIRST_ONLY ? NO_PORTS : first;
        }
        int[] result = new int[first.length + second.length];
        int length = 0;
        int i = 0;
        int j = 0;
        boolean inside = false;
        while (i < first.length || j < second.length) {
            int edge = Math.min(i < first.length ? first[i] : PORTS, j < second.length ? second[j] : PORTS);
            if (i < first.length && first[i] == edge) {
                i++;
            }
            if (j < second.length && second[j] == edge) {
                j++;
            }
            // An odd number of edges passed: inside.
            if (operation.of((i & 1) == 1, (j & 1) == 1) != inside) {
                inside = !inside;
                result[length++] = edge;
            }
        }
        return length == 0 ? NO_PORTS : Arrays.copyOf(result, length);
    }

    boolean isEmpty() {
        return equals(NONE);
    }

    boolean isAll() {
        return equals(ALL);
    }

    /** Whether packets of protocols without ports are in it. */
    boolean hasOthers() {
        return others;
    }

    /** Where what is in it of a protocol, or what is not, begins and ends in turn: even ones are, odd ones the first after. */
    int[] edges(Protocol protocol, boolean inside) {
        int[] own = switch (protocol) {
            case TCP -> tcp;
            case UDP -> udp;
            case SCTP -> sctp;
        };
        return inside ? own : combine(Operation.FIRST_ONLY, ALL_PORTS, own);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof PortSet set
                        && hash == set.hash
                        && others == set.others
                        && Arrays.equals(tcp, set.tcp)
                        && Arrays.equals(udp, set.udp)
                        && Arrays.equals(sctp, set.sctp));
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return "TCP" + Arrays.toString(tcp) + " UDP" + Arrays.toString(udp) + " SCTP" + Arrays.toString(sctp)
                + (others ? " and others" : "");
    }
}
