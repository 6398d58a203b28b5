package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Requests on routes and RTM_NEWROUTE. */
public final class RouteCodec {
    /** Length of struct rtmsg. */
    static final int HEADER_LENGTH = 12;

    private static final int MAX_TABLE_IN_HEADER = 255;

    private RouteCodec() {}

    static void write(Requests requests, int type, int flags, String verb, Route route) {
        MessageWriter out = requests.add(type, flags, verb, route);
        writeBody(out, route);
        out.end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Route route) {
        IpPrefix destination = route.destination();
        int family = AddressCodec.family(destination.address());
        header(out, family, destination.length(), route);
        if (destination.length() > 0) {
            out.address(RTA_DST, destination.address());
        }
        IpAddress gateway = route.gateway();
        if (gateway != null && gateway.ipv6() == route.ipv6()) {
            out.address(RTA_GATEWAY, gateway);
        } else if (gateway != null) {
            via(out, gateway);
        }
        if (route.linkIndex() != 0) {
            out.u32(RTA_OIF, route.linkIndex());
        }
        if (route.table() > MAX_TABLE_IN_HEADER || route.table() < 0) {
            out.u32(RTA_TABLE, route.table());
        }
        if (route.priority() != 0) {
            out.u32(RTA_PRIORITY, route.priority());
        }
        if (route.source() != null) {
            out.address(RTA_PREFSRC, route.source());
        }
        metrics(out, route);
    }

    /** struct rtmsg. */
    private static void header(MessageWriter out, int family, int length, Route route) {
        int table = route.table();
        out.u8(family).u8(length).u8(0).u8(0);
        out.u8(table > MAX_TABLE_IN_HEADER || table < 0 ? RT_TABLE_UNSPEC : table)
                .u8(route.protocol())
                .u8(route.scope())
                .u8(route.type())
                .u32(route.onlink() ? RTNH_F_ONLINK : 0);
    }

    /** A gateway of the other family: struct rtvia. */
    private static void via(MessageWriter out, IpAddress gateway) {
        byte[] address = gateway.bytes();
        byte[] via = new byte[2 + address.length];
        short family = (short) AddressCodec.family(gateway);
        ByteBuffer.wrap(via).order(ByteOrder.nativeOrder()).putShort(family).put(address);
        out.bytes(RTA_VIA, via);
    }

    private static void metrics(MessageWriter out, Route route) {
        if (route.mtu() == 0 && route.advmss() == 0) {
            return;
        }
        int metrics = out.beginNest(RTA_METRICS);
        if (route.mtu() != 0) {
            out.u32(RTAX_MTU, route.mtu());
        }
        if (route.advmss() != 0) {
            out.u32(RTAX_ADVMSS, route.advmss());
        }
        out.endNest(metrics);
    }

    /**
     * @param linkIndex the link whose routes to list, 0 for all
     * @param protocol who made the routes to list, 0 for all
     */
    static void list(Requests requests, int family, int linkIndex, int protocol) {
        MessageWriter out = requests.add(RTM_GETROUTE, Nl.NLM_F_DUMP, "route list", AddressCodec.on(linkIndex));
        out.u8(family).u8(0).u16(0).u8(0).u8(protocol).u16(0).u32(0);
        if (linkIndex != 0) {
            out.u32(RTA_OIF, linkIndex);
        }
        out.end();
    }

    /** The route, null if the message is of another type or family, or about a cached exception. */
    public static @Nullable Route read(int wantedFamily, int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int at = payload.position();
        int family = payload.get(at) & 0xff;
        int flags = payload.getInt(at + 8);
        if (type != RTM_NEWROUTE || family != wantedFamily || (flags & RTM_F_CLONED) != 0) {
            return null;
        }
        return new Body(family == AF_INET6, payload.get(at + 4) & 0xff).read(in, payload);
    }

    /** The attributes of one route. */
    private static final class Body {
        private IpAddress destination;
        private int table;
        private @Nullable IpAddress gateway;
        private @Nullable IpAddress source;
        private int linkIndex;
        private int priority;
        private int mtu;
        private int advmss;

        private Body(boolean ipv6, int table) {
            this.destination = new IpAddress(ipv6, 0, 0);
            this.table = table;
        }

        private Route read(AttributeReader in, ByteBuffer payload) throws NetlinkException {
            while (in.next()) {
                attribute(in);
            }
            int at = payload.position();
            return new Route(
                    AddressCodec.prefix(destination, payload.get(at + 1) & 0xff),
                    gateway,
                    linkIndex,
                    table,
                    payload.get(at + 5) & 0xff,
                    payload.get(at + 6) & 0xff,
                    payload.get(at + 7) & 0xff,
                    priority,
                    (payload.getInt(at + 8) & RTNH_F_ONLINK) != 0,
                    mtu,
                    advmss,
                    source);
        }

        private void attribute(AttributeReader in) throws NetlinkException {
            switch (in.type()) {
                case RTA_DST -> destination = in.address();
                case RTA_GATEWAY -> gateway = in.address();
                case RTA_VIA -> gateway = readVia(in);
                case RTA_OIF -> linkIndex = in.u32();
                case RTA_TABLE -> table = in.u32();
                case RTA_PRIORITY -> priority = in.u32();
                case RTA_PREFSRC -> source = in.address();
                case RTA_METRICS -> readMetrics(in.nested());
                default -> {}
            }
        }

        private void readMetrics(AttributeReader in) throws NetlinkException {
            while (in.next()) {
                switch (in.type()) {
                    case RTAX_MTU -> mtu = in.u32();
                    case RTAX_ADVMSS -> advmss = in.u32();
                    default -> {}
                }
            }
        }

        private static IpAddress readVia(AttributeReader in) throws NetlinkException {
            byte[] via = in.bytes();
            if (via.length != 2 + 4 && via.length != 2 + 16) {
                throw AttributeReader.malformed("a gateway of " + via.length + " bytes");
            }
            return IpAddress.of(java.util.Arrays.copyOfRange(via, 2, via.length));
        }
    }
}
