package io.towpath.agent.runtime;

import java.util.List;

/**
 * What wakes a controller, besides time.
 *
 * @param links whether changes of links, addresses, routes, neighbours and settings do, as far as it says that they concern it
 * @param nftables whether changes of nftables do, as far as it says so
 * @param signals facts and signals that do
 */
public record Wants(boolean links, boolean nftables, List<Signal> signals) {
    /** Nothing but time. */
    public static final Wants NOTHING = new Wants(false, false, List.of());

    public Wants {
        signals = List.copyOf(signals);
    }

    /** All that the kernel tells, and these. */
    public static Wants kernelAnd(Signal... signals) {
        return new Wants(true, true, List.of(signals));
    }
}
