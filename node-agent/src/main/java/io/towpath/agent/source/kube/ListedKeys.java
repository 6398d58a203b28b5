package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.HashSet;
import java.util.Set;

/** The objects that there are, put into a store as they are told, by pages or by events: what was not among them at the end goes. */
final class ListedKeys<T extends HasMetadata> {
    private final ObjectStore<T> store;
    private final Set<String> keys = new HashSet<>();

    ListedKeys(ObjectStore<T> store) {
        this.store = store;
    }

    /** Whether the object was not told of before. */
    boolean put(T object) {
        String key = store.key(object);
        store.put(key, object);
        return keys.add(key);
    }

    /** Takes it that an object that was told of is gone. */
    void remove(T object) {
        String key = store.key(object);
        store.remove(key);
        keys.remove(key);
    }

    /** All have been told of. */
    void end() {
        for (String key : store.keys()) {
            if (!keys.contains(key)) {
                store.remove(key);
            }
        }
    }
}
