package io.towpath.netlink.nflog;

import static io.towpath.netlink.nflog.NfnetlinkLog.*;
import static io.towpath.netlink.nft.NfTables.NFNL_SUBSYS_ULOG;

import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The packets that rules log to a group. A group has one reader; it is free again when the reader's monitor is closed. */
public final class NfLog {
    /** The longest header of IPv4 or the usual ones of IPv6, and TCP's. A rule may copy less. */
    private static final int COPIED_BYTES = 128;

    /** So many packets wait at most to be told together. */
    private static final int TOGETHER = 64;

    /** And for so long, in units of 10 ms. */
    private static final int LATENCY = 10;

    private static final int GROUPS = 0x10000;

    private NfLog() {}

    /** Takes what is logged. */
    public interface Listener {
        void packet(LoggedPacket packet);

        /** Packets did not fit or could not be read: nobody knows how many. */
        void lost();
    }

    /**
     * Has a monitor tell the packets of a group in a network namespace.
     *
     * @param netNs the namespace, null for the calling thread's own
     * @param group 0 to 65,535
     * @throws NetlinkException with EPERM or EBUSY if somebody else reads the group
     */
    public static void subscribe(Monitor monitor, @Nullable NetNs netNs, int group, Listener listener)
            throws NetlinkException {
        if (group < 0 || group >= GROUPS) {
            throw new IllegalArgumentException("log group " + group);
        }
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, netNs);
        try {
            // The session ends here, the socket goes on; packets of the moment before the kernel's answer are left out.
            List<NetlinkException> failures = new Netlink(socket).submit(binding(group));
            if (!failures.isEmpty()) {
                throw failures.getFirst();
            }
            monitor.subscribe(socket, new Decoding(listener));
        } catch (NetlinkException e) {
            socket.close();
            throw e;
        }
    }

    private static Requests binding(int group) {
        Requests requests = new Requests();
        requests.add(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, 0, "log bind group", group)
                // struct nfgenmsg, with the group in network byte order.
                .u8(0)
                .u8(0)
                .u8(group >>> 8)
                .u8(group)
                .u8(NFULA_CFG_CMD, NFULNL_CFG_CMD_BIND)
                // struct nfulnl_msg_config_mode.
                .bytes(NFULA_CFG_MODE, new byte[] {0, 0, 0, (byte) COPIED_BYTES, NFULNL_COPY_PACKET, 0})
                .be32(NFULA_CFG_TIMEOUT, LATENCY)
                .be32(NFULA_CFG_QTHRESH, TOGETHER)
                .end();
        return requests;
    }

    private record Decoding(Listener listener) implements Monitor.Listener {
        @Override
        public void message(int type, int port, ByteBuffer payload) throws NetlinkException {
            if (type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) {
                listener.packet(LoggedPacket.read(payload, Instant.now()));
            }
        }

        @Override
        public void lost() {
            listener.lost();
        }
    }
}
