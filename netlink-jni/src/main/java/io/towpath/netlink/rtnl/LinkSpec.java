package io.towpath.netlink.rtnl;

import io.towpath.net.MacAddress;
import io.towpath.netlink.NetNs;
import org.jspecify.annotations.Nullable;

/** A link to create. */
public sealed interface LinkSpec {
    /** The name of the link in the namespace of the request. */
    String name();

    /**
     * A virtual Ethernet pair, both ends with one transmit and one receive queue.
     *
     * @param name the name of this end
     * @param mac the hardware address of this end, null for a random one
     * @param mtu of both ends in bytes, 0 for the default
     * @param peerName the name of the other end
     * @param peerMac the hardware address of the other end, null for a random one
     * @param peerNetNs the descriptor of the network namespace in which the other end comes into being, -1 for the same one
     */
    record VethPair(
            String name,
            @Nullable MacAddress mac,
            int mtu,
            String peerName,
            @Nullable MacAddress peerMac,
            int peerNetNs)
            implements LinkSpec {
        @Override
        public String toString() {
            return name + " type veth peer " + peerName;
        }
    }

    /**
     * A VXLAN tunnel end point.
     *
     * @param mac its hardware address, null for a random one
     * @param mtu in bytes, 0 for the default
     */
    record VxlanDevice(String name, @Nullable MacAddress mac, int mtu, Vxlan attributes) implements LinkSpec {
        @Override
        public String toString() {
            return name + " type vxlan id " + attributes.id();
        }
    }

    /**
     * A device of a kind that needs no attributes of its own, such as bridge or ifb.
     *
     * @param mac its hardware address, null for a random one
     * @param mtu in bytes, 0 for the default
     */
    record Plain(String name, @Nullable MacAddress mac, int mtu, String kind) implements LinkSpec {
        @Override
        public String toString() {
            return name + " type " + kind;
        }
    }

    /** A {@link VethPair}. */
    static LinkSpec veth(
            String name,
            @Nullable MacAddress mac,
            int mtu,
            String peerName,
            @Nullable MacAddress peerMac,
            NetNs peerNetNs) {
        return new VethPair(name, mac, mtu, peerName, peerMac, peerNetNs.fd());
    }

    /** A device that gives what is redirected to it back to where it came from, after its queueing discipline. */
    static LinkSpec ifb(String name, int mtu) {
        return new Plain(name, null, mtu, "ifb");
    }

    /** A {@link VxlanDevice}. */
    static LinkSpec vxlan(String name, @Nullable MacAddress mac, int mtu, Vxlan attributes) {
        return new VxlanDevice(name, mac, mtu, attributes);
    }
}
