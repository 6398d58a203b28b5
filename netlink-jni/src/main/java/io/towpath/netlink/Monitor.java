package io.towpath.netlink;

import io.towpath.linux.Errno;
import io.towpath.linux.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Waits for what the kernel tells of its own accord. One thread waits and closes; {@link #wake} is for all others, and
 * {@link #awaitAny} for one more.
 */
public final class Monitor implements AutoCloseable {
    // A storm of some ten thousand changes, where the system allows it; what does not fit is told as lost.
    private static final int RECEIVE_BUFFER = 4 << 20;
    private static final int DATAGRAM = 64 << 10;

    private final List<Subscription> subscriptions = new ArrayList<>();
    private final ByteBuffer datagram = ByteBuffer.allocate(DATAGRAM).order(ByteOrder.nativeOrder());
    private final Object lock = new Object();
    private int event;

    private record Subscription(NetlinkSocket socket, Listener listener) {}

    /** Takes what the kernel tells. */
    public interface Listener {
        /**
         * A message of the kernel's.
         *
         * @param port of the socket by which it was caused, 0 for the kernel's own
         * @param payload without the netlink header, valid during the call only
         */
        void message(int type, int port, ByteBuffer payload) throws NetlinkException;

        /** Messages did not fit or could not be read: anything may have changed. */
        void lost();
    }

    /** A monitor of nothing yet, which can be woken. */
    public Monitor() throws NetlinkException {
        event = NetNs.check("open event descriptor", Native.eventOpen());
    }

    /**
     * Subscribes to groups of a protocol.
     *
     * @param protocol a protocol number of {@code linux/netlink.h}
     * @param netNs the namespace, null for the calling thread's own; it may be closed thereafter
     * @param groups group numbers of the protocol's header
     */
    public void subscribe(int protocol, @Nullable NetNs netNs, Listener listener, int... groups)
            throws NetlinkException {
        NetlinkSocket socket = NetlinkSocket.open(protocol, netNs);
        try {
            for (int group : groups) {
                NetNs.check("subscribe to netlink group " + group, Native.subscribe(socket.fd(), group));
            }
            subscribe(socket, listener);
        } catch (NetlinkException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Listens to a socket that the kernel was asked by to tell something.
     *
     * @param socket closed with the monitor, unless this throws
     */
    public void subscribe(NetlinkSocket socket, Listener listener) throws NetlinkException {
        socket.setBuffers(0, RECEIVE_BUFFER);
        NetNs.check("make netlink socket answer at once", Native.setNonBlocking(socket.fd()));
        subscriptions.add(new Subscription(socket, listener));
    }

    /**
     * Waits for messages, hands them to their listeners, and returns when there are no more at the moment.
     *
     * @param milliseconds how long to wait for the first at most; negative for ever
     * @return whether anything came or the monitor was woken; else the time was up
     */
    public boolean await(int milliseconds) throws NetlinkException {
        int ready = poll(milliseconds);
        for (int i = 0; i < subscriptions.size(); i++) {
            if ((ready & 1 << (i + 1)) != 0) {
                drain(subscriptions.get(i));
            }
        }
        return ready != 0;
    }

    /** Waits as {@link #await} does, and leaves the messages where they are: for a thread beside the one that takes them. */
    public boolean awaitAny(int milliseconds) throws NetlinkException {
        return poll(milliseconds) != 0;
    }

    /** Hands the messages that there are to their listeners, and returns when there are no more at the moment. Waits for none. */
    public void take() throws NetlinkException {
        for (Subscription subscription : subscriptions) {
            drain(subscription);
        }
    }

    /** What is ready, a bit each: the event descriptor, which is cleared, and the subscriptions in their order. */
    private int poll(int milliseconds) throws NetlinkException {
        int[] fds = new int[subscriptions.size() + 1];
        fds[0] = event;
        for (int i = 1; i < fds.length; i++) {
            fds[i] = subscriptions.get(i - 1).socket().fd();
        }
        int ready = NetNs.check("wait for netlink", Native.await(fds, milliseconds));
        if ((ready & 1) != 0) {
            NetNs.check("clear event descriptor", Native.eventClear(event));
        }
        return ready;
    }

    private void drain(Subscription subscription) throws NetlinkException {
        while (true) {
            datagram.clear();
            try {
                int length = subscription.socket().receive(datagram);
                datagram.flip();
                if (length > datagram.limit()) {
                    subscription.listener().lost();
                } else {
                    deliver(subscription.listener());
                }
            } catch (NetlinkException e) {
                if (e.is(Errno.EAGAIN)) {
                    return;
                }
                if (!e.is(Errno.ENOBUFS)) {
                    throw e;
                }
                subscription.listener().lost();
            }
        }
    }

    /** Hands on the messages of the datagram at hand. */
    private void deliver(Listener listener) {
        while (datagram.hasRemaining()) {
            int start = datagram.position();
            int remaining = datagram.remaining();
            int length = remaining < Nl.NLMSG_HDRLEN ? 0 : datagram.getInt(start);
            if (length < Nl.NLMSG_HDRLEN || length > remaining) {
                listener.lost();
                return;
            }
            int type = Short.toUnsignedInt(datagram.getShort(start + 4));
            int port = datagram.getInt(start + 12);
            ByteBuffer payload = datagram.slice(start + Nl.NLMSG_HDRLEN, length - Nl.NLMSG_HDRLEN)
                    .order(datagram.order());
            datagram.position(start + Math.min(Nl.align(length), remaining));
            try {
                listener.message(type, port, payload);
            } catch (NetlinkException e) {
                // Whatever it would have said is found by reading everything.
                listener.lost();
            }
        }
    }

    /** Makes {@link #await} return, at once or when it is next called; any thread may call it, also after the end. */
    public void wake() {
        synchronized (lock) {
            if (event >= 0) {
                Native.eventSet(event);
            }
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (event >= 0) {
                Native.close(event);
            }
            event = -1;
        }
        subscriptions.forEach(subscription -> subscription.socket().close());
        subscriptions.clear();
    }
}
