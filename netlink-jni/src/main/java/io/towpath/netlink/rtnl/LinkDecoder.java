package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.IfLink.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.MacAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads RTM_NEWLINK. */
final class LinkDecoder {
    /** Length of struct ifinfomsg. */
    static final int HEADER_LENGTH = 16;

    private static final int INDEX_AT = 4;
    private static final int FLAGS_AT = 8;
    private static final int NO_NSID = -1;

    private final int index;
    private final int flags;
    private final Map<Ipv4Devconf, Integer> ipv4 = new EnumMap<>(Ipv4Devconf.class);
    private String name = "";
    private @Nullable MacAddress mac;
    private int mtu;
    private int operState;
    private int parentIndex;
    private int peerNsid = NO_NSID;
    private int masterIndex;
    private int txQueues;
    private int rxQueues;
    private int addrGenMode = -1;
    private @Nullable String alias;
    private LinkKind kind = new LinkKind.Other("");

    private LinkDecoder(ByteBuffer payload) {
        index = payload.getInt(payload.position() + INDEX_AT);
        flags = payload.getInt(payload.position() + FLAGS_AT);
    }

    /** The link, null if the message is of another type. */
    static @Nullable Link read(int type, ByteBuffer payload) throws NetlinkException {
        if (type != RTM_NEWLINK) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        LinkDecoder decoder = new LinkDecoder(payload);
        while (in.next()) {
            decoder.attribute(in);
        }
        return decoder.link();
    }

    private Link link() {
        return new Link(
                index,
                name,
                mac,
                mtu,
                flags,
                operState,
                parentIndex,
                peerNsid,
                masterIndex,
                txQueues,
                rxQueues,
                addrGenMode,
                alias,
                kind,
                ipv4);
    }

    private void attribute(AttributeReader in) throws NetlinkException {
        switch (in.type()) {
            case IFLA_IFNAME -> name = in.string();
            case IFLA_ADDRESS -> mac = in.mac();
            case IFLA_MTU -> mtu = in.u32();
            case IFLA_OPERSTATE -> operState = in.u8();
            case IFLA_LINK -> parentIndex = in.u32();
            case IFLA_LINK_NETNSID -> peerNsid = in.u32();
            case IFLA_MASTER -> masterIndex = in.u32();
            case IFLA_NUM_TX_QUEUES -> txQueues = in.u32();
            case IFLA_NUM_RX_QUEUES -> rxQueues = in.u32();
            case IFLA_IFALIAS -> alias = in.string();
            case IFLA_LINKINFO -> kind = kind(in.nested());
            case IFLA_AF_SPEC -> families(in.nested());
            default -> {}
        }
    }

    private static LinkKind kind(AttributeReader in) throws NetlinkException {
        String name = "";
        AttributeReader data = null;
        while (in.next()) {
            switch (in.type()) {
                case IFLA_INFO_KIND -> name = in.string();
                case IFLA_INFO_DATA -> data = in.nested();
                default -> {}
            }
        }
        return switch (name) {
            case "veth" -> new LinkKind.Veth();
            case "vxlan" -> data == null ? new LinkKind.Other(name) : new LinkKind.VxlanTunnel(VxlanCodec.read(data));
            default -> new LinkKind.Other(name);
        };
    }

    private void families(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            AttributeReader family = in.nested();
            switch (in.type()) {
                case AF_INET -> ipv4(family);
                case AF_INET6 -> ipv6(family);
                default -> {}
            }
        }
    }

    private void ipv4(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            if (in.type() == IFLA_INET_CONF) {
                // Towards the program it is an array of what are attributes in a request: number n is at n - 1.
                ByteBuffer values = in.slice();
                for (Ipv4Devconf setting : Ipv4Devconf.values()) {
                    int at = 4 * (setting.number() - 1);
                    if (at + 4 <= values.limit()) {
                        ipv4.put(setting, values.getInt(at));
                    }
                }
            }
        }
    }

    private void ipv6(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            if (in.type() == IFLA_INET6_ADDR_GEN_MODE) {
                addrGenMode = in.u8();
            }
        }
    }
}
