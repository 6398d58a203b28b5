package io.towpath.netlink;

import io.towpath.linux.Native;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A netlink socket to the real kernel. It stays in the namespace it was opened in, whatever thread uses it. */
public final class NetlinkSocket implements Transport {
    /** Protocol number of rtnetlink, {@code linux/netlink.h}. */
    public static final int NETLINK_ROUTE = 0;

    /** Protocol number of nfnetlink, {@code linux/netlink.h}. */
    public static final int NETLINK_NETFILTER = 12;

    // What a socket can send at once by default, net.core.wmem_default of 208 KiB, with room to spare.
    private static final int USUAL_SEND_BUFFER = 128 << 10;

    // The kernel has answered before a send returns: only an answer that got lost is ever waited for.
    private static final int RECEIVE_TIMEOUT_SECONDS = 10;

    private final int protocol;
    private final int portId;
    private int fd;
    private int reserved = USUAL_SEND_BUFFER;

    private NetlinkSocket(int protocol, int fd, int portId) {
        this.protocol = protocol;
        this.fd = fd;
        this.portId = portId;
    }

    /**
     * Opens a socket.
     *
     * @param protocol a protocol number of {@code linux/netlink.h}
     * @param netNs the namespace to open it in, null for the calling thread's own
     */
    public static NetlinkSocket open(int protocol, @Nullable NetNs netNs) throws NetlinkException {
        int target = netNs == null ? -1 : netNs.fd();
        String operation = netNs == null ? "open netlink socket" : "open netlink socket in " + netNs;
        int fd = NetNs.check(operation, Native.netlinkOpen(protocol, target, RECEIVE_TIMEOUT_SECONDS));
        return new NetlinkSocket(protocol, fd, Native.netlinkPort(fd));
    }

    int fd() {
        return fd;
    }

    /**
     * Sets the sizes of the socket's buffers, past the system's limit (net.core.wmem_max, rmem_max) where that is allowed.
     *
     * @param send in bytes, bounds the size of one batch; 0 leaves it as it is
     * @param receive in bytes, bounds the answers that wait; 0 leaves it as it is
     */
    public void setBuffers(int send, int receive) throws NetlinkException {
        NetNs.check("set netlink socket buffers", Native.setBuffers(fd, send, receive));
    }

    @Override
    public void reserve(int bytes) throws NetlinkException {
        if (bytes > reserved) {
            setBuffers(bytes + (bytes >> 1), 0);
            reserved = bytes;
        }
    }

    @Override
    public void send(ByteBuffer messages) throws NetlinkException {
        int offset = messages.arrayOffset() + messages.position();
        NetlinkTrace.sent(protocol, messages.array(), offset, messages.remaining());
        NetNs.check("send to netlink", Native.send(fd, messages.array(), offset, messages.remaining()));
        messages.position(messages.limit());
    }

    @Override
    public int receive(ByteBuffer into) throws NetlinkException {
        int offset = into.arrayOffset() + into.position();
        int length = NetNs.check("receive from netlink", Native.receive(fd, into.array(), offset, into.remaining()));
        NetlinkTrace.received(protocol, into.array(), offset, Math.min(length, into.remaining()));
        into.position(into.position() + Math.min(length, into.remaining()));
        return length;
    }

    @Override
    public int portId() {
        return portId;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Native.close(fd);
            fd = -1;
        }
    }
}
