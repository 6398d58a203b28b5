package io.towpath.cni.wiring;

import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The real ones. Whatever is open is closed with this. Not for use by several threads at once. */
public final class LinuxNamespaces implements Namespaces {
    private final NetNs node;
    private @Nullable Rtnl host;
    private @Nullable Nft nft;
    private @Nullable Conntrack conntrack;

    /** Of the node that the calling thread is on. */
    public LinuxNamespaces() {
        this(NetNs.own());
    }

    /** Of a node that has a namespace of its own, which is closed with this. */
    public LinuxNamespaces(NetNs node) {
        this.node = node;
    }

    @Override
    public Rtnl host() throws NetlinkException {
        Rtnl open = host;
        if (open == null) {
            open = Rtnl.open(node);
            host = open;
        }
        return open;
    }

    @Override
    public Nft nft() throws NetlinkException {
        Nft open = nft;
        if (open == null) {
            open = Nft.open(node);
            nft = open;
        }
        return open;
    }

    @Override
    public Conntrack conntrack() throws NetlinkException {
        Conntrack open = conntrack;
        if (open == null) {
            open = Conntrack.open(node);
            conntrack = open;
        }
        return open;
    }

    @Override
    public void writeHostSysctls(List<Sysctl> settings) throws NetlinkException {
        node.writeSysctls(settings);
    }

    @Override
    public Pod pod(String path) throws NetlinkException {
        return new LinuxPod(NetNs.open(path));
    }

    @Override
    public void close() {
        if (host != null) {
            host.close();
            host = null;
        }
        if (nft != null) {
            nft.close();
            nft = null;
        }
        if (conntrack != null) {
            conntrack.close();
            conntrack = null;
        }
        node.close();
    }

    private final class LinuxPod implements Pod {
        private final NetNs netNs;
        private @Nullable Rtnl rtnl;

        LinuxPod(NetNs netNs) {
            this.netNs = netNs;
        }

        @Override
        public int fd() {
            return netNs.fd();
        }

        @Override
        public boolean isHost() throws NetlinkException {
            return netNs.isSame(node);
        }

        @Override
        public boolean hasOtherEnd(Link link) throws NetlinkException {
            return link.peerNsid() >= 0 && link.peerNsid() == host().nsid(netNs);
        }

        @Override
        public Rtnl rtnl() throws NetlinkException {
            Rtnl open = rtnl;
            if (open == null) {
                open = Rtnl.open(netNs);
                rtnl = open;
            }
            return open;
        }

        @Override
        public String readSysctl(String key) throws NetlinkException {
            return netNs.readSysctl(key);
        }

        @Override
        public void writeSysctls(List<Sysctl> settings) throws NetlinkException {
            netNs.writeSysctls(settings);
        }

        @Override
        public void close() {
            if (rtnl != null) {
                rtnl.close();
                rtnl = null;
            }
            netNs.close();
        }
    }
}
