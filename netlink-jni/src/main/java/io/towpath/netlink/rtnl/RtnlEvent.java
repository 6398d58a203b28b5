package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.IfLink.IFLA_IFNAME;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * That something changed, and on which link: enough to know whether to look.
 *
 * @param kind what changed
 * @param gone whether it is there no more
 * @param linkIndex the link that it is or hangs on; 0 if none or several
 * @param linkName the link's name if the kernel told it, else empty
 */
public record RtnlEvent(Kind kind, boolean gone, int linkIndex, String linkName) {
    /** In the place of a link's index: all links. */
    public static final int ALL_LINKS = NETCONFA_IFINDEX_ALL;

    // struct netconfmsg, aligned
    private static final int SETTING_HEADER_LENGTH = 4;

    // struct ifaddrmsg, struct rtmsg
    private static final int ADDRESS_SCOPE = 3;
    private static final int ROUTE_PREFIX_LENGTH = 1;

    /** What can change. */
    public enum Kind {
        LINK,
        /** An address by which a node can be known to others: one of global scope. */
        GLOBAL_ADDRESS,
        /** Any other address. */
        ADDRESS,
        DEFAULT_ROUTE,
        /** Any other route. */
        ROUTE,
        NEIGHBOUR,
        FDB,
        /** A setting of IPv4, such as forwarding, of a link, or by {@link #ALL_LINKS} of all. */
        SETTING,
        /** A rule of policy routing. */
        RULE,
        /** Anything: news did not fit or could not be read. */
        LOST
    }

    /**
     * Has a monitor tell all changes of a network namespace's links, addresses, routes, neighbours, forwarding entries, settings of
     * IPv4 and rules of policy routing.
     *
     * @param netNs the namespace, null for the calling thread's own
     */
    public static void subscribe(Monitor monitor, @Nullable NetNs netNs, Consumer<RtnlEvent> listener)
            throws NetlinkException {
        Monitor.Listener decoding = new Monitor.Listener() {
            @Override
            public void message(int type, int port, ByteBuffer payload) throws NetlinkException {
                RtnlEvent event = read(type, payload);
                if (event != null) {
                    listener.accept(event);
                }
            }

            @Override
            public void lost() {
                listener.accept(new RtnlEvent(Kind.LOST, false, 0, ""));
            }
        };
        monitor.subscribe(
                NetlinkSocket.NETLINK_ROUTE,
                netNs,
                decoding,
                RTNLGRP_LINK,
                RTNLGRP_NEIGH,
                RTNLGRP_IPV4_IFADDR,
                RTNLGRP_IPV4_ROUTE,
                RTNLGRP_IPV6_IFADDR,
                RTNLGRP_IPV6_ROUTE,
                RTNLGRP_IPV4_NETCONF,
                RTNLGRP_IPV4_RULE,
                RTNLGRP_IPV6_RULE);
    }

    /** The event, null if the message is of no kind known here. */
    static @Nullable RtnlEvent read(int type, ByteBuffer payload) throws NetlinkException {
        int at = payload.position();
        return switch (type) {
            case RTM_NEWLINK, RTM_DELLINK -> {
                AttributeReader in = new AttributeReader(payload, LinkDecoder.HEADER_LENGTH);
                yield new RtnlEvent(Kind.LINK, type == RTM_DELLINK, payload.getInt(at + 4), name(in));
            }
            case RTM_NEWADDR, RTM_DELADDR -> {
                require(payload, AddressCodec.HEADER_LENGTH);
                boolean isGlobal = payload.get(at + ADDRESS_SCOPE) == Route.RT_SCOPE_UNIVERSE;
                Kind kind = isGlobal ? Kind.GLOBAL_ADDRESS : Kind.ADDRESS;
                yield new RtnlEvent(kind, type == RTM_DELADDR, payload.getInt(at + 4), "");
            }
            case RTM_NEWROUTE, RTM_DELROUTE -> {
                AttributeReader in = new AttributeReader(payload, RouteCodec.HEADER_LENGTH);
                Kind kind = payload.get(at + ROUTE_PREFIX_LENGTH) == 0 ? Kind.DEFAULT_ROUTE : Kind.ROUTE;
                yield new RtnlEvent(kind, type == RTM_DELROUTE, index(in, RTA_OIF), "");
            }
            case RTM_NEWNEIGH, RTM_DELNEIGH -> {
                require(payload, NeighbourCodec.HEADER_LENGTH);
                Kind kind = payload.get(at) == AF_BRIDGE ? Kind.FDB : Kind.NEIGHBOUR;
                yield new RtnlEvent(kind, type == RTM_DELNEIGH, payload.getInt(at + 4), "");
            }
            case RTM_NEWNETCONF, RTM_DELNETCONF -> {
                AttributeReader in = new AttributeReader(payload, SETTING_HEADER_LENGTH);
                yield new RtnlEvent(Kind.SETTING, type == RTM_DELNETCONF, index(in, NETCONFA_IFINDEX), "");
            }
            case RTM_NEWRULE, RTM_DELRULE -> new RtnlEvent(Kind.RULE, type == RTM_DELRULE, 0, "");
            default -> null;
        };
    }

    private static void require(ByteBuffer payload, int headerLength) throws NetlinkException {
        if (payload.remaining() < headerLength) {
            throw AttributeReader.malformed(
                    "a message of " + payload.remaining() + " bytes has no header of " + headerLength);
        }
    }

    private static String name(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            if (in.type() == IFLA_IFNAME) {
                return in.string();
            }
        }
        return "";
    }

    private static int index(AttributeReader in, int type) throws NetlinkException {
        while (in.next()) {
            if (in.type() == type) {
                return in.u32();
            }
        }
        return 0;
    }
}
