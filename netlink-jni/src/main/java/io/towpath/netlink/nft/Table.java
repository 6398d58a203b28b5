package io.towpath.netlink.nft;

/**
 * A table.
 *
 * @param dormant whether no packet is shown to its chains for now
 * @param comment empty for none, at most 128 bytes
 * @param handle the kernel's number for it, 0 if it did not come from the kernel
 */
public record Table(Family family, String name, boolean dormant, String comment, long handle) {
    /** A table for IPv4 and IPv6. */
    public static Table inet(String name) {
        return of(Family.INET, name);
    }

    public static Table of(Family family, String name) {
        return new Table(family, name, false, "", 0);
    }

    public Table withComment(String newComment) {
        return new Table(family, name, dormant, newComment, handle);
    }

    /** Whether both are the same table, whatever else is known of them. */
    public boolean isSame(Table other) {
        return family == other.family && name.equals(other.name);
    }

    @Override
    public String toString() {
        return family + " " + name;
    }
}
