package io.towpath.netlink.fake;

import static io.towpath.netlink.rtnl.IfLink.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.net.MacAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.netlink.rtnl.VxlanCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads requests on links, and writes links as the kernel shows them: the other direction of the real codec. */
final class FakeLinkCodec {
    private static final int HEADER_LENGTH = 16;

    private FakeLinkCodec() {}

    /** The attributes of one end that all kinds have. */
    private static final class End {
        private String name = "";
        private @Nullable MacAddress mac;
        private int mtu;
        private int netNs = -1;
        private String kind = "";
        private @Nullable AttributeReader data;

        private End(AttributeReader in) throws NetlinkException {
            while (in.next()) {
                switch (in.type()) {
                    case IFLA_IFNAME -> name = in.string();
                    case IFLA_ADDRESS -> mac = in.mac();
                    case IFLA_MTU -> mtu = in.u32();
                    case IFLA_NET_NS_FD -> netNs = in.u32();
                    case IFLA_LINKINFO -> kind(in.nested());
                    default -> {}
                }
            }
        }

        private void kind(AttributeReader in) throws NetlinkException {
            while (in.next()) {
                switch (in.type()) {
                    case IFLA_INFO_KIND -> kind = in.string();
                    case IFLA_INFO_DATA -> data = in.nested();
                    default -> {}
                }
            }
        }
    }

    static LinkSpec readSpec(ByteBuffer payload) throws NetlinkException, FakeRefusal {
        End end = new End(new AttributeReader(payload, HEADER_LENGTH));
        AttributeReader data = end.data;
        return switch (end.kind) {
            case "veth" -> {
                if (data == null || !data.next()) {
                    throw new FakeRefusal(Errno.EINVAL);
                }
                End peer = new End(data.nested(HEADER_LENGTH));
                yield new LinkSpec.VethPair(end.name, end.mac, end.mtu, peer.name, peer.mac, peer.netNs);
            }
            case "vxlan" -> {
                if (data == null) {
                    throw new FakeRefusal(Errno.EINVAL, "VXLAN attributes are required to perform the operation");
                }
                yield new LinkSpec.VxlanDevice(end.name, end.mac, end.mtu, VxlanCodec.read(data));
            }
            default -> new LinkSpec.Plain(end.name, end.mac, end.mtu, end.kind);
        };
    }

    /** Reads RTM_SETLINK, and of RTM_GETLINK and RTM_DELLINK which link they are about. */
    static LinkChange readChange(ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int index = payload.getInt(4);
        int flags = payload.getInt(8);
        int mask = payload.getInt(12);
        LinkChange change = LinkChange.of(index);
        while (in.next()) {
            change = switch (in.type()) {
                case IFLA_IFNAME -> index == 0 ? LinkChange.of(in.string()) : change.withNewName(in.string());
                case IFLA_ADDRESS -> change.withMac(MacAddress.of(in.bytes()));
                case IFLA_MTU -> change.withMtu(in.u32());
                case IFLA_MASTER -> change.withMaster(in.u32());
                case IFLA_IFALIAS -> change.withAlias(in.string());
                case IFLA_AF_SPEC -> readFamilies(change, in.nested());
                default -> change;
            };
        }
        return (mask & Link.IFF_UP) == 0 ? change : change.withUp((flags & Link.IFF_UP) != 0);
    }

    private static LinkChange readFamilies(LinkChange change, AttributeReader in) throws NetlinkException {
        LinkChange result = change;
        while (in.next()) {
            AttributeReader family = in.nested();
            while (family.next()) {
                if (in.type() == AF_INET6 && family.type() == IFLA_INET6_ADDR_GEN_MODE) {
                    result = result.withAddrGenMode(family.u8());
                } else if (in.type() == AF_INET && family.type() == IFLA_INET_CONF) {
                    result = readDevconf(result, family.nested());
                }
            }
        }
        return result;
    }

    private static LinkChange readDevconf(LinkChange change, AttributeReader in) throws NetlinkException {
        LinkChange result = change;
        while (in.next()) {
            for (Ipv4Devconf setting : Ipv4Devconf.values()) {
                if (setting.number() == in.type()) {
                    result = result.with(setting, in.u32());
                }
            }
        }
        return result;
    }

    /** Writes RTM_NEWLINK without its netlink header. */
    static void write(MessageWriter out, Link link) {
        out.u8(AF_UNSPEC).u8(0).u16(1).u32(link.index()).u32(link.flags()).u32(0);
        out.string(IFLA_IFNAME, link.name())
                .u8(IFLA_OPERSTATE, link.operState())
                .u32(IFLA_MTU, link.mtu())
                .u32(IFLA_NUM_TX_QUEUES, link.txQueues())
                .u32(IFLA_NUM_RX_QUEUES, link.rxQueues());
        if (link.mac() != null) {
            out.mac(IFLA_ADDRESS, link.mac());
        }
        if (link.alias() != null) {
            out.bytes(IFLA_IFALIAS, link.alias().getBytes(StandardCharsets.UTF_8));
        }
        if (link.parentIndex() != 0) {
            out.u32(IFLA_LINK, link.parentIndex());
        }
        if (link.peerNsid() >= 0) {
            out.u32(IFLA_LINK_NETNSID, link.peerNsid());
        }
        if (link.masterIndex() != 0) {
            out.u32(IFLA_MASTER, link.masterIndex());
        }
        writeKind(out, link.kind());
        int families = out.beginNest(IFLA_AF_SPEC);
        int ipv4 = out.beginNest(AF_INET);
        out.bytes(IFLA_INET_CONF, devconf(link)).endNest(ipv4);
        int ipv6 = out.beginNest(AF_INET6);
        out.u8(IFLA_INET6_ADDR_GEN_MODE, link.addrGenMode()).endNest(ipv6);
        out.endNest(families);
    }

    private static void writeKind(MessageWriter out, LinkKind kind) {
        if (kind.name().isEmpty()) {
            return;
        }
        int info = out.beginNest(IFLA_LINKINFO);
        out.string(IFLA_INFO_KIND, kind.name());
        if (kind instanceof LinkKind.VxlanTunnel(Vxlan attributes)) {
            int data = out.beginNest(IFLA_INFO_DATA);
            VxlanCodec.write(out, attributes);
            out.endNest(data);
        }
        out.endNest(info);
    }

    private static byte[] devconf(Link link) {
        ByteBuffer values = ByteBuffer.allocate(4 * Ipv4Devconf.values().length).order(ByteOrder.nativeOrder());
        link.ipv4().forEach((setting, value) -> values.putInt(4 * (setting.number() - 1), value));
        return values.array();
    }
}
