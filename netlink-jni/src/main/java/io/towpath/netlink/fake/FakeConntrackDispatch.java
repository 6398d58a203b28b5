package io.towpath.netlink.fake;

import static io.towpath.netlink.conntrack.Ctnetlink.*;
import static io.towpath.netlink.nft.NfTables.NFNL_SUBSYS_CTNETLINK;

import io.towpath.linux.Errno;
import java.nio.ByteBuffer;
import java.util.List;

/** The connection tracking of a kernel whose packets nobody sees: it has no connections, and tells so. */
final class FakeConntrackDispatch implements FakeProtocol {
    private static final int LIST = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
    private static final int COUNT = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;

    @Override
    public boolean isGet(int type) {
        return type == LIST || type == COUNT;
    }

    @Override
    public FakeOperation understand(int type, int flags, boolean isDump, ByteBuffer payload) throws FakeRefusal {
        return switch (type) {
            case LIST -> FakeOperation.read("conntrack list", List::of);
            case COUNT ->
                FakeOperation.read(
                        "conntrack count",
                        () -> List.of(
                                FakeOperation.message(COUNT, out -> out.u32(0).be32(CTA_STATS_GLOBAL_ENTRIES, 0))));
            default -> throw new FakeRefusal(Errno.EOPNOTSUPP);
        };
    }
}
