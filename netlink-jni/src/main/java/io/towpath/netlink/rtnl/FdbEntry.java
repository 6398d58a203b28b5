package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a forwarding database: where frames for a hardware address go. A tunnel's entry with a nexthop has no remote.
 *
 * @param linkIndex the link whose table it is in
 * @param mac the destination of the frames; all zero for those that match no other entry
 * @param remote the tunnel's other end, null if the table is not a tunnel's
 * @param state NUD_* of {@link Neighbour}
 * @param flags NTF_* of {@link Neighbour}
 * @param way by what a tunnel's frames go there, if not as the tunnel says
 */
public record FdbEntry(
        int linkIndex, MacAddress mac, @Nullable IpAddress remote, int state, int flags, Way way) {

    /**
     * By what a tunnel's frames go to the other end.
     *
     * @param port the UDP port, 0 for the tunnel's
     * @param vni the VNI, {@link #VNI_OF_TUNNEL} for the tunnel's; 0 is one as well
     * @param linkIndex the link by which the packets leave, 0 for the tunnel's
     * @param nexthop the id of a nexthop object that tells the other ends, 0 for none
     */
    public record Way(int port, int vni, int linkIndex, int nexthop) {
        public static final int VNI_OF_TUNNEL = -1;

        /** As the tunnel says. */
        public static final Way OF_TUNNEL = new Way(0, VNI_OF_TUNNEL, 0, 0);

        @Override
        public String toString() {
            return (port == 0 ? "" : " port " + port)
                    + (vni == VNI_OF_TUNNEL ? "" : " vni " + vni)
                    + (linkIndex == 0 ? "" : " via " + linkIndex)
                    + (nexthop == 0 ? "" : " nhid " + Integer.toUnsignedString(nexthop));
        }
    }

    /** An entry of a tunnel's own table that stays until it is removed. */
    public static FdbEntry permanent(int linkIndex, MacAddress mac, IpAddress remote) {
        return new FdbEntry(linkIndex, mac, remote, Neighbour.NUD_PERMANENT, Neighbour.NTF_SELF, Way.OF_TUNNEL);
    }

    /**
     * All entries of a tunnel for a hardware address, to be deleted. A delete that tells the remote is acknowledged by the kernel and does
     * nothing where the entry has another one, another port, VNI or link, or a nexthop.
     */
    public static FdbEntry all(int linkIndex, MacAddress mac) {
        return new FdbEntry(linkIndex, mac, null, Neighbour.NUD_PERMANENT, Neighbour.NTF_SELF, Way.OF_TUNNEL);
    }

    /** The same by another way. */
    public FdbEntry withWay(Way value) {
        return new FdbEntry(linkIndex, mac, remote, state, flags, value);
    }

    public boolean isPermanent() {
        return (state & Neighbour.NUD_PERMANENT) != 0;
    }

    /** One line, such as {@code "02:00:00:00:00:02 dst 192.168.0.2 dev 7 permanent self"}. */
    @Override
    public String toString() {
        return mac + (remote == null ? "" : " dst " + remote) + way + " dev " + linkIndex + " "
                + Neighbour.stateName(state) + ((flags & Neighbour.NTF_SELF) != 0 ? " self" : "");
    }
}
