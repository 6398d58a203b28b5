package io.towpath.netlink.ipset;

import static io.towpath.netlink.Nl.NLM_F_DUMP;
import static io.towpath.netlink.ipset.IpsetNetlink.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session with the ipsets of one network namespace. Not for use by several threads at once. */
public final class IpSets implements AutoCloseable {
    /** Length of struct nfgenmsg. */
    private static final int HEADER_LENGTH = 4;

    /** The oldest version of the protocol that kernels still speak. */
    private static final int PROTOCOL = 6;

    private final Netlink netlink;

    private IpSets(NetlinkSocket socket) {
        netlink = new Netlink(socket);
    }

    /** Opens a session with a namespace, which may be closed thereafter. */
    public static IpSets open(NetNs netNs) throws NetlinkException {
        return new IpSets(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, netNs));
    }

    /** The names of all sets; none where the kernel knows no ipsets. */
    public List<String> names() throws NetlinkException {
        Requests requests = new Requests();
        begin(requests, IPSET_CMD_LIST, NLM_F_DUMP, "ipset list", "")
                .be32(IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, IPSET_FLAG_LIST_SETNAME)
                .end();
        try {
            return netlink.dump(requests, IpSets::readName);
        } catch (NetlinkException e) {
            // nfnetlink knows no such subsystem, even after it asked for its module.
            if (e.is(Errno.EINVAL) || e.is(Errno.EPROTONOSUPPORT)) {
                return new ArrayList<>();
            }
            throw e;
        }
    }

    /**
     * Destroys a set with its elements; one that is not there is no failure for newer kernels.
     *
     * @return false if it is in use, by a rule or by a list of sets; a rule that was just deleted uses its sets a moment longer
     * @throws NetlinkException with ENOENT, of older kernels, if there is no such set
     */
    public boolean destroy(String name) throws NetlinkException {
        Requests requests = new Requests();
        begin(requests, IPSET_CMD_DESTROY, 0, "ipset destroy", name)
                .string(IPSET_ATTR_SETNAME, name)
                .end();
        List<NetlinkException> failures = netlink.submit(requests);
        if (failures.isEmpty()) {
            return true;
        }
        if (failures.get(0).errno() == IPSET_ERR_BUSY) {
            return false;
        }
        throw failures.get(0);
    }

    private static MessageWriter begin(Requests requests, int command, int flags, String verb, String subject) {
        return requests.add(NFNL_SUBSYS_IPSET << 8 | command, flags, verb, subject)
                .u8(0)
                .u8(0)
                .u16(0)
                .u8(IPSET_ATTR_PROTOCOL, PROTOCOL);
    }

    private static @Nullable String readName(int type, ByteBuffer payload) throws NetlinkException {
        if (type != (NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        while (in.next()) {
            if (in.type() == IPSET_ATTR_SETNAME) {
                return in.string();
            }
        }
        return null;
    }

    @Override
    public void close() {
        netlink.close();
    }
}
