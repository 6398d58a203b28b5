package io.towpath.overlay;

import io.towpath.netlink.rtnl.Batch;
import org.jspecify.annotations.Nullable;

/**
 * One request of a plan.
 *
 * @param peer the node it is for, null for this node's own or for what belongs to nobody
 * @param removal whether it removes something, so that it has succeeded when there is no such thing; for a node, to make room for
 *     what is put in its place
 * @param what it is about, such as {@code "route"}
 * @param request puts it into a batch
 */
record Step(@Nullable String peer, boolean removal, String what, Request request) {
    /** Puts a request into a batch. */
    interface Request {
        /**
         * Appends it.
         *
         * @param link the index of the device, which may have come into being after the plan
         */
        void addTo(Batch batch, int link);
    }

    static Step put(@Nullable String peer, String what, Request request) {
        return new Step(peer, false, what, request);
    }

    static Step remove(String what, Request request) {
        return new Step(null, true, what, request);
    }

    /** Whether it only makes room for another step of the same node. */
    boolean makesRoom() {
        return removal && peer != null;
    }

    /** The first word of what it is about: the kind of thing. */
    String kind() {
        int space = what.indexOf(' ');
        return space < 0 ? what : what.substring(0, space);
    }

    /** One line, such as {@code "route add 10.1.2.0/24 via 10.1.2.0 dev flannel.1 onlink"}. */
    String describe(int link, String device) {
        Batch batch = new Batch();
        int index = link == 0 ? Integer.MAX_VALUE : link; // 0 is no device, and not shown as one
        request.addTo(batch, index);
        String line = batch.toString().strip() + " ";
        return line.replace(" dev " + index + " ", " dev " + device + " ")
                .replace(" index " + index + " ", " " + device + " ")
                .strip();
    }
}
