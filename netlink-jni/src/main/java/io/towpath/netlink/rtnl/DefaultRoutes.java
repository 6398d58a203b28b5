package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the default routes of the main table in all forms that the kernel has: by one link, by several next hops
 * (RTA_MULTIPATH), and by next-hop objects, which are asked for where {@code net.ipv4.nexthop_compat_mode} is 0.
 */
final class DefaultRoutes {
    private static final int NHMSG_LENGTH = 8; // struct nhmsg
    private static final int RTNEXTHOP_LENGTH = 8; // struct rtnexthop
    private static final int NEXTHOP_GRP_LENGTH = 8; // struct nexthop_grp
    private static final int ALIGNMENT = 4; // RTNH_ALIGNTO

    private final Netlink netlink;

    DefaultRoutes(Netlink netlink) {
        this.netlink = netlink;
    }

    /** One as it is told: where its next hops are an object, without them. */
    record Told(int metric, List<Integer> links, int nexthop) {}

    private record Hop(int link, boolean down) {}

    /** Those of a family that lead anywhere, the best first. */
    List<DefaultRoute> list(boolean ipv6) throws NetlinkException {
        int family = ipv6 ? AF_INET6 : AF_INET;
        Requests requests = new Requests();
        RouteCodec.list(requests, family, 0, 0);
        List<DefaultRoute> routes = new ArrayList<>();
        for (Told told : netlink.dump(requests, (type, payload) -> read(family, type, payload))) {
            List<Integer> links = told.links.isEmpty() ? linksOf(told.nexthop) : told.links;
            if (!links.isEmpty()) {
                routes.add(new DefaultRoute(ipv6, told.metric, links));
            }
        }
        routes.sort(Comparator.comparing(DefaultRoute::metric, Integer::compareUnsigned));
        return routes;
    }

    static @Nullable Told read(int family, int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, RouteCodec.HEADER_LENGTH);
        int at = payload.position();
        int flags = payload.getInt(at + 8);
        boolean isDefault = type == RTM_NEWROUTE
                && (payload.get(at) & 0xff) == family
                && payload.get(at + 1) == 0
                && (payload.get(at + 7) & 0xff) == Route.RTN_UNICAST
                && (flags & RTM_F_CLONED) == 0;
        if (!isDefault) {
            return null;
        }
        int table = payload.get(at + 4) & 0xff;
        int metric = 0;
        int nexthop = 0;
        List<Hop> hops = new ArrayList<>(1);
        while (in.next()) {
            switch (in.type()) {
                case RTA_TABLE -> table = in.u32();
                case RTA_PRIORITY -> metric = in.u32();
                case RTA_OIF -> hops.add(new Hop(in.u32(), isDown(flags)));
                case RTA_MULTIPATH -> readHops(in.bytes(), hops);
                case RTA_NH_ID -> nexthop = in.u32();
                default -> {}
            }
        }
        return table == Route.RT_TABLE_MAIN ? new Told(metric, links(hops), nexthop) : null;
    }

    private static boolean isDown(int flags) {
        return (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
    }

    private static void readHops(byte[] bytes, List<Hop> into) throws NetlinkException {
        ByteBuffer hops = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int at = 0;
        while (bytes.length - at >= RTNEXTHOP_LENGTH) {
            int length = Short.toUnsignedInt(hops.getShort(at));
            if (length < RTNEXTHOP_LENGTH || length > bytes.length - at) {
                throw AttributeReader.malformed("a next hop of " + length + " bytes");
            }
            into.add(new Hop(hops.getInt(at + 4), isDown(hops.get(at + 2))));
            at += (length + ALIGNMENT - 1) & -ALIGNMENT;
        }
    }

    private static List<Integer> links(List<Hop> hops) {
        return hops.stream()
                .filter(hop -> hop.link != 0)
                .sorted(Comparator.comparing(Hop::down))
                .map(Hop::link)
                .toList();
    }

    /** The links of a next-hop object, or of all that a group has; none if it is gone. */
    private List<Integer> linksOf(int nexthop) throws NetlinkException {
        if (nexthop == 0) {
            return List.of();
        }
        Requests requests = new Requests();
        MessageWriter out = requests.add(RTM_GETNEXTHOP, 0, "nexthop get", nexthop);
        out.u32(AF_UNSPEC).u32(0).u32(NHA_ID, nexthop).end();
        try {
            Nexthop found = netlink.get(requests, DefaultRoutes::readNexthop);
            List<Integer> links = new ArrayList<>(found.link == 0 ? List.of() : List.of(found.link));
            for (int member : found.members) {
                // The kernel takes no group into a group.
                links.addAll(linksOf(member));
            }
            return links;
        } catch (NetlinkException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }

    record Nexthop(int link, List<Integer> members) {}

    static @Nullable Nexthop readNexthop(int type, ByteBuffer payload) throws NetlinkException {
        if (type != RTM_NEWNEXTHOP) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, NHMSG_LENGTH);
        int link = 0;
        List<Integer> members = new ArrayList<>(0);
        while (in.next()) {
            switch (in.type()) {
                case NHA_OIF -> link = in.u32();
                case NHA_GROUP -> {
                    ByteBuffer group = ByteBuffer.wrap(in.bytes()).order(ByteOrder.nativeOrder());
                    for (int at = 0; group.limit() - at >= NEXTHOP_GRP_LENGTH; at += NEXTHOP_GRP_LENGTH) {
                        members.add(group.getInt(at));
                    }
                }
                default -> {}
            }
        }
        return new Nexthop(link, members);
    }
}
