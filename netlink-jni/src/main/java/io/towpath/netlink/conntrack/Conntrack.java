package io.towpath.netlink.conntrack;

import static io.towpath.netlink.Nl.NLM_F_DUMP;
import static io.towpath.netlink.conntrack.Ctnetlink.*;
import static io.towpath.netlink.nft.NfTables.NFNL_SUBSYS_CTNETLINK;

import io.towpath.linux.Errno;
import io.towpath.linux.KernelRelease;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import io.towpath.netlink.Requests;
import io.towpath.netlink.Transport;
import io.towpath.netlink.rtnl.Rtnetlink;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A session with the connection tracking of one network namespace. Not for use by several threads at once. */
public final class Conntrack implements AutoCloseable {
    /** Length of struct nfgenmsg. */
    private static final int HEADER_LENGTH = 4;

    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;

    /** So many connections are told in the time in which the kernel goes through all places for them. */
    private static final int EACH = 8000;

    private final Netlink netlink;
    private @Nullable Boolean filtered;

    /** A session over a transport, which is closed with it. */
    public Conntrack(Transport transport) {
        netlink = new Netlink(transport);
    }

    /** Opens a session with the namespace of the calling thread. */
    public static Conntrack open() throws NetlinkException {
        return new Conntrack(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, null));
    }

    /** Opens a session with a namespace, which may be closed thereafter. */
    public static Conntrack open(NetNs netNs) throws NetlinkException {
        return new Conntrack(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, netNs));
    }

    /**
     * The tracked connections that are meant. One that comes or goes while they are listed may be left out.
     *
     * @param family {@code AF_INET}, {@code AF_INET6}, or {@code AF_UNSPEC} for both
     */
    public List<Connection> list(int family, Predicate<Connection> filter) throws NetlinkException {
        Requests requests = new Requests();
        header(requests.add(type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, "conntrack list", family), family)
                .end();
        return dump(requests, filter);
    }

    /**
     * As {@link #list(int, Predicate)}, of those that agree with any of some filters. Few of many are looked for by the kernel.
     *
     * @param filter of those, the ones that are meant
     */
    public List<Connection> list(Collection<Filter> any, Predicate<Connection> filter) throws NetlinkException {
        return list(any, filter, count() > EACH * any.size() && isFiltered());
    }

    List<Connection> list(Collection<Filter> any, Predicate<Connection> filter, boolean byKernel)
            throws NetlinkException {
        Predicate<Connection> meant = filter.and(connection -> any.stream().anyMatch(each -> each.test(connection)));
        if (!byKernel) {
            return list(Rtnetlink.AF_UNSPEC, meant);
        }
        Set<Connection> found = new LinkedHashSet<>();
        for (Filter each : any.stream().map(Filter::forKernel).distinct().toList()) {
            Requests requests = new Requests();
            MessageWriter out =
                    header(requests.add(type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, "conntrack list", each), each.family());
            each.writeTo(out);
            out.end();
            found.addAll(dump(requests, meant));
        }
        return List.copyOf(found);
    }

    /** Kernels before 5.8 do not look at filters, and some after it find nothing by who answers. */
    private boolean isFiltered() {
        if (filtered == null) {
            try {
                filtered = !KernelRelease.isBefore(KernelRelease.running(), 6, 1);
            } catch (LinuxException e) {
                filtered = false; // all are told, then, which is slower
            }
        }
        return filtered;
    }

    /** How many connections are tracked. */
    public int count() throws NetlinkException {
        Requests requests = new Requests();
        header(requests.add(type(IPCTNL_MSG_CT_GET_STATS), 0, "conntrack count", ""), Rtnetlink.AF_UNSPEC)
                .end();
        return netlink.get(requests, Conntrack::readCount);
    }

    private List<Connection> dump(Requests requests, Predicate<Connection> filter) throws NetlinkException {
        return netlink.dump(requests, (type, payload) -> {
            Connection connection = read(type, payload);
            return connection != null && filter.test(connection) ? connection : null;
        });
    }

    /**
     * Forgets connections that were listed, so that their next packet is looked at as the first of a new one.
     *
     * @return how many there still were
     */
    public int delete(List<Connection> connections) throws NetlinkException {
        Requests requests = new Requests();
        for (Connection connection : connections) {
            MessageWriter out = requests.add(type(IPCTNL_MSG_CT_DELETE), 0, "conntrack delete", connection);
            header(out, family(connection.original()));
            write(out, CTA_TUPLE_ORIG, connection.original());
            out.be32(CTA_ID, connection.id());
            if (connection.zone() != 0) {
                out.be16(CTA_ZONE, connection.zone());
            }
            out.end();
        }
        int deleted = requests.size();
        NetlinkException first = null;
        for (NetlinkException failure : requests.size() == 0 ? List.<NetlinkException>of() : netlink.submit(requests)) {
            deleted--;
            // One that ended by itself meanwhile is what was wanted.
            if (!failure.is(Errno.ENOENT) && first == null) {
                first = failure;
            }
        }
        if (first != null) {
            throw first;
        }
        return deleted;
    }

    @Override
    public void close() {
        netlink.close();
    }

    private static int type(int message) {
        return NFNL_SUBSYS_CTNETLINK << 8 | message;
    }

    /** struct nfgenmsg. */
    private static MessageWriter header(MessageWriter out, int family) {
        return out.u8(family).u8(0).u16(0);
    }

    private static int family(Flow flow) {
        return flow.source().ipv6() ? Rtnetlink.AF_INET6 : Rtnetlink.AF_INET;
    }

    private static void write(MessageWriter out, int attribute, Flow flow) {
        boolean ipv6 = flow.source().ipv6();
        int tuple = out.beginNest(attribute);
        int addresses = out.beginNest(CTA_TUPLE_IP);
        out.address(ipv6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, flow.source())
                .address(ipv6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, flow.destination())
                .endNest(addresses);
        int protocol = out.beginNest(CTA_TUPLE_PROTO);
        out.u8(CTA_PROTO_NUM, flow.protocol());
        int type = flow.destinationPort() >>> 8;
        switch (flow.protocol()) {
            case ICMP ->
                out.be16(CTA_PROTO_ICMP_ID, flow.sourcePort())
                        .u8(CTA_PROTO_ICMP_TYPE, type)
                        .u8(CTA_PROTO_ICMP_CODE, flow.destinationPort());
            case ICMPV6 ->
                out.be16(CTA_PROTO_ICMPV6_ID, flow.sourcePort())
                        .u8(CTA_PROTO_ICMPV6_TYPE, type)
                        .u8(CTA_PROTO_ICMPV6_CODE, flow.destinationPort());
            default -> out.be16(CTA_PROTO_SRC_PORT, flow.sourcePort()).be16(CTA_PROTO_DST_PORT, flow.destinationPort());
        }
        out.endNest(protocol).endNest(tuple);
    }

    private static @Nullable Integer readCount(int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        while (in.next()) {
            if (in.type() == CTA_STATS_GLOBAL_ENTRIES) {
                return in.be32();
            }
        }
        return null;
    }

    /** The connection, null if the message is of another type or has no addresses. */
    static @Nullable Connection read(int type, ByteBuffer payload) throws NetlinkException {
        if (type != type(IPCTNL_MSG_CT_NEW)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        Flow original = null;
        Flow reply = null;
        int status = 0;
        int mark = 0;
        int zone = 0;
        int id = 0;
        while (in.next()) {
            switch (in.type()) {
                case CTA_TUPLE_ORIG -> original = readFlow(in.nested());
                case CTA_TUPLE_REPLY -> reply = readFlow(in.nested());
                case CTA_STATUS -> status = in.be32();
                case CTA_MARK -> mark = in.be32();
                case CTA_ZONE -> zone = in.be16();
                case CTA_ID -> id = in.be32();
                default -> {}
            }
        }
        return original == null || reply == null ? null : new Connection(original, reply, status, mark, zone, id);
    }

    private static @Nullable Flow readFlow(AttributeReader in) throws NetlinkException {
        IpAddress source = null;
        IpAddress destination = null;
        int protocol = 0;
        int sourcePort = 0;
        int destinationPort = 0;
        while (in.next()) {
            AttributeReader part = in.nested();
            while (in.type() == CTA_TUPLE_IP && part.next()) {
                switch (part.type()) {
                    case CTA_IP_V4_SRC, CTA_IP_V6_SRC -> source = part.address();
                    case CTA_IP_V4_DST, CTA_IP_V6_DST -> destination = part.address();
                    default -> {}
                }
            }
            while (in.type() == CTA_TUPLE_PROTO && part.next()) {
                switch (part.type()) {
                    case CTA_PROTO_NUM -> protocol = part.u8();
                    case CTA_PROTO_SRC_PORT, CTA_PROTO_ICMP_ID, CTA_PROTO_ICMPV6_ID -> sourcePort = part.be16();
                    case CTA_PROTO_DST_PORT -> destinationPort = part.be16();
                    case CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMPV6_TYPE -> destinationPort |= part.u8() << 8;
                    case CTA_PROTO_ICMP_CODE, CTA_PROTO_ICMPV6_CODE -> destinationPort |= part.u8();
                    default -> {}
                }
            }
        }
        return source == null || destination == null
                ? null
                : new Flow(source, destination, protocol, sourcePort, destinationPort);
    }
}
