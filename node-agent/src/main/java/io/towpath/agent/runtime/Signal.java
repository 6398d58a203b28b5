package io.towpath.agent.runtime;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Wakes the controllers that want it. Any thread may give it. */
public class Signal {
    private final List<Runnable> wakes = new CopyOnWriteArrayList<>();

    /** Has all that want it reconcile soon. */
    public void give() {
        wakes.forEach(Runnable::run);
    }

    /** Calls something, which returns at once, whenever the signal is given. */
    void wake(Runnable wake) {
        wakes.add(wake);
    }
}
