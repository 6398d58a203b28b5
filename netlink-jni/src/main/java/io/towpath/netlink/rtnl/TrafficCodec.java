package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;
import static io.towpath.netlink.rtnl.TrafficControl.*;

import io.towpath.net.IpAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Requests on queueing disciplines and filters, and the messages that show them. */
public final class TrafficCodec {
    /** Length of struct tcmsg. */
    public static final int HEADER_LENGTH = 20;

    private static final int LENGTH_OF_TBF_QOPT = 36;
    private static final int LINKLAYER_AT = 1;
    private static final int RATE_AT = 8;
    private static final int LIMIT_AT = 24;
    private static final int BUFFER_AT = 28;
    private static final long U32_MAX = 0xffff_ffffL;

    private static final int LENGTH_OF_U32_SEL = 16;
    private static final int LENGTH_OF_U32_KEY = 16;
    private static final int KEYS_AT = 2;

    private static final int WORD = 4;
    private static final int ALL_BITS = -1;
    private static final int VALUE_AT = 4;
    private static final int OFFSET_AT = 8;
    private static final int OFFSET_MASK_AT = 12;
    private static final int IPV4_SOURCE_AT = 12;
    private static final int IPV6_SOURCE_AT = 8;

    private static final int LENGTH_OF_MIRRED = 28;
    private static final int ACTION_AT = 8;
    private static final int EACTION_AT = 20;
    private static final int IFINDEX_AT = 24;
    private static final int FIRST_ACTION = 1;

    private TrafficCodec() {}

    static void write(Requests requests, int type, int flags, String verb, Qdisc qdisc) {
        MessageWriter out = requests.add(type, flags, verb, qdisc);
        writeBody(out, qdisc);
        out.end();
    }

    static void listQdiscs(Requests requests) {
        MessageWriter out = requests.add(RTM_GETQDISC, Nl.NLM_F_DUMP, "qdisc", "list");
        header(out, 0, 0, 0, 0).end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Qdisc qdisc) {
        header(out, qdisc.linkIndex(), qdisc.handle(), qdisc.parent(), 0)
                .string(TCA_KIND, qdisc.kind().name());
        if (qdisc.kind() instanceof Qdisc.Tbf tbf) {
            writeTbf(out, tbf);
        }
    }

    private static void writeTbf(MessageWriter out, Qdisc.Tbf tbf) {
        int options = out.beginNest(TCA_OPTIONS);
        // struct tc_tbf_qopt. Without a link layer the kernel would look for a table of rates.
        ByteBuffer qopt = ByteBuffer.allocate(LENGTH_OF_TBF_QOPT)
                .order(ByteOrder.nativeOrder())
                .put(LINKLAYER_AT, (byte) TC_LINKLAYER_ETHERNET)
                .putInt(RATE_AT, (int) Math.min(tbf.rate(), U32_MAX))
                .putInt(LIMIT_AT, (int) tbf.limit())
                .putInt(BUFFER_AT, (int) tbf.ticks());
        out.bytes(TCA_TBF_PARMS, qopt.array());
        if (tbf.rate() > U32_MAX) {
            out.u64(TCA_TBF_RATE64, tbf.rate());
        }
        out.u32(TCA_TBF_BURST, (int) tbf.burst()).endNest(options);
    }

    /** The queueing discipline, null if the message is of another type. */
    public static @Nullable Qdisc readQdisc(int type, ByteBuffer payload) throws NetlinkException {
        if (type != RTM_NEWQDISC) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int at = payload.position();
        String kind = "";
        AttributeReader options = null;
        while (in.next()) {
            switch (in.type()) {
                case TCA_KIND -> kind = in.string();
                case TCA_OPTIONS -> options = in.nested();
                default -> {}
            }
        }
        return new Qdisc(
                payload.getInt(at + 4), payload.getInt(at + 8), payload.getInt(at + 12), readKind(kind, options));
    }

    private static Qdisc.Kind readKind(String kind, @Nullable AttributeReader options) throws NetlinkException {
        return switch (kind) {
            case "tbf" -> options == null ? new Qdisc.Other(kind) : readTbf(options);
            case "ingress" -> new Qdisc.Ingress();
            default -> new Qdisc.Other(kind);
        };
    }

    private static Qdisc.Tbf readTbf(AttributeReader in) throws NetlinkException {
        long rate = 0;
        long rate64 = 0;
        long limit = 0;
        long ticks = 0;
        long burst = -1;
        while (in.next()) {
            switch (in.type()) {
                case TCA_TBF_PARMS -> {
                    ByteBuffer qopt = struct(in, LENGTH_OF_TBF_QOPT);
                    rate = Integer.toUnsignedLong(qopt.getInt(RATE_AT));
                    limit = Integer.toUnsignedLong(qopt.getInt(LIMIT_AT));
                    ticks = Integer.toUnsignedLong(qopt.getInt(BUFFER_AT));
                }
                case TCA_TBF_RATE64 -> rate64 = in.u64();
                case TCA_TBF_BURST -> burst = Integer.toUnsignedLong(in.u32());
                default -> {}
            }
        }
        rate = Math.max(rate, rate64);
        return new Qdisc.Tbf(rate, burst >= 0 ? burst : Qdisc.Tbf.burst(rate, ticks), limit);
    }

    static void write(Requests requests, int type, int flags, String verb, Filter filter) {
        MessageWriter out = requests.add(type, flags, verb, filter);
        writeBody(out, filter);
        out.end();
    }

    static void listFilters(Requests requests, int linkIndex, int parent) {
        MessageWriter out = requests.add(RTM_GETTFILTER, Nl.NLM_F_DUMP, "filter list", "dev " + linkIndex);
        header(out, linkIndex, 0, parent, 0).end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Filter filter) {
        int protocol = Short.toUnsignedInt(Short.reverseBytes((short) filter.protocol()));
        header(out, filter.linkIndex(), 0, filter.parent(), filter.priority() << 16 | protocol)
                .string(TCA_KIND, filter.kind());
        if (filter.redirectTo() != 0) {
            writeRedirect(out, filter);
        }
    }

    private static void writeRedirect(MessageWriter out, Filter filter) {
        int options = out.beginNest(TCA_OPTIONS);
        // struct tc_u32_sel with a struct tc_u32_key for each word of the address, or one of which no bit matters.
        IpAddress source = filter.source();
        byte[] address = source == null ? new byte[0] : source.bytes();
        int keys = Math.max(1, address.length / WORD);
        ByteBuffer selector = ByteBuffer.allocate(LENGTH_OF_U32_SEL + keys * LENGTH_OF_U32_KEY)
                .order(ByteOrder.nativeOrder())
                .put(0, (byte) TC_U32_TERMINAL)
                .put(KEYS_AT, (byte) keys);
        for (int at = 0; at < address.length; at += WORD) {
            int key = LENGTH_OF_U32_SEL + at / WORD * LENGTH_OF_U32_KEY;
            selector.putInt(key, ALL_BITS)
                    .put(key + VALUE_AT, address, at, WORD)
                    .putInt(key + OFFSET_AT, sourceAt(address.length) + at);
        }
        out.bytes(TCA_U32_SEL, selector.array());
        int actions = out.beginNest(TCA_U32_ACT);
        int action = out.beginNest(FIRST_ACTION);
        out.string(TCA_ACT_KIND, "mirred");
        int arguments = out.beginNest(TCA_ACT_OPTIONS);
        ByteBuffer mirred = ByteBuffer.allocate(LENGTH_OF_MIRRED)
                .order(ByteOrder.nativeOrder())
                .putInt(ACTION_AT, TC_ACT_STOLEN)
                .putInt(EACTION_AT, TCA_EGRESS_REDIR)
                .putInt(IFINDEX_AT, filter.redirectTo());
        out.bytes(TCA_MIRRED_PARMS, mirred.array())
                .endNest(arguments)
                .endNest(action)
                .endNest(actions)
                .endNest(options);
    }

    /** The filter, null if the message is of another type. One of u32 comes with two more that tell of its tables. */
    public static @Nullable Filter readFilter(int type, ByteBuffer payload) throws NetlinkException {
        if (type != RTM_NEWTFILTER) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int at = payload.position();
        int info = payload.getInt(at + 16);
        String kind = "";
        AttributeReader options = null;
        while (in.next()) {
            switch (in.type()) {
                case TCA_KIND -> kind = in.string();
                case TCA_OPTIONS -> options = in.nested();
                default -> {}
            }
        }
        Redirect redirect = kind.equals(Filter.U32) && options != null ? readRedirect(options) : Redirect.NONE;
        return new Filter(
                payload.getInt(at + 4),
                payload.getInt(at + 12),
                info >>> 16,
                Short.toUnsignedInt(Short.reverseBytes((short) info)),
                kind,
                redirect.source,
                redirect.target);
    }

    /** Where in a packet the source is, for an address of so many bytes. */
    private static int sourceAt(int length) {
        return length == WORD ? IPV4_SOURCE_AT : IPV6_SOURCE_AT;
    }

    /** Where packets go that a filter looks at, 0 if anything else becomes of them. */
    private record Redirect(@Nullable IpAddress source, int target) {
        private static final Redirect NONE = new Redirect(null, 0);
    }

    private static Redirect readRedirect(AttributeReader in) throws NetlinkException {
        boolean isKnown = false;
        IpAddress source = null;
        int target = 0;
        while (in.next()) {
            switch (in.type()) {
                case TCA_U32_SEL -> {
                    ByteBuffer selector = struct(in, LENGTH_OF_U32_SEL);
                    source = readSource(selector);
                    isKnown = source != null || matchesAll(selector);
                }
                case TCA_U32_ACT -> target = readActions(in.nested());
                default -> {}
            }
        }
        return isKnown ? new Redirect(source, target) : Redirect.NONE;
    }

    /** The number of keys, -1 if there are not as many. */
    private static int keys(ByteBuffer selector) {
        int keys = selector.get(KEYS_AT) & 0xff;
        return LENGTH_OF_U32_SEL + keys * LENGTH_OF_U32_KEY <= selector.limit() ? keys : -1;
    }

    private static boolean matchesAll(ByteBuffer selector) {
        int keys = keys(selector);
        for (int i = 0; i < keys; i++) {
            if (selector.getInt(LENGTH_OF_U32_SEL + i * LENGTH_OF_U32_KEY) != 0) {
                return false;
            }
        }
        return keys >= 0;
    }

    /** The address that packets must come from, null if anything else is looked at. */
    private static @Nullable IpAddress readSource(ByteBuffer selector) {
        int length = keys(selector) * WORD;
        if (length != WORD && length != 4 * WORD) {
            return null;
        }
        byte[] address = new byte[length];
        for (int at = 0; at < length; at += WORD) {
            int key = LENGTH_OF_U32_SEL + at / WORD * LENGTH_OF_U32_KEY;
            boolean isOfSource = selector.getInt(key) == ALL_BITS
                    && selector.getInt(key + OFFSET_AT) == sourceAt(length) + at
                    && selector.getInt(key + OFFSET_MASK_AT) == 0;
            if (!isOfSource) {
                return null;
            }
            selector.get(key + VALUE_AT, address, at, WORD);
        }
        return IpAddress.of(address);
    }

    private static int readActions(AttributeReader in) throws NetlinkException {
        int target = 0;
        while (in.next()) {
            if (in.type() == FIRST_ACTION) {
                target = readAction(in.nested());
            }
        }
        return target;
    }

    private static int readAction(AttributeReader in) throws NetlinkException {
        boolean isMirred = false;
        AttributeReader options = null;
        while (in.next()) {
            switch (in.type()) {
                case TCA_ACT_KIND -> isMirred = in.string().equals("mirred");
                case TCA_ACT_OPTIONS -> options = in.nested();
                default -> {}
            }
        }
        while (isMirred && options != null && options.next()) {
            if (options.type() == TCA_MIRRED_PARMS) {
                ByteBuffer mirred = struct(options, LENGTH_OF_MIRRED);
                return mirred.getInt(EACTION_AT) == TCA_EGRESS_REDIR ? mirred.getInt(IFINDEX_AT) : 0;
            }
        }
        return 0;
    }

    private static ByteBuffer struct(AttributeReader in, int length) throws NetlinkException {
        if (in.length() < length) {
            throw AttributeReader.malformed("attribute " + in.type() + " has " + in.length() + " bytes, not " + length);
        }
        return in.slice();
    }

    /** struct tcmsg. */
    private static MessageWriter header(MessageWriter out, int linkIndex, int handle, int parent, int info) {
        return out.u8(AF_UNSPEC)
                .u8(0)
                .u16(0)
                .u32(linkIndex)
                .u32(handle)
                .u32(parent)
                .u32(info);
    }
}
