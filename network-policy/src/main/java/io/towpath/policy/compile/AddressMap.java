package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.ruleset.Outcome;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** An immutable map in two arrays: a profile may have ten thousand addresses, and there may be hundreds of profiles. */
final class AddressMap extends AbstractMap<IpAddress, Outcome> {
    static final AddressMap EMPTY = new AddressMap(new IpAddress[0], new Outcome[0]);

    private final IpAddress[] addresses;
    private final Outcome[] outcomes;

    private AddressMap(IpAddress[] addresses, Outcome[] outcomes) {
        this.addresses = addresses;
        this.outcomes = outcomes;
    }

    static AddressMap of(Map<IpAddress, Outcome> entries) {
        IpAddress[] addresses = entries.keySet().toArray(new IpAddress[0]);
        Arrays.sort(addresses);
        Outcome[] outcomes = new Outcome[addresses.length];
        for (int i = 0; i < addresses.length; i++) {
            outcomes[i] = required(entries.get(addresses[i]));
        }
        return new AddressMap(addresses, outcomes);
    }

    private static Outcome required(@Nullable Outcome outcome) {
        if (outcome == null) {
            throw new NoSuchElementException();
        }
        return outcome;
    }

    /** This map with some entries replaced; null removes one. */
    AddressMap with(SortedMap<IpAddress, @Nullable Outcome> changes) {
        IpAddress[] keys = new IpAddress[addresses.length + changes.size()];
        Outcome[] values = new Outcome[keys.length];
        int from = 0;
        int to = 0;
        for (Map.Entry<IpAddress, @Nullable Outcome> change : changes.entrySet()) {
            int at = Arrays.binarySearch(addresses, change.getKey());
            int until = at < 0 ? -at - 1 : at;
            System.arraycopy(addresses, from, keys, to, until - from);
            System.arraycopy(outcomes, from, values, to, until - from);
            to += until - from;
            from = at < 0 ? until : until + 1;
            Outcome outcome = change.getValue();
            if (outcome != null) {
                keys[to] = change.getKey();
                values[to++] = outcome;
            }
        }
        System.arraycopy(addresses, from, keys, to, addresses.length - from);
        System.arraycopy(outcomes, from, values, to, addresses.length - from);
        to += addresses.length - from;
        return new AddressMap(Arrays.copyOf(keys, to), Arrays.copyOf(values, to));
    }

    @Override
    public @Nullable Outcome get(@Nullable Object key) {
        int at = key instanceof IpAddress address ? Arrays.binarySearch(addresses, address) : -1;
        return at < 0 ? null : outcomes[at];
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return get(key) != null;
    }

    @Override
    public int size() {
        return addresses.length;
    }

    @Override
    public void forEach(BiConsumer<? super IpAddress, ? super Outcome> action) {
        for (int i = 0; i < addresses.length; i++) {
            action.accept(addresses[i], outcomes[i]);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AddressMap map
                ? Arrays.equals(addresses, map.addresses) && Arrays.equals(outcomes, map.outcomes)
                : super.equals(other);
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }

    @Override
    public Set<Map.Entry<IpAddress, Outcome>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public int size() {
                return addresses.length;
            }

            @Override
            public Iterator<Map.Entry<IpAddress, Outcome>> iterator() {
                return new Entries();
            }
        };
    }

    private final class Entries implements Iterator<Map.Entry<IpAddress, Outcome>> {
        private int next;

        @Override
        public boolean hasNext() {
            return next < addresses.length;
        }

        @Override
        public Map.Entry<IpAddress, Outcome> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            int at = next++;
            return Map.entry(addresses[at], outcomes[at]);
        }
    }
}
