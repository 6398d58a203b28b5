package io.towpath.netlink;

import java.nio.ByteBuffer;

/** A way to a kernel: a {@link NetlinkSocket} to the real one, or a fake. Not for use by several threads at once. */
public interface Transport extends AutoCloseable {
    /** Sends the remaining bytes, one or more whole messages, as one datagram. */
    void send(ByteBuffer messages) throws NetlinkException;

    /** Makes sure that a datagram of so many bytes can be sent. */
    default void reserve(int bytes) throws NetlinkException {}

    /**
     * Waits for the next datagram and puts it at the buffer's position, which is advanced by what fitted.
     *
     * @return the datagram's length; if it is more than remained in the buffer, the rest is lost
     */
    int receive(ByteBuffer into) throws NetlinkException;

    /** The port id that answers carry, any 32 bits. */
    int portId();

    @Override
    void close();
}
