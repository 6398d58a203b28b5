package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.NetConf;
import io.towpath.netlink.rtnl.Rtnl;

/** The overlay, as the verbs need it. */
public interface OverlayGate {
    /**
     * Makes sure that it stands, if it is Towpath's.
     *
     * @throws CniException if it does not and cannot be made to
     */
    void ensure(NetConf conf, Rtnl host) throws CniException;

    /**
     * Finds out whether {@link #ensure} would succeed; changes nothing.
     *
     * @throws CniException with code 50 if not
     */
    void requireReady(NetConf conf, Rtnl host) throws CniException;
}
