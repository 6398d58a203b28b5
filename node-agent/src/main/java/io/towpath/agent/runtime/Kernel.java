package io.towpath.agent.runtime;

import io.towpath.cni.wiring.Namespaces;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Rtnl;

/**
 * The sessions of a thread with the kernel, in the node's network namespace; each is opened when it is first asked for.
 *
 * @param node closed by the runtime
 * @param monitor what the thread waits for; it outlives the sessions
 */
public record Kernel(Namespaces node, Monitor monitor) {
    /** Links, addresses, routes, neighbours. */
    public Rtnl rtnl() throws NetlinkException {
        return node.host();
    }

    /** Tables of nftables. */
    public Nft nft() throws NetlinkException {
        return node.nft();
    }

    /** Connections. */
    public Conntrack conntrack() throws NetlinkException {
        return node.conntrack();
    }
}
