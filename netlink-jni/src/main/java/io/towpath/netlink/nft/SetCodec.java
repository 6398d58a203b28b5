package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sets and maps as they travel; their elements are {@link ElementCodec}'s. */
public final class SetCodec {
    /** How {@code nft} numbers the types of a concatenation: 6 bits each, the last in the lowest. */
    private static final int TYPE_BITS = 6;

    private static final int TYPE_MASK = (1 << TYPE_BITS) - 1;
    /** NFT_DATA_VERDICT, what a verdict map maps to. */
    private static final int VERDICTS = 0xffffff00;

    /** What follows from the types and expressions. */
    private static final int DERIVED_FLAGS = NFT_SET_MAP | NFT_SET_CONCAT | NFT_SET_EXPR;

    private SetCodec() {}

    /** Writes a message without its netlink header; the id tells sets of one transaction apart. */
    public static void writeBody(MessageWriter out, NftSet set, int id) {
        NftCodec.header(out, set.table().family().number(), 0)
                .string(NFTA_SET_TABLE, set.table().name())
                .string(NFTA_SET_NAME, set.name())
                .be32(NFTA_SET_FLAGS, flags(set))
                .be32(NFTA_SET_KEY_TYPE, number(set.key()))
                .be32(NFTA_SET_KEY_LEN, NftSet.length(set.key()));
        if (set.isVerdictMap()) {
            out.be32(NFTA_SET_DATA_TYPE, VERDICTS).be32(NFTA_SET_DATA_LEN, 0);
        } else if (set.isMap()) {
            out.be32(NFTA_SET_DATA_TYPE, number(set.data())).be32(NFTA_SET_DATA_LEN, NftSet.length(set.data()));
        }
        out.be32(NFTA_SET_ID, id);
        if (set.timeoutMillis() != 0) {
            out.be64(NFTA_SET_TIMEOUT, set.timeoutMillis());
        }
        description(out, set);
        if (set.each().size() == 1) {
            ExpressionWriter.write(out, NFTA_SET_EXPR, set.each().getFirst());
        } else if (!set.each().isEmpty()) {
            ExpressionWriter.writeAll(out, NFTA_SET_EXPRESSIONS, set.each());
        }
        UserData data = new UserData().addByteOrder(UserData.SET_KEY_BYTE_ORDER, set.key());
        if (set.isMap()) {
            data.addByteOrder(UserData.SET_DATA_BYTE_ORDER, set.data());
        }
        if (!set.comment().isEmpty()) {
            data.add(UserData.SET_COMMENT, set.comment());
        }
        out.bytes(NFTA_SET_USERDATA, data.bytes());
        if (set.handle() != 0) {
            out.be64(NFTA_SET_HANDLE, set.handle());
        }
    }

    private static int flags(NftSet set) {
        int flags = set.flags();
        flags |= set.isMap() ? NFT_SET_MAP : 0;
        flags |= set.each().size() > 1 ? NFT_SET_EXPR : 0;
        return flags | (set.hasKeyEnds() ? NFT_SET_CONCAT : 0);
    }

    private static void description(MessageWriter out, NftSet set) {
        if (set.size() == 0 && !set.hasKeyEnds()) {
            return;
        }
        int description = out.beginNest(NFTA_SET_DESC);
        if (set.size() > 0) {
            out.be32(NFTA_SET_DESC_SIZE, set.size());
        }
        if (set.hasKeyEnds()) {
            int parts = out.beginNest(NFTA_SET_DESC_CONCAT);
            for (DataType type : set.key()) {
                int part = out.beginNest(NFTA_LIST_ELEM);
                out.be32(NFTA_SET_FIELD_LEN, type.length()).endNest(part);
            }
            out.endNest(parts);
        }
        out.endNest(description);
    }

    private static int number(List<DataType> types) {
        int number = 0;
        for (DataType type : types) {
            number = number << TYPE_BITS | type.number();
        }
        return number;
    }

    /** The set, null if the message is of another type. */
    public static @Nullable NftSet read(int type, ByteBuffer payload) throws NetlinkException {
        if (type != NftCodec.type(NFT_MSG_NEWSET)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, NftCodec.HEADER_LENGTH);
        String table = "";
        String name = "";
        String comment = "";
        int flags = 0;
        int keyType = 0;
        int keyLength = 0;
        int dataType = 0;
        int dataLength = 0;
        long timeout = 0;
        long handle = 0;
        int size = 0;
        List<Expression> each = List.of();
        while (in.next()) {
            switch (in.type()) {
                case NFTA_SET_TABLE -> table = in.string();
                case NFTA_SET_NAME -> name = in.string();
                case NFTA_SET_FLAGS -> flags = in.be32();
                case NFTA_SET_KEY_TYPE -> keyType = in.be32();
                case NFTA_SET_KEY_LEN -> keyLength = in.be32();
                case NFTA_SET_DATA_TYPE -> dataType = in.be32();
                case NFTA_SET_DATA_LEN -> dataLength = in.be32();
                case NFTA_SET_TIMEOUT -> timeout = in.be64();
                case NFTA_SET_HANDLE -> handle = in.be64();
                case NFTA_SET_DESC -> size = readSize(in.nested());
                case NFTA_SET_EXPR -> each = List.of(ExpressionReader.read(in.nested()));
                case NFTA_SET_EXPRESSIONS -> each = ExpressionReader.readAll(in.nested());
                case NFTA_SET_USERDATA -> comment = UserData.text(in.bytes(), UserData.SET_COMMENT);
                default -> {}
            }
        }
        List<DataType> data = (flags & NFT_SET_MAP) == 0
                ? List.of()
                : dataType == VERDICTS ? List.of(DataType.VERDICT) : types(dataType, dataLength);
        return new NftSet(
                Table.of(NftCodec.family(payload), table),
                name,
                types(keyType, keyLength),
                data,
                flags & ~DERIVED_FLAGS,
                timeout,
                size,
                comment,
                each,
                handle);
    }

    private static int readSize(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            if (in.type() == NFTA_SET_DESC_SIZE) {
                return in.be32();
            }
        }
        return 0;
    }

    private static List<DataType> types(int number, int length) {
        if ((number & ~TYPE_MASK) == 0) {
            return List.of(DataType.of(number, length));
        }
        List<DataType> types = new ArrayList<>();
        for (int rest = number; rest != 0; rest >>>= TYPE_BITS) {
            types.add(0, DataType.of(rest & TYPE_MASK, 4));
        }
        return types;
    }
}
