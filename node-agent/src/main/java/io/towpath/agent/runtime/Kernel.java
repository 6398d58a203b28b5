package io.towpath.agent.runtime;

import io.towpath.cni.wiring.Namespaces;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.rtnl.Rtnl;

/**
 * The sessions of a thread with the kernel, in the node's network namespace; each is opened when it is first asked for.
 *
 * @param node closed by the runtime
 * @param monitor what the thread waits for; it outlives the sessions
 * @param owner of the thread's tables; closed by the runtime
 */
public record Kernel(Namespaces node, Monitor monitor, Tables owner) {
    /** Links, addresses, routes, neighbours. */
    public Rtnl rtnl() throws NetlinkException {
        return node.host();
    }

    /** The owner of the thread's tables of nftables. */
    public TableManager tables() throws NetlinkException {
        return owner.manager();
    }

    /** Connections. */
    public Conntrack conntrack() throws NetlinkException {
        return node.conntrack();
    }
}
