package io.towpath.cni.ports;

import java.io.IOException;

/** A port of the node's leads to another attachment already. */
public final class HostPortTakenException extends IOException {
    private static final long serialVersionUID = 1L;

    HostPortTakenException(Entry wanted, Entry taken) {
        super(what(wanted) + " is taken by " + whose(taken));
    }

    private static String what(Entry wanted) {
        Forward forward = wanted.forward();
        return forward == null ? "an entry of the host port table" : "host port " + forward.from();
    }

    private static String whose(Entry taken) {
        return taken.element().comment().isEmpty()
                ? "somebody else, to lead to " + taken
                : "attachment " + taken.owner();
    }
}
