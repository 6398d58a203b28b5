package io.towpath.cni.verbs;

import io.towpath.cni.wiring.Namespaces;
import io.towpath.linux.Errno;
import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.fake.FakeNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A node and its pods in a {@link FakeKernel}. Namespaces are named by the paths they are found at. */
final class FakeNamespaces implements Namespaces {
    static final String NODE = "/proc/self/ns/net";

    final FakeKernel kernel = new FakeKernel();

    /** The paths at which there is a namespace. */
    final Set<String> namespaces = new HashSet<>(Set.of(NODE));

    /** The paths at which there is something else. */
    final Set<String> plainFiles = new HashSet<>();

    /** What was written, and not undone by the removal of a link. */
    final List<Sysctl> sysctls = new ArrayList<>();

    /** What writing settings fails with; 0 if it does not. */
    int sysctlErrno;

    FakeNamespace at(String path) {
        namespaces.add(path);
        return kernel.namespace(path);
    }

    void delete(String path) {
        namespaces.remove(path);
        kernel.deleteNamespace(path);
    }

    @Override
    public Rtnl host() {
        return at(NODE).open();
    }

    @Override
    public Nft nft() {
        return at(NODE).openNft();
    }

    @Override
    public Conntrack conntrack() {
        return at(NODE).openConntrack();
    }

    @Override
    public void writeHostSysctls(List<Sysctl> settings) throws NetlinkException {
        write(settings);
    }

    private void write(List<Sysctl> settings) throws NetlinkException {
        if (sysctlErrno != 0) {
            throw new NetlinkException("write sysctl " + settings.getFirst().key(), sysctlErrno);
        }
        sysctls.addAll(settings);
    }

    @Override
    public Pod pod(String path) throws NetlinkException {
        if (plainFiles.contains(path)) {
            throw new NetlinkException("open network namespace " + path, Errno.EINVAL);
        }
        if (!namespaces.contains(path)) {
            throw new NetlinkException("open network namespace " + path, Errno.ENOENT);
        }
        return new FakePod(at(path));
    }

    @Override
    public void close() {}

    private final class FakePod implements Pod {
        private final FakeNamespace namespace;
        private @Nullable Rtnl rtnl;

        FakePod(FakeNamespace namespace) {
            this.namespace = namespace;
        }

        @Override
        public int fd() {
            return namespace.fd();
        }

        @Override
        public boolean isHost() {
            return namespace.name().equals(NODE);
        }

        @Override
        public boolean hasOtherEnd(Link link) throws NetlinkException {
            try (Rtnl host = host()) {
                return link.peerNsid() >= 0 && link.peerNsid() == host.nsid(namespace.fd());
            }
        }

        @Override
        public Rtnl rtnl() {
            Rtnl open = rtnl;
            if (open == null) {
                open = namespace.open();
                rtnl = open;
            }
            return open;
        }

        @Override
        public String readSysctl(String key) {
            return "1";
        }

        @Override
        public void writeSysctls(List<Sysctl> settings) throws NetlinkException {
            write(settings);
        }

        @Override
        public void close() {}
    }
}
