package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.NetConf;
import io.towpath.netlink.rtnl.Rtnl;

/** The overlay, as the verbs need it. */
public interface OverlayGate {
    /**
     * Makes sure that it stands, if it is Towpath's.
     *
     * @return whether that took changes
     * @throws CniException if it does not and cannot be made to
     */
    boolean ensure(NetConf conf, Rtnl host) throws CniException;

    /**
     * Finds out whether {@link #ensure} would succeed; changes nothing.
     *
     * @return whether it would build the overlay, and write the node state
     * @throws CniException with code 50 if it would fail
     */
    boolean requireReady(NetConf conf, Rtnl host) throws CniException;
}
