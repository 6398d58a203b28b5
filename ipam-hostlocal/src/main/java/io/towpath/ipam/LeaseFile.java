package io.towpath.ipam;

import io.towpath.net.IpAddress;

/**
 * What stands on disk under the name of an address.
 *
 * @param attachment whose the lease is; both names empty unless the state says that they are known
 * @param inode the file's number; with the time of modification it tells the file from a later one of the same name
 * @param modified nanoseconds since the epoch
 */
public record LeaseFile(IpAddress address, State state, Attachment attachment, long inode, long modified) {
    static final Attachment NOBODY = new Attachment("", "");

    /** How much of a lease it is. */
    public enum State {
        /** Container ID and interface name are known. */
        LEASED,
        /** Only the container ID is known: the format of long ago. */
        OLD_FORMAT,
        /** Empty or garbage: its writer died or the disk was full. Nobody's, and removed with the next look at all. */
        TORN,
        /** The disk does not give its content, now at least. The address counts as taken. */
        UNREADABLE,
        /** No regular file. The address counts as taken and is left alone. */
        STRANGE
    }

    /** Whether it is known whose it is. */
    public boolean isLease() {
        return state == State.LEASED || state == State.OLD_FORMAT;
    }

    Lease lease() {
        return new Lease(address, attachment, modified / 1_000_000);
    }

    boolean isSameFileAs(LeaseFile other) {
        return address.equals(other.address) && inode == other.inode && modified == other.modified;
    }
}
