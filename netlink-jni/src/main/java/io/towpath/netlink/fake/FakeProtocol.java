package io.towpath.netlink.fake;

import io.towpath.netlink.NetlinkException;
import java.nio.ByteBuffer;

/** Makes of a message what is to be done. */
interface FakeProtocol {
    /** Whether a message of a type only asks. */
    boolean isGet(int type);

    FakeOperation understand(int type, int flags, boolean isDump, ByteBuffer payload)
            throws NetlinkException, FakeRefusal;

    /** Takes a message that is no request but begins or ends a transaction; false if it is none. */
    default boolean control(int type, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        return false;
    }

    /** A request was not granted. */
    default void refused() {}
}
