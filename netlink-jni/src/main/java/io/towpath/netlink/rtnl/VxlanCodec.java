package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.IfLink.*;

import io.towpath.net.IpAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** IFLA_INFO_DATA of a VXLAN device. */
public final class VxlanCodec {
    private VxlanCodec() {}

    /** Writes what differs from the kernel's defaults. */
    public static void write(MessageWriter out, Vxlan vxlan) {
        out.u32(IFLA_VXLAN_ID, vxlan.id()).u8(IFLA_VXLAN_LEARNING, bit(vxlan.learning()));
        if (vxlan.linkIndex() != 0) {
            out.u32(IFLA_VXLAN_LINK, vxlan.linkIndex());
        }
        writeAddress(out, vxlan.local(), IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6);
        writeAddress(out, vxlan.group(), IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6);
        if (vxlan.port() != 0) {
            out.be16(IFLA_VXLAN_PORT, vxlan.port());
        }
        if (vxlan.ttl() != 0) {
            out.u8(IFLA_VXLAN_TTL, vxlan.ttl());
        }
        if (vxlan.tos() != 0) {
            out.u8(IFLA_VXLAN_TOS, vxlan.tos());
        }
        if (vxlan.ageing() != Vxlan.AGEING_DEFAULT) {
            out.u32(IFLA_VXLAN_AGEING, vxlan.ageing());
        }
        if (vxlan.limit() != 0) {
            out.u32(IFLA_VXLAN_LIMIT, vxlan.limit());
        }
        if (vxlan.lowPort() != 0 || vxlan.highPort() != 0) {
            int low = vxlan.lowPort();
            int high = vxlan.highPort();
            out.bytes(
                    IFLA_VXLAN_PORT_RANGE,
                    new byte[] {(byte) (low >>> 8), (byte) low, (byte) (high >>> 8), (byte) high});
        }
        writeSwitches(out, vxlan);
    }

    /** Each switch only where it differs from the kernel's default: an older kernel need not know what is not used. */
    private static void writeSwitches(MessageWriter out, Vxlan vxlan) {
        if (vxlan.proxy()) {
            out.u8(IFLA_VXLAN_PROXY, 1);
        }
        if (vxlan.rsc()) {
            out.u8(IFLA_VXLAN_RSC, 1);
        }
        if (vxlan.l2miss()) {
            out.u8(IFLA_VXLAN_L2MISS, 1);
        }
        if (vxlan.l3miss()) {
            out.u8(IFLA_VXLAN_L3MISS, 1);
        }
        if (vxlan.gbp()) {
            out.flag(IFLA_VXLAN_GBP);
        }
        if (vxlan.collectMetadata()) {
            out.u8(IFLA_VXLAN_COLLECT_METADATA, 1);
        }
        if (!vxlan.udpChecksum()) {
            out.u8(IFLA_VXLAN_UDP_CSUM, 0);
        }
        if (vxlan.udpZeroChecksum6Tx()) {
            out.u8(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 1);
        }
        if (vxlan.udpZeroChecksum6Rx()) {
            out.u8(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
        }
    }

    private static void writeAddress(MessageWriter out, @Nullable IpAddress address, int ipv4, int ipv6) {
        if (address != null) {
            out.address(address.ipv6() ? ipv6 : ipv4, address);
        }
    }

    private static int bit(boolean value) {
        return value ? 1 : 0;
    }

    /** Reads what there is; the rest is the kernel's default, but for learning, which is off. */
    public static Vxlan read(AttributeReader in) throws NetlinkException {
        Vxlan.Builder vxlan = Vxlan.builder(0);
        boolean zeroTx = false;
        boolean zeroRx = false;
        while (in.next()) {
            switch (in.type()) {
                case IFLA_VXLAN_ID -> vxlan.id(in.u32());
                case IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6 -> vxlan.group(specified(in.address()));
                case IFLA_VXLAN_LINK -> vxlan.linkIndex(in.u32());
                case IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6 -> vxlan.local(specified(in.address()));
                case IFLA_VXLAN_TTL -> vxlan.ttl(in.u8());
                case IFLA_VXLAN_TOS -> vxlan.tos(in.u8());
                case IFLA_VXLAN_LEARNING -> vxlan.learning(in.u8() != 0);
                case IFLA_VXLAN_AGEING -> vxlan.ageing(in.u32());
                case IFLA_VXLAN_LIMIT -> vxlan.limit(in.u32());
                case IFLA_VXLAN_PORT_RANGE -> readPortRange(in, vxlan);
                case IFLA_VXLAN_PROXY -> vxlan.proxy(in.u8() != 0);
                case IFLA_VXLAN_RSC -> vxlan.rsc(in.u8() != 0);
                case IFLA_VXLAN_L2MISS -> vxlan.l2miss(in.u8() != 0);
                case IFLA_VXLAN_L3MISS -> vxlan.l3miss(in.u8() != 0);
                case IFLA_VXLAN_PORT -> vxlan.port(in.be16());
                case IFLA_VXLAN_UDP_CSUM -> vxlan.udpChecksum(in.u8() != 0);
                case IFLA_VXLAN_UDP_ZERO_CSUM6_TX -> zeroTx = in.u8() != 0;
                case IFLA_VXLAN_UDP_ZERO_CSUM6_RX -> zeroRx = in.u8() != 0;
                case IFLA_VXLAN_GBP -> vxlan.gbp(true);
                case IFLA_VXLAN_COLLECT_METADATA -> vxlan.collectMetadata(in.u8() != 0);
                default -> {}
            }
        }
        return vxlan.udpZeroChecksum6(zeroTx, zeroRx).build();
    }

    private static void readPortRange(AttributeReader in, Vxlan.Builder vxlan) throws NetlinkException {
        ByteBuffer range = in.slice();
        if (range.remaining() < 4) {
            throw AttributeReader.malformed("a port range of " + range.remaining() + " bytes");
        }
        range.order(ByteOrder.BIG_ENDIAN);
        vxlan.sourcePorts(Short.toUnsignedInt(range.getShort(0)), Short.toUnsignedInt(range.getShort(2)));
    }

    private static @Nullable IpAddress specified(IpAddress address) {
        return address.high() == 0 && address.low() == 0 ? null : address;
    }
}
