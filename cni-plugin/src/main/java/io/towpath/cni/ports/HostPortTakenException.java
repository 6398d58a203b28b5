package io.towpath.cni.ports;

import io.towpath.netlink.rtnl.Link;
import java.io.IOException;

/** A port of the node's leads to another attachment already, or carries an overlay. */
public final class HostPortTakenException extends IOException {
    private static final long serialVersionUID = 1L;

    HostPortTakenException(Entry wanted, Entry taken) {
        super(what(wanted) + " is taken by " + whose(taken));
    }

    HostPortTakenException(Forward wanted, Link tunnel) {
        super("host port " + wanted.from() + " is taken by the tunnel of interface " + tunnel.name());
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
