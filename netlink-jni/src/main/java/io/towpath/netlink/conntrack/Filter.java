package io.towpath.netlink.conntrack;

import static io.towpath.netlink.conntrack.Ctnetlink.*;

import io.towpath.net.IpAddress;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.rtnl.Rtnetlink;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which connections are meant: those that agree in all that is said.
 *
 * @param ipv6 whether they are of IPv6
 * @param protocol the number of the protocol above IP, 0 for all
 * @param originalSource who sent the first packet, null for anybody
 * @param originalPort of a protocol with ports, the one that the first packet was sent to, 0 for any
 * @param replySource who answers, null for anybody: the address behind a translated destination
 */
public record Filter(
        boolean ipv6,
        int protocol,
        @Nullable IpAddress originalSource,
        int originalPort,
        @Nullable IpAddress replySource)
        implements Predicate<Connection> {
    /** CTA_FILTER_F_* of {@code net/netfilter/nf_internals.h}: by which attributes of a tuple the kernel looks. */
    private static final int IP_SRC = 1;

    private static final int PROTO_NUM = 1 << 3;
    private static final int PROTO_DST_PORT = 1 << 5;

    /** Connections that an address begins. */
    public static Filter from(IpAddress address) {
        return new Filter(address.ipv6(), 0, address, 0, null);
    }

    /** Connections that an address answers. */
    public static Filter answeredBy(IpAddress address) {
        return new Filter(address.ipv6(), 0, null, 0, address);
    }

    /** Connections of a protocol that are made to a port, whosever it is. */
    public static Filter to(boolean ipv6, int protocol, int port) {
        return new Filter(ipv6, protocol, null, port, null);
    }

    int family() {
        return ipv6 ? Rtnetlink.AF_INET6 : Rtnetlink.AF_INET;
    }

    @Override
    public boolean test(Connection connection) {
        Flow original = connection.original();
        return ipv6 == original.source().ipv6()
                && (protocol == 0 || protocol == original.protocol())
                && (originalSource == null || originalSource.equals(original.source()))
                && (originalPort == 0 || originalPort == original.destinationPort())
                && (replySource == null || replySource.equals(connection.reply().source()));
    }

    /** As much of this as the kernel understands: by an address of IPv6 it finds all others, in Linux 6.18 too. */
    Filter forKernel() {
        return ipv6 ? new Filter(true, protocol, null, originalPort, null) : this;
    }

    /** Asks the kernel for what agrees with {@link #forKernel}, in a request for a list of the family. */
    void writeTo(MessageWriter out) {
        int original = 0;
        int reply = 0;
        int tuple = out.beginNest(CTA_TUPLE_ORIG);
        if (originalSource != null) {
            original |= IP_SRC;
            writeSource(out, originalSource);
        }
        if (protocol != 0) {
            original |= PROTO_NUM | (originalPort == 0 ? 0 : PROTO_DST_PORT);
            int nest = out.beginNest(CTA_TUPLE_PROTO);
            out.u8(CTA_PROTO_NUM, protocol);
            if (originalPort != 0) {
                out.be16(CTA_PROTO_DST_PORT, originalPort);
            }
            out.endNest(nest);
        }
        out.endNest(tuple);
        tuple = out.beginNest(CTA_TUPLE_REPLY);
        if (replySource != null) {
            reply |= IP_SRC;
            writeSource(out, replySource);
        }
        out.endNest(tuple);
        int filter = out.beginNest(CTA_FILTER);
        out.u32(CTA_FILTER_ORIG_FLAGS, original)
                .u32(CTA_FILTER_REPLY_FLAGS, reply)
                .endNest(filter);
    }

    private static void writeSource(MessageWriter out, IpAddress source) {
        int nest = out.beginNest(CTA_TUPLE_IP);
        out.address(CTA_IP_V4_SRC, source).endNest(nest);
    }
}
