package io.towpath.cni.wiring;

import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;

/** The network namespaces of this node, as far as a pod's wiring reaches into them. */
public interface Namespaces extends AutoCloseable {
    /** The session with the node's own namespace, opened when first asked for. */
    Rtnl host() throws NetlinkException;

    /** The session with nftables of the node's own namespace, opened when first asked for. */
    Nft nft() throws NetlinkException;

    /** The session with connection tracking of the node's own namespace, opened when first asked for. */
    Conntrack conntrack() throws NetlinkException;

    /** Writes settings of the node's own namespace, in order, up to the first that fails. */
    void writeHostSysctls(List<Sysctl> settings) throws NetlinkException;

    /**
     * Opens a pod's namespace.
     *
     * @throws NetlinkException with ENOENT if there is no such file, EINVAL if it is not a network namespace
     */
    Pod pod(String path) throws NetlinkException;

    @Override
    void close();

    /** A pod's namespace. */
    interface Pod extends AutoCloseable {
        /** What {@code IFLA_NET_NS_FD} takes. */
        int fd();

        /** Whether it is the node's own. */
        boolean isHost() throws NetlinkException;

        /** Whether the other end of a link of the node's is in this namespace. */
        boolean hasOtherEnd(Link host) throws NetlinkException;

        /** The session with the namespace, opened when first asked for. */
        Rtnl rtnl() throws NetlinkException;

        /** A setting below /proc/sys. */
        String readSysctl(String key) throws NetlinkException;

        /** Writes settings, in order, up to the first that fails. */
        void writeSysctls(List<Sysctl> settings) throws NetlinkException;

        @Override
        void close();
    }
}
