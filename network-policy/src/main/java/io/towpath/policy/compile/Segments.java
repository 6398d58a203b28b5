package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The addresses, cut where a block begins or ends: of each piece, which blocks it lies in. */
final class Segments {
    static final BitSet NO_BLOCKS = new BitSet();

    private final List<Segment> pieces;

    private Segments(List<Segment> pieces) {
        this.pieces = pieces;
    }

    /** A piece that lies in some blocks. */
    record Segment(AddressRange range, BitSet blocks) {}

    /** Cuts them; a group of ranges, which may overlap, counts as one block, whose number is its place in the list. */
    static Segments of(List<List<AddressRange>> groups) {
        List<Segment> pieces = new ArrayList<>();
        cut(groups, false, pieces);
        cut(groups, true, pieces);
        return new Segments(pieces);
    }

    /** Where something begins, and where something ended just before. */
    private static final class Edge {
        final List<Integer> begin = new ArrayList<>(1);
        final List<Integer> end = new ArrayList<>(1);
    }

    private static void cut(List<List<AddressRange>> groups, boolean ipv6, List<Segment> pieces) {
        TreeMap<IpAddress, Edge> edges = new TreeMap<>();
        for (int group = 0; group < groups.size(); group++) {
            for (AddressRange range : groups.get(group)) {
                if (range.first().ipv6() == ipv6) {
                    edges.computeIfAbsent(range.first(), _ -> new Edge()).begin.add(group);
                    IpAddress after = range.last().next();
                    if (after.compareTo(range.last()) > 0) {
                        edges.computeIfAbsent(after, _ -> new Edge()).end.add(group);
                    }
                }
            }
        }
        int[] depth = new int[groups.size()];
        BitSet active = new BitSet();
        Map<BitSet, BitSet> same = new HashMap<>();
        for (Map.Entry<IpAddress, Edge> edge : edges.entrySet()) {
            for (int group : edge.getValue().end) {
                active.set(group, --depth[group] > 0);
            }
            for (int group : edge.getValue().begin) {
                active.set(group, ++depth[group] > 0);
            }
            if (!active.isEmpty()) {
                IpAddress next = edges.higherKey(edge.getKey());
                IpAddress last = next == null ? highest(ipv6) : next.previous();
                BitSet blocks = same.computeIfAbsent((BitSet) active.clone(), each -> each);
                pieces.add(new Segment(new AddressRange(edge.getKey(), last), blocks));
            }
        }
    }

    private static IpAddress highest(boolean ipv6) {
        return new IpAddress(ipv6, 0, 0).previous();
    }

    List<Segment> pieces() {
        return pieces;
    }

    boolean isEmpty() {
        return pieces.isEmpty();
    }

    /** The blocks that an address lies in. */
    BitSet at(IpAddress address) {
        int low = 0;
        int high = pieces.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Segment piece = pieces.get(middle);
            if (piece.range.contains(address)) {
                return piece.blocks;
            }
            if (piece.range.first().compareTo(address) < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return NO_BLOCKS;
    }
}
