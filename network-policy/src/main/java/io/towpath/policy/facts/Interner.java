package io.towpath.policy.facts;

import java.lang.ref.WeakReference;
import java.util.WeakHashMap;

/**
 * One object for all that are equal: the pods of a deployment have the same labels, and a source reads them anew for each. It
 * holds nothing that nobody else does. Not for use by several threads.
 */
public final class Interner<T> {
    private final WeakHashMap<T, WeakReference<T>> known = new WeakHashMap<>();

    /** The first object that was equal to this one, or this one. It must not change. */
    public T intern(T value) {
        WeakReference<T> reference = known.get(value);
        T first = reference == null ? null : reference.get();
        if (first != null) {
            return first;
        }
        known.put(value, new WeakReference<>(value));
        return value;
    }
}
