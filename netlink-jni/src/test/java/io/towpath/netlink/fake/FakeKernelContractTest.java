package io.towpath.netlink.fake;

import io.towpath.netlink.rtnl.Rtnl;

class FakeKernelContractTest extends KernelContract {
    private final FakeKernel kernel = new FakeKernel();
    private final Rtnl node = kernel.namespace("node").open();
    private final Rtnl pod = kernel.namespace("pod").open();

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
        return kernel.namespace("pod").fd();
    }
}
