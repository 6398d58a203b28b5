package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a VXLAN device, IFLA_VXLAN_* of {@code linux/if_link.h}.
 *
 * @param id the VXLAN network identifier, 0..2^24-1
 * @param linkIndex the device that tunnel packets leave by, 0 for whichever the route says
 * @param local the source address of tunnel packets, null for whichever the route says
 * @param group the multicast group or the default destination, null for none
 * @param port the UDP destination port, 0 for the kernel's default of 8472 at creation
 * @param learning whether forwarding entries are learnt from packets
 * @param proxy whether ARP requests are answered from the neighbour table
 * @param rsc whether route short circuit is on
 * @param l2miss whether misses of the forwarding table are notified
 * @param l3miss whether misses of the neighbour table are notified
 * @param gbp whether the group based policy extension is on
 * @param collectMetadata whether tunnel attributes come from routes or programs instead ("external")
 * @param ttl the hop limit of tunnel packets, 0 for the default
 * @param tos the DSCP and ECN byte, 1 to inherit it
 * @param ageing the life of learnt entries in seconds, 0 for ever
 * @param limit the most forwarding entries, 0 for no limit
 * @param lowPort the first UDP source port, 0 with highPort 0 at creation for the host's range
 * @param highPort the last UDP source port
 * @param udpChecksum whether tunnel packets over IPv4 carry a UDP checksum
 * @param udpZeroChecksum6Tx whether tunnel packets over IPv6 go without a UDP checksum
 * @param udpZeroChecksum6Rx whether those without one are accepted over IPv6
 */
public record Vxlan(
        int id,
        int linkIndex,
        @Nullable IpAddress local,
        @Nullable IpAddress group,
        int port,
        boolean learning,
        boolean proxy,
        boolean rsc,
        boolean l2miss,
        boolean l3miss,
        boolean gbp,
        boolean collectMetadata,
        int ttl,
        int tos,
        int ageing,
        int limit,
        int lowPort,
        int highPort,
        boolean udpChecksum,
        boolean udpZeroChecksum6Tx,
        boolean udpZeroChecksum6Rx) {

    /** The kernel's life of learnt forwarding entries, FDB_AGE_DEFAULT, in seconds. */
    public static final int AGEING_DEFAULT = 300;

    /**
     * What the kernel makes of an id and nothing else, but for learning, which is off: an overlay whose peers are known.
     *
     * @param id the VXLAN network identifier
     */
    public static Vxlan of(int id) {
        return new Builder(id).build();
    }

    /** A builder that starts with {@link #of}. */
    public static Builder builder(int id) {
        return new Builder(id);
    }

    /** Puts a {@link Vxlan} together; starts with the kernel's defaults, but without learning. */
    public static final class Builder {
        private int id;
        private int linkIndex;
        private @Nullable IpAddress local;
        private @Nullable IpAddress group;
        private int port;
        private boolean learning;
        private boolean proxy;
        private boolean rsc;
        private boolean l2miss;
        private boolean l3miss;
        private boolean gbp;
        private boolean collectMetadata;
        private int ttl;
        private int tos;
        private int ageing = AGEING_DEFAULT;
        private int limit;
        private int lowPort;
        private int highPort;
        private boolean udpChecksum = true;
        private boolean udpZeroChecksum6Tx;
        private boolean udpZeroChecksum6Rx;

        private Builder(int id) {
            this.id = id;
        }

        Builder id(int value) {
            id = value;
            return this;
        }

        public Builder linkIndex(int value) {
            linkIndex = value;
            return this;
        }

        public Builder local(@Nullable IpAddress value) {
            local = value;
            return this;
        }

        public Builder group(@Nullable IpAddress value) {
            group = value;
            return this;
        }

        public Builder port(int value) {
            port = value;
            return this;
        }

        public Builder learning(boolean value) {
            learning = value;
            return this;
        }

        public Builder proxy(boolean value) {
            proxy = value;
            return this;
        }

        public Builder rsc(boolean value) {
            rsc = value;
            return this;
        }

        public Builder l2miss(boolean value) {
            l2miss = value;
            return this;
        }

        public Builder l3miss(boolean value) {
            l3miss = value;
            return this;
        }

        public Builder gbp(boolean value) {
            gbp = value;
            return this;
        }

        public Builder collectMetadata(boolean value) {
            collectMetadata = value;
            return this;
        }

        public Builder ttl(int value) {
            ttl = value;
            return this;
        }

        public Builder tos(int value) {
            tos = value;
            return this;
        }

        public Builder ageing(int value) {
            ageing = value;
            return this;
        }

        public Builder limit(int value) {
            limit = value;
            return this;
        }

        public Builder sourcePorts(int low, int high) {
            lowPort = low;
            highPort = high;
            return this;
        }

        public Builder udpChecksum(boolean value) {
            udpChecksum = value;
            return this;
        }

        public Builder udpZeroChecksum6(boolean transmit, boolean receive) {
            udpZeroChecksum6Tx = transmit;
            udpZeroChecksum6Rx = receive;
            return this;
        }

        public Vxlan build() {
            return new Vxlan(
                    id,
                    linkIndex,
                    local,
                    group,
                    port,
                    learning,
                    proxy,
                    rsc,
                    l2miss,
                    l3miss,
                    gbp,
                    collectMetadata,
                    ttl,
                    tos,
                    ageing,
                    limit,
                    lowPort,
                    highPort,
                    udpChecksum,
                    udpZeroChecksum6Tx,
                    udpZeroChecksum6Rx);
        }
    }
}
