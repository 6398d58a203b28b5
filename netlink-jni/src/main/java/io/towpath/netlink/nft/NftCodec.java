package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain.Base;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tables, chains and rules as they travel. Numbers are in network byte order. */
public final class NftCodec {
    /** Length of struct nfgenmsg. */
    static final int HEADER_LENGTH = 4;

    private NftCodec() {}

    /** The type of a message of nftables. */
    public static int type(int message) {
        return NFNL_SUBSYS_NFTABLES << 8 | message;
    }

    /** struct nfgenmsg: family, version and a resource in network byte order. */
    static MessageWriter header(MessageWriter out, int family, int resource) {
        return out.u8(family).u8(0).u8(resource >>> 8).u8(resource);
    }

    static Family family(ByteBuffer payload) throws NetlinkException {
        if (payload.remaining() < HEADER_LENGTH) {
            throw AttributeReader.malformed("a message of " + payload.remaining() + " bytes");
        }
        return Family.of(payload.get(payload.position()) & 0xff);
    }

    private static void handle(MessageWriter out, int attribute, long handle) {
        if (handle != 0) {
            out.be64(attribute, handle);
        }
    }

    private static void comment(MessageWriter out, int attribute, String comment) {
        if (!comment.isEmpty()) {
            out.bytes(attribute, UserData.comment(comment));
        }
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Table table) {
        header(out, table.family().number(), 0).string(NFTA_TABLE_NAME, table.name());
        handle(out, NFTA_TABLE_HANDLE, table.handle());
        if (table.dormant()) {
            out.be32(NFTA_TABLE_FLAGS, NFT_TABLE_F_DORMANT);
        }
        comment(out, NFTA_TABLE_USERDATA, table.comment());
    }

    /** The table, null if the message is of another type. */
    public static @Nullable Table readTable(int type, ByteBuffer payload) throws NetlinkException {
        if (type != type(NFT_MSG_NEWTABLE)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        String name = "";
        String comment = "";
        boolean dormant = false;
        long handle = 0;
        while (in.next()) {
            switch (in.type()) {
                case NFTA_TABLE_NAME -> name = in.string();
                case NFTA_TABLE_FLAGS -> dormant = (in.be32() & NFT_TABLE_F_DORMANT) != 0;
                case NFTA_TABLE_HANDLE -> handle = in.be64();
                case NFTA_TABLE_USERDATA -> comment = UserData.text(in.bytes(), UserData.COMMENT);
                default -> {}
            }
        }
        return new Table(family(payload), name, dormant, comment, handle);
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Chain chain) {
        Family family = chain.table().family();
        header(out, family.number(), 0)
                .string(NFTA_CHAIN_TABLE, chain.table().name())
                .string(NFTA_CHAIN_NAME, chain.name());
        handle(out, NFTA_CHAIN_HANDLE, chain.handle());
        Base base = chain.base();
        if (base != null) {
            int hook = out.beginNest(NFTA_CHAIN_HOOK);
            out.be32(NFTA_HOOK_HOOKNUM, base.hook().number(family)).be32(NFTA_HOOK_PRIORITY, base.priority());
            if (!base.device().isEmpty()) {
                out.string(NFTA_HOOK_DEV, base.device());
            }
            out.endNest(hook);
            out.string(NFTA_CHAIN_TYPE, base.type()).be32(NFTA_CHAIN_POLICY, base.drop() ? NF_DROP : NF_ACCEPT);
        }
        comment(out, NFTA_CHAIN_USERDATA, chain.comment());
    }

    /** The chain, null if the message is of another type. */
    public static @Nullable Chain readChain(int type, ByteBuffer payload) throws NetlinkException {
        if (type != type(NFT_MSG_NEWCHAIN)) {
            return null;
        }
        Family family = family(payload);
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        String table = "";
        String name = "";
        String comment = "";
        String kind = "";
        long handle = 0;
        boolean drop = false;
        Base hook = null;
        while (in.next()) {
            switch (in.type()) {
                case NFTA_CHAIN_TABLE -> table = in.string();
                case NFTA_CHAIN_NAME -> name = in.string();
                case NFTA_CHAIN_HANDLE -> handle = in.be64();
                case NFTA_CHAIN_TYPE -> kind = in.string();
                case NFTA_CHAIN_POLICY -> drop = in.be32() == NF_DROP;
                case NFTA_CHAIN_HOOK -> hook = readHook(family, in.nested());
                case NFTA_CHAIN_USERDATA -> comment = UserData.text(in.bytes(), UserData.COMMENT);
                default -> {}
            }
        }
        Base base = hook == null ? null : new Base(kind, hook.hook(), hook.priority(), drop, hook.device());
        return new Chain(Table.of(family, table), name, base, comment, handle);
    }

    private static Base readHook(Family family, AttributeReader in) throws NetlinkException {
        int number = 0;
        int priority = 0;
        String device = "";
        while (in.next()) {
            switch (in.type()) {
                case NFTA_HOOK_HOOKNUM -> number = in.be32();
                case NFTA_HOOK_PRIORITY -> priority = in.be32();
                case NFTA_HOOK_DEV -> device = in.string();
                case NFTA_HOOK_DEVS -> {
                    AttributeReader devices = in.nested();
                    device = devices.next() ? devices.string() : device;
                }
                default -> {}
            }
        }
        return new Base("", Hook.of(family, number), priority, false, device);
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Rule rule) {
        where(out, rule.table(), rule.chain());
        handle(out, NFTA_RULE_HANDLE, rule.handle());
        ExpressionWriter.writeAll(out, NFTA_RULE_EXPRESSIONS, rule.expressions());
        comment(out, NFTA_RULE_USERDATA, rule.comment());
    }

    /** The beginning of a message on rules: of a chain or, if that is empty, of a whole table. */
    static MessageWriter where(MessageWriter out, Table table, String chain) {
        header(out, table.family().number(), 0).string(NFTA_RULE_TABLE, table.name());
        return chain.isEmpty() ? out : out.string(NFTA_RULE_CHAIN, chain);
    }

    /** The rule, null if the message is of another type. */
    public static @Nullable Rule readRule(int type, ByteBuffer payload) throws NetlinkException {
        if (type != type(NFT_MSG_NEWRULE)) {
            return null;
        }
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        String table = "";
        String chain = "";
        String comment = "";
        long handle = 0;
        List<Expression> expressions = List.of();
        while (in.next()) {
            switch (in.type()) {
                case NFTA_RULE_TABLE -> table = in.string();
                case NFTA_RULE_CHAIN -> chain = in.string();
                case NFTA_RULE_HANDLE -> handle = in.be64();
                case NFTA_RULE_EXPRESSIONS -> expressions = ExpressionReader.readAll(in.nested());
                case NFTA_RULE_USERDATA -> comment = UserData.text(in.bytes(), UserData.COMMENT);
                default -> {}
            }
        }
        return new Rule(Table.of(family(payload), table), chain, expressions, comment, handle);
    }

    /** The generation of all tables, null if the message is of another type. */
    static @Nullable Integer readGeneration(int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        Integer generation = null;
        while (type == type(NFT_MSG_NEWGEN) && in.next()) {
            if (in.type() == NFTA_GEN_ID) {
                generation = in.be32();
            }
        }
        return generation;
    }
}
