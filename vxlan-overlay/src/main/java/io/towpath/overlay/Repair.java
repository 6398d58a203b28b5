package io.towpath.overlay;

import org.jspecify.annotations.Nullable;

/**
 * Something that somebody else had changed and that is right again.
 *
 * @param device the device it is about, null for the node as a whole
 * @param peer the node it is for, null for none
 * @param what the thing, such as {@code "link"}, {@code "mac"}, {@code "neighbour, route"} or {@code "route 10.244.9.0/24"}
 * @param removed whether it had been put there and is gone again; else it was missing or altered
 */
public record Repair(@Nullable String device, @Nullable String peer, String what, boolean removed) {
    /** One line, such as {@code "flannel.1: node b: route restored"}. */
    @Override
    public String toString() {
        return (device == null ? "" : device + ": ")
                + (peer == null ? "" : "node " + peer + ": ")
                + what
                + (removed ? " removed" : " restored");
    }
}
