package io.towpath.agent.runtime;

import org.jspecify.annotations.Nullable;

/**
 * Something that is told to controllers from outside, by any thread. The newest word counts, and wakes those that want it.
 *
 * @param <T> what is told; unchangeable
 */
public final class Fact<T> extends Signal {
    private volatile @Nullable T told;

    /** What was told last; null before anything was. */
    public @Nullable T get() {
        return told;
    }

    /** Tells it. */
    public void tell(@Nullable T now) {
        told = now;
        give();
    }
}
