package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.NeighbourTable.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Requests on neighbours and forwarding entries, and RTM_NEWNEIGH, which both are. */
public final class NeighbourCodec {
    /** Length of struct ndmsg. */
    static final int HEADER_LENGTH = 12;

    private NeighbourCodec() {}

    static void write(Requests requests, int type, int flags, String verb, Neighbour neighbour) {
        MessageWriter out = requests.add(type, flags, verb, neighbour);
        writeBody(out, neighbour);
        out.end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Neighbour neighbour) {
        int family = AddressCodec.family(neighbour.address());
        header(out, family, neighbour.linkIndex(), neighbour.state(), neighbour.flags())
                .address(NDA_DST, neighbour.address());
        if (neighbour.mac() != null) {
            out.mac(NDA_LLADDR, neighbour.mac());
        }
    }

    static void write(Requests requests, int type, int flags, String verb, FdbEntry entry) {
        MessageWriter out = requests.add(type, flags, verb, entry);
        writeBody(out, entry);
        out.end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, FdbEntry entry) {
        header(out, AF_BRIDGE, entry.linkIndex(), entry.state(), entry.flags()).mac(NDA_LLADDR, entry.mac());
        if (entry.remote() != null) {
            out.address(NDA_DST, entry.remote());
        }
        FdbEntry.Way way = entry.way();
        if (way.port() != 0) {
            out.be16(NDA_PORT, way.port());
        }
        if (way.vni() != FdbEntry.Way.VNI_OF_TUNNEL) {
            out.u32(NDA_VNI, way.vni());
        }
        if (way.linkIndex() != 0) {
            out.u32(NDA_IFINDEX, way.linkIndex());
        }
        if (way.nexthop() != 0) {
            out.u32(NDA_NH_ID, way.nexthop());
        }
    }

    static void list(Requests requests, int linkIndex) {
        MessageWriter out = requests.add(RTM_GETNEIGH, Nl.NLM_F_DUMP, "neighbour list", AddressCodec.on(linkIndex));
        header(out, AF_UNSPEC, 0, 0, 0).u32(NDA_IFINDEX, linkIndex).end();
    }

    static void listFdb(Requests requests, int linkIndex) {
        MessageWriter out = requests.add(RTM_GETNEIGH, Nl.NLM_F_DUMP, "fdb list", AddressCodec.on(linkIndex));
        header(out, AF_BRIDGE, linkIndex, 0, 0).end();
    }

    static void proxyDelay(Requests requests, int linkIndex, long milliseconds) {
        String subject = "dev " + linkIndex + " proxy_delay " + milliseconds;
        MessageWriter out = requests.add(RTM_SETNEIGHTBL, 0, "neighbour table set", subject);
        // struct ndtmsg
        out.u8(AF_INET).u8(0).u16(0).string(NDTA_NAME, "arp_cache");
        int parameters = out.beginNest(NDTA_PARMS);
        out.u32(NDTPA_IFINDEX, linkIndex).u64(NDTPA_PROXY_DELAY, milliseconds).endNest(parameters);
        out.end();
    }

    /** struct ndmsg. */
    private static MessageWriter header(MessageWriter out, int family, int linkIndex, int state, int flags) {
        return out.u8(family).u8(0).u16(0).u32(linkIndex).u16(state).u8(flags).u8(0);
    }

    /** The neighbour, null if the message is of another type or family. */
    public static @Nullable Neighbour read(int type, ByteBuffer payload) throws NetlinkException {
        Body body = Body.read(type, payload);
        if (body == null || (body.family != AF_INET && body.family != AF_INET6) || body.address == null) {
            return null;
        }
        return new Neighbour(body.linkIndex, body.address, body.mac, body.state, body.flags);
    }

    /** The forwarding entry, null if the message is of another type or family. */
    public static @Nullable FdbEntry readFdb(int type, ByteBuffer payload) throws NetlinkException {
        Body body = Body.read(type, payload);
        if (body == null || body.family != AF_BRIDGE || body.mac == null) {
            return null;
        }
        return new FdbEntry(body.linkIndex, body.mac, body.address, body.state, body.flags, body.way);
    }

    private record Body(
            int family,
            int linkIndex,
            int state,
            int flags,
            @Nullable IpAddress address,
            @Nullable MacAddress mac,
            FdbEntry.Way way) {

        private static @Nullable Body read(int type, ByteBuffer payload) throws NetlinkException {
            if (type != RTM_NEWNEIGH) {
                return null;
            }
            AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
            IpAddress address = null;
            MacAddress mac = null;
            int port = 0;
            int vni = FdbEntry.Way.VNI_OF_TUNNEL;
            int link = 0;
            int nexthop = 0;
            while (in.next()) {
                switch (in.type()) {
                    case NDA_DST -> address = in.address();
                    case NDA_LLADDR -> mac = in.mac();
                    case NDA_PORT -> port = in.be16();
                    case NDA_VNI -> vni = in.u32();
                    case NDA_IFINDEX -> link = in.u32();
                    case NDA_NH_ID -> nexthop = in.u32();
                    default -> {}
                }
            }
            int at = payload.position();
            return new Body(
                    payload.get(at) & 0xff,
                    payload.getInt(at + 4),
                    Short.toUnsignedInt(payload.getShort(at + 8)),
                    payload.get(at + 10) & 0xff,
                    address,
                    mac,
                    new FdbEntry.Way(port, vni, link, nexthop));
        }
    }
}
