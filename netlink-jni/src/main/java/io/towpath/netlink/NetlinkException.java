package io.towpath.netlink;

import io.towpath.linux.LinuxException;
import org.jspecify.annotations.Nullable;

/** A request that the kernel refused, or an answer that cannot be understood (EBADMSG). */
public class NetlinkException extends LinuxException {
    private static final long serialVersionUID = 1L;

    private final int index;

    /** As {@link LinuxException}, of a request that is not one of a batch. */
    public NetlinkException(String operation, int errno) {
        this(operation, errno, null, 0);
    }

    /**
     * @param operation what was attempted, with its object
     * @param errno the error number, positive
     * @param explanation the kernel's own words (NLMSGERR_ATTR_MSG), null if it gave none
     * @param index which request of the batch failed, from 0
     */
    public NetlinkException(String operation, int errno, @Nullable String explanation, int index) {
        super(operation, errno, explanation);
        this.index = index;
    }

    /** Which request of the batch failed, from 0; 0 if it was not in a batch. */
    public int index() {
        return index;
    }
}
