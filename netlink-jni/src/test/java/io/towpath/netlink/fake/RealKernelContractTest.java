package io.towpath.netlink.fake;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.Rtnl;
import org.junit.jupiter.api.AfterEach;

@NeedsRoot
class RealKernelContractTest extends KernelContract {
    private final TestNamespace nodeNamespace = new TestNamespace();
    private final TestNamespace podNamespace = new TestNamespace();
    private final NetNs podNetNs;
    private final Rtnl node;
    private final Rtnl pod;

    RealKernelContractTest() throws NetlinkException {
        try (NetNs nodeNetNs = nodeNamespace.open()) {
            node = Rtnl.open(nodeNetNs);
        }
        podNetNs = podNamespace.open();
        pod = Rtnl.open(podNetNs);
    }

    @AfterEach
    void close() {
        pod.close();
        node.close();
        podNetNs.close();
        podNamespace.close();
        nodeNamespace.close();
    }

    @Override
    Rtnl node() {
        return node;
    }

    @Override
    Rtnl pod() {
        return pod;
    }

    @Override
    int podFd() {
        return podNetNs.fd();
    }
}
