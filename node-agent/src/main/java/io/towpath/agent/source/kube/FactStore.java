package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Keeps the fact that an object is, if it is one, and nothing of the API's object. */
class FactStore<T extends HasMetadata, F> implements ObjectStore<T> {
    final Object lock;
    private final Function<T, @Nullable F> reader;
    private final Runnable changed;

    private final Map<String, Integer> places = new HashMap<>();
    private final List<String> keys = new ArrayList<>();
    private final List<F> facts = new ArrayList<>();
    private @Nullable List<F> copy;

    /**
     * An empty one.
     *
     * @param lock held while anything is read or changed; several stores may share it, and their reader what is of no use by several threads
     * @param reader called with the lock held; null for what is no fact
     * @param changed called with the lock held when a fact is another than before; not for an event that changes nothing here
     */
    FactStore(Object lock, Function<T, @Nullable F> reader, Runnable changed) {
        this.lock = lock;
        this.reader = reader;
        this.changed = changed;
    }

    /** All facts. One that has not changed since the last call is the same object, and mostly at the same place. */
    final List<F> facts() {
        synchronized (lock) {
            List<F> known = copy;
            if (known == null) {
                known = List.copyOf(facts);
                copy = known;
            }
            return known;
        }
    }

    final void clear() {
        synchronized (lock) {
            if (!facts.isEmpty()) {
                places.clear();
                keys.clear();
                facts.clear();
                changed();
            }
        }
    }

    final void changed() {
        copy = null;
        changed.run();
    }

    @Override
    public final String key(T object) {
        ObjectMeta metadata = object.getMetadata();
        String namespace = metadata.getNamespace();
        return namespace == null || namespace.isEmpty() ? metadata.getName() : namespace + '/' + metadata.getName();
    }

    @Override
    public void put(String key, T object) {
        synchronized (lock) {
            F fact = reader.apply(object);
            if (fact == null) {
                remove(key);
                return;
            }
            Integer place = places.get(key);
            if (place == null) {
                places.put(key, facts.size());
                keys.add(key);
                facts.add(fact);
                changed();
            } else if (!fact.equals(facts.get(place))) {
                facts.set(place, fact);
                changed();
            }
        }
    }

    /** The last one takes the place that is left. */
    @Override
    public void remove(String key) {
        synchronized (lock) {
            Integer place = places.remove(key);
            if (place == null) {
                return;
            }
            String lastKey = keys.removeLast();
            F last = facts.removeLast();
            if (place < facts.size()) {
                keys.set(place, lastKey);
                facts.set(place, last);
                places.put(lastKey, place);
            }
            changed();
        }
    }

    @Override
    public final Set<String> keys() {
        synchronized (lock) {
            return Set.copyOf(keys);
        }
    }

    final boolean has(String key) {
        synchronized (lock) {
            return places.containsKey(key);
        }
    }
}
