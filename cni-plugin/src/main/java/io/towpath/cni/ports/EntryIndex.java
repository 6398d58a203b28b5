package io.towpath.cni.ports;

import io.towpath.netlink.nft.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Entries by what they say something of, so that those in the way of another are found among few. */
final class EntryIndex {
    private final Map<Object, List<Entry>> byPlace;

    /** What is no port. */
    private record Key(String set, Value value) {}

    EntryIndex(List<Entry> entries) {
        byPlace = HashMap.newHashMap(entries.size());
        for (Entry entry : entries) {
            byPlace.computeIfAbsent(place(entry), _ -> new ArrayList<>(1)).add(entry);
        }
    }

    private static Object place(Entry entry) {
        Forward forward = entry.forward();
        return forward == null
                ? new Key(entry.set().name(), entry.element().key())
                : forward.from().ofAllAddresses();
    }

    /** Those that are not what they say beside this one. */
    List<Entry> inTheWayOf(Entry wanted) {
        List<Entry> found = new ArrayList<>(0);
        for (Entry other : byPlace.getOrDefault(place(wanted), List.of())) {
            if (other.isInTheWayOf(wanted)) {
                found.add(other);
            }
        }
        return found;
    }
}
