package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression.Counter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Elements of sets and maps as they travel. */
public final class ElementCodec {
    private static final Value NOTHING = Value.of(new byte[0]);

    private ElementCodec() {}

    /**
     * What the kernel has: an interval of a set of single values is two of these, its first value and the one after its last, unless
     * its last is the last of all.
     */
    public record Part(Element element, boolean isEnd) {}

    /** The beginning of a message on a set's elements. */
    static MessageWriter where(MessageWriter out, Table table, String set) {
        return NftCodec.header(out, table.family().number(), 0)
                .string(NFTA_SET_ELEM_LIST_TABLE, table.name())
                .string(NFTA_SET_ELEM_LIST_SET, set);
    }

    /** Takes an element apart as its set needs it. */
    public static List<Part> parts(NftSet set, Element element) {
        if (!set.hasIntervals()) {
            return List.of(new Part(element, false));
        }
        Value end = element.keyEnd();
        Value last = end == null ? element.key() : end;
        if (set.hasKeyEnds()) {
            return List.of(new Part(element.withKeyEnd(last), false));
        }
        Part start = new Part(element.withKeyEnd(null), false);
        Value after = last.next(1);
        return after.isZero() ? List.of(start) : List.of(start, new Part(Element.of(after), true));
    }

    /** Puts elements together from what the kernel has. */
    public static List<Element> whole(NftSet set, List<Part> parts) {
        List<Element> elements = new ArrayList<>();
        if (!set.hasIntervals() || set.hasKeyEnds()) {
            for (Part part : parts) {
                Element element = part.element();
                Value end = element.keyEnd();
                elements.add(end != null && end.equals(element.key()) ? element.withKeyEnd(null) : element);
            }
            return elements;
        }
        List<Part> sorted = new ArrayList<>(parts);
        sorted.sort(Comparator.comparing((Part part) -> part.element().key())
                .thenComparingInt(part -> part.isEnd() ? 0 : 1));
        for (int i = 0; i < sorted.size(); i++) {
            Element start = sorted.get(i).element();
            if (sorted.get(i).isEnd()) {
                continue;
            }
            Value last = i + 1 < sorted.size()
                    ? sorted.get(i + 1).element().key().next(-1)
                    : start.key().withHostBits(0);
            elements.add(start.withKeyEnd(last.equals(start.key()) ? null : last));
        }
        return elements;
    }

    /** Writes an element into a list. */
    public static void write(MessageWriter out, Part part) {
        int nest = out.beginNest(NFTA_LIST_ELEM);
        Element element = part.element();
        if (part.isEnd()) {
            out.be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        } else if (element.key().length() == 0) {
            out.be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_CATCHALL);
        }
        if (element.key().length() > 0) {
            ExpressionWriter.value(out, NFTA_SET_ELEM_KEY, element.key());
        }
        Value end = element.keyEnd();
        if (end != null) {
            ExpressionWriter.value(out, NFTA_SET_ELEM_KEY_END, end);
        }
        if (element.data() != null) {
            ExpressionWriter.value(out, NFTA_SET_ELEM_DATA, element.data());
        }
        if (element.verdict() != null) {
            ExpressionWriter.verdict(out, NFTA_SET_ELEM_DATA, element.verdict());
        }
        if (element.timeoutMillis() > 0) {
            out.be64(NFTA_SET_ELEM_TIMEOUT, element.timeoutMillis());
        }
        if (element.expirationMillis() > 0) {
            out.be64(NFTA_SET_ELEM_EXPIRATION, element.expirationMillis());
        }
        if (!element.comment().isEmpty()) {
            out.bytes(NFTA_SET_ELEM_USERDATA, UserData.comment(element.comment()));
        }
        if (element.counted() != null) {
            ExpressionWriter.write(out, NFTA_SET_ELEM_EXPR, element.counted());
        }
        out.endNest(nest);
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Table table, String set, List<Part> parts) {
        where(out, table, set);
        int list = out.beginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
        for (Part part : parts) {
            write(out, part);
        }
        out.endNest(list);
    }

    /** The elements, null if the message is of another type. */
    public static @Nullable List<Part> read(int type, ByteBuffer payload) throws NetlinkException {
        if (type != NftCodec.type(NFT_MSG_NEWSETELEM)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, NftCodec.HEADER_LENGTH);
        List<Part> parts = new ArrayList<>();
        while (in.next()) {
            if (in.type() == NFTA_SET_ELEM_LIST_ELEMENTS) {
                AttributeReader list = in.nested();
                while (list.next()) {
                    parts.add(readPart(list.nested()));
                }
            }
        }
        return parts;
    }

    /** What the elements count that do, null if the message is of another type. */
    static @Nullable Map<Value, Counter> readCounters(int type, ByteBuffer payload) throws NetlinkException {
        if (type != NftCodec.type(NFT_MSG_NEWSETELEM)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, NftCodec.HEADER_LENGTH);
        Map<Value, Counter> counters = new HashMap<>();
        while (in.next()) {
            if (in.type() == NFTA_SET_ELEM_LIST_ELEMENTS) {
                AttributeReader list = in.nested();
                while (list.next()) {
                    readCounter(list.nested(), counters);
                }
            }
        }
        return counters;
    }

    private static void readCounter(AttributeReader in, Map<Value, Counter> into) throws NetlinkException {
        Value key = NOTHING;
        Counter counter = null;
        while (in.next()) {
            if (in.type() == NFTA_SET_ELEM_KEY) {
                key = ExpressionReader.value(in.nested());
            } else if (in.type() == NFTA_SET_ELEM_EXPR && ExpressionReader.read(in.nested()) instanceof Counter found) {
                counter = found;
            } else if (in.type() == NFTA_SET_ELEM_EXPRESSIONS) {
                for (Expression each : ExpressionReader.readAll(in.nested())) {
                    counter = each instanceof Counter found ? found : counter;
                }
            }
        }
        if (counter != null) {
            into.put(key, counter);
        }
    }

    private static Part readPart(AttributeReader in) throws NetlinkException {
        Value key = NOTHING;
        Value keyEnd = null;
        Value data = null;
        Verdict verdict = null;
        String comment = "";
        long timeout = 0;
        long expiration = 0;
        int flags = 0;
        while (in.next()) {
            switch (in.type()) {
                case NFTA_SET_ELEM_KEY -> key = ExpressionReader.value(in.nested());
                case NFTA_SET_ELEM_KEY_END -> keyEnd = ExpressionReader.value(in.nested());
                case NFTA_SET_ELEM_DATA -> {
                    verdict = ExpressionReader.verdict(in.nested());
                    data = verdict == null ? ExpressionReader.value(in.nested()) : null;
                }
                case NFTA_SET_ELEM_FLAGS -> flags = in.be32();
                case NFTA_SET_ELEM_TIMEOUT -> timeout = in.be64();
                case NFTA_SET_ELEM_EXPIRATION -> expiration = in.be64();
                case NFTA_SET_ELEM_USERDATA -> comment = UserData.text(in.bytes(), UserData.COMMENT);
                default -> {}
            }
        }
        Element element = new Element(key, keyEnd, data, verdict, timeout, expiration, comment, null);
        return new Part(element, (flags & NFT_SET_ELEM_INTERVAL_END) != 0);
    }
}
