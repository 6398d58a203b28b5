package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a forwarding database: where frames for a hardware address go.
 *
 * @param linkIndex the link whose table it is in
 * @param mac the destination of the frames; all zero for those that match no other entry
 * @param remote the tunnel's other end, null if the table is not a tunnel's
 * @param state NUD_* of {@link Neighbour}
 * @param flags NTF_* of {@link Neighbour}
 */
public record FdbEntry(
        int linkIndex, MacAddress mac, @Nullable IpAddress remote, int state, int flags) {
    /** An entry of a tunnel's own table that stays until it is removed. */
    public static FdbEntry permanent(int linkIndex, MacAddress mac, IpAddress remote) {
        return new FdbEntry(linkIndex, mac, remote, Neighbour.NUD_PERMANENT, Neighbour.NTF_SELF);
    }

    public boolean isPermanent() {
        return (state & Neighbour.NUD_PERMANENT) != 0;
    }

    /** One line, such as {@code "02:00:00:00:00:02 dst 192.168.0.2 dev 7 permanent self"}. */
    @Override
    public String toString() {
        return mac + (remote == null ? "" : " dst " + remote) + " dev " + linkIndex + " " + Neighbour.stateName(state)
                + ((flags & Neighbour.NTF_SELF) != 0 ? " self" : "");
    }
}
