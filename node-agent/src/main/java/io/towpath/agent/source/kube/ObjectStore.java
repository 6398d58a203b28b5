package io.towpath.agent.source.kube;

import java.util.Set;

/** Takes the objects of a kind as they come, change and go. */
interface ObjectStore<T> {
    /** What tells an object from the others of its kind. */
    String key(T object);

    void put(String key, T object);

    /** Does nothing for a key that is not known. */
    void remove(String key);

    /** Of all that are in it; a copy. */
    Set<String> keys();
}
