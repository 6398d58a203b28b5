package io.towpath.netlink;

import io.towpath.linux.Errno;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** A kernel that answers what a test says, whatever it is asked. */
final class ScriptedTransport implements Transport {
    private final Queue<byte[]> datagrams = new ArrayDeque<>();
    private final List<byte[]> sent = new ArrayList<>();

    ScriptedTransport answer(byte[] datagram) {
        datagrams.add(datagram);
        return this;
    }

    /** The datagrams sent so far. */
    List<byte[]> sent() {
        return sent;
    }

    @Override
    public void send(ByteBuffer messages) {
        byte[] copy = new byte[messages.remaining()];
        messages.get(copy);
        sent.add(copy);
    }

    @Override
    public int receive(ByteBuffer into) throws NetlinkException {
        byte[] datagram = datagrams.poll();
        if (datagram == null) {
            throw new NetlinkException("receive from netlink", Errno.EAGAIN);
        }
        into.put(datagram, 0, Math.min(datagram.length, into.remaining()));
        return datagram.length;
    }

    @Override
    public int portId() {
        return Recorded.PORT_ID;
    }

    @Override
    public void close() {
        datagrams.clear();
    }
}
