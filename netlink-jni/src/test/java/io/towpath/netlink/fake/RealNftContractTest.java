package io.towpath.netlink.fake;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import org.junit.jupiter.api.AfterEach;

@NeedsRoot
class RealNftContractTest extends NftContract {
    private final TestNamespace namespace = new TestNamespace();
    private final Nft nft;

    RealNftContractTest() throws NetlinkException {
        try (NetNs netNs = namespace.open()) {
            nft = Nft.open(netNs);
        }
    }

    @AfterEach
    void close() {
        nft.close();
        namespace.close();
    }

    @Override
    Nft nft() {
        return nft;
    }
}
