package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.fake.FakeTable.FakeSet;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.ElementCodec;
import io.towpath.netlink.nft.ElementCodec.Part;
import io.towpath.netlink.nft.NftCodec;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.SetCodec;
import io.towpath.netlink.nft.Table;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes of a message of nftables what is to be done. */
final class FakeNftDispatch implements FakeProtocol {
    private static final int LENGTH_OF_NFGENMSG = 4;
    private static final int ELEMENTS_PER_MESSAGE = 50;

    private final FakeNft nft;
    private final int port;

    FakeNftDispatch(FakeNft nft, int port) {
        this.nft = nft;
        this.port = port;
    }

    @Override
    public boolean isGet(int type) {
        return type > 0xff && (type & 0xff) % 3 == NFT_MSG_GETTABLE;
    }

    @Override
    public boolean control(int type, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        return switch (type) {
            case NFNL_MSG_BATCH_BEGIN -> {
                nft.begin();
                AttributeReader in = new AttributeReader(payload, LENGTH_OF_NFGENMSG);
                if (in.next() && in.type() == NFNL_BATCH_GENID) {
                    int generation = in.be32();
                    // 0 binds a batch to none.
                    if (generation != 0 && generation != nft.generation()) {
                        throw new FakeRefusal(Errno.ERESTART);
                    }
                }
                yield true;
            }
            case NFNL_MSG_BATCH_END -> {
                nft.end(port);
                yield true;
            }
            default -> false;
        };
    }

    @Override
    public void refused() {
        nft.refused();
    }

    @Override
    public FakeOperation understand(int type, int flags, boolean isDump, ByteBuffer payload)
            throws NetlinkException, FakeRefusal {
        if (type >>> 8 != NFNL_SUBSYS_NFTABLES || payload.remaining() < LENGTH_OF_NFGENMSG) {
            throw new FakeRefusal(Errno.EINVAL);
        }
        return switch (type & 0xff) {
            case NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_GETTABLE -> table(type & 0xff, flags, payload);
            case NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN, NFT_MSG_GETCHAIN -> chain(type & 0xff, flags, isDump, payload);
            case NFT_MSG_NEWSET, NFT_MSG_DELSET, NFT_MSG_GETSET -> set(type & 0xff, flags, payload);
            case NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_GETSETELEM -> elements(type & 0xff, flags, payload);
            case NFT_MSG_NEWRULE, NFT_MSG_DELRULE, NFT_MSG_GETRULE -> rule(type & 0xff, flags, payload);
            case NFT_MSG_NEWOBJ, NFT_MSG_DELOBJ -> object(type & 0xff, flags, payload);
            case NFT_MSG_GETGEN ->
                FakeOperation.read(
                        "generation show",
                        () -> List.of(FakeOperation.message(
                                NftCodec.type(NFT_MSG_NEWGEN), out -> out.u32(0).be32(NFTA_GEN_ID, nft.generation()))));
            default -> throw new FakeRefusal(Errno.EOPNOTSUPP);
        };
    }

    private static <T> T read(@Nullable T value) throws FakeRefusal {
        if (value == null) {
            throw new FakeRefusal(Errno.EINVAL);
        }
        return value;
    }

    private static String add(String what, int flags) {
        return what + ((flags & NLM_F_EXCL) != 0 ? " create " : " add ");
    }

    private FakeOperation table(int message, int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        Table table = read(NftCodec.readTable(NftCodec.type(NFT_MSG_NEWTABLE), payload));
        return switch (message) {
            case NFT_MSG_NEWTABLE -> FakeOperation.write(add("table", flags) + table, () -> nft.add(table, flags));
            case NFT_MSG_DELTABLE -> FakeOperation.write("table delete " + table, () -> nft.delete(table));
            default ->
                FakeOperation.read(
                        "table list",
                        () -> FakeOperation.messages(
                                NftCodec.type(NFT_MSG_NEWTABLE), nft.tables(), NftCodec::writeBody));
        };
    }

    private FakeOperation chain(int message, int flags, boolean isDump, ByteBuffer payload)
            throws NetlinkException, FakeRefusal {
        Chain chain = read(NftCodec.readChain(NftCodec.type(NFT_MSG_NEWCHAIN), payload));
        return switch (message) {
            case NFT_MSG_NEWCHAIN -> FakeOperation.write(add("chain", flags) + chain, () -> nft.add(chain, flags));
            case NFT_MSG_DELCHAIN -> FakeOperation.write("chain delete " + chain, () -> nft.delete(chain));
            default ->
                FakeOperation.read(isDump ? "chain list" : "chain show " + chain, () -> {
                    List<Chain> chains = isDump
                            ? allChains()
                            : List.of(nft.get(chain.table()).chain(chain.name()));
                    return FakeOperation.messages(NftCodec.type(NFT_MSG_NEWCHAIN), chains, NftCodec::writeBody);
                });
        };
    }

    private List<Chain> allChains() throws FakeRefusal {
        List<Chain> chains = new ArrayList<>();
        for (Table table : nft.tables()) {
            chains.addAll(nft.get(table).chains.values());
        }
        return chains;
    }

    private FakeOperation set(int message, int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        NftSet set = read(SetCodec.read(NftCodec.type(NFT_MSG_NEWSET), payload));
        String name = set.table() + " " + set.name();
        return switch (message) {
            case NFT_MSG_NEWSET -> FakeOperation.write(add("set", flags) + set, () -> nft.add(set, flags));
            case NFT_MSG_DELSET ->
                FakeOperation.write("set delete " + name, () -> nft.deleteSet(set.table(), set.name()));
            default ->
                FakeOperation.read("set list " + set.table(), () -> {
                    FakeTable table = nft.find(set.table());
                    List<NftSet> sets = table == null
                            ? List.of()
                            : table.sets.values().stream().map(FakeSet::set).toList();
                    return FakeOperation.messages(
                            NftCodec.type(NFT_MSG_NEWSET), sets, (out, each) -> SetCodec.writeBody(out, each, 0));
                });
        };
    }

    private FakeOperation elements(int message, int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        Table table = read(NftCodec.readTable(NftCodec.type(NFT_MSG_NEWTABLE), payload(payload)));
        String name = text(payload, NFTA_SET_ELEM_LIST_SET);
        List<Part> parts = read(ElementCodec.read(NftCodec.type(NFT_MSG_NEWSETELEM), payload));
        String where = table + " " + name + text(table, name, parts);
        return switch (message) {
            case NFT_MSG_NEWSETELEM ->
                FakeOperation.write(add("element", flags) + where, () -> nft.addElements(table, name, parts, flags));
            case NFT_MSG_DELSETELEM ->
                parts.isEmpty()
                        ? FakeOperation.write("set flush " + where, () -> nft.deleteElements(table, name, null))
                        : FakeOperation.write("element delete " + where, () -> nft.deleteElements(table, name, parts));
            default -> FakeOperation.read("element list " + where, () -> listElements(table, name));
        };
    }

    private List<byte[]> listElements(Table table, String name) throws FakeRefusal {
        List<Part> parts = List.copyOf(nft.get(table).set(name).parts().values());
        List<byte[]> messages = new ArrayList<>();
        for (int from = 0; from < parts.size(); from += ELEMENTS_PER_MESSAGE) {
            List<Part> some = parts.subList(from, Math.min(from + ELEMENTS_PER_MESSAGE, parts.size()));
            messages.add(FakeOperation.message(
                    NftCodec.type(NFT_MSG_NEWSETELEM), out -> ElementCodec.writeBody(out, table, name, some)));
        }
        return messages;
    }

    /** The elements as a transaction tells them. */
    private String text(Table table, String name, List<Part> parts) {
        FakeTable known = nft.find(table);
        FakeSet set = known == null ? null : known.sets.get(name);
        if (set == null || parts.isEmpty()) {
            return "";
        }
        List<String> texts = ElementCodec.whole(set.set(), parts).stream()
                .map(Object::toString)
                .toList();
        return " { " + String.join(", ", texts) + " }";
    }

    private FakeOperation rule(int message, int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        Rule rule = read(NftCodec.readRule(NftCodec.type(NFT_MSG_NEWRULE), payload));
        long position = number(payload, NFTA_RULE_POSITION);
        String where = (rule.table() + " " + rule.chain()).strip();
        return switch (message) {
            case NFT_MSG_NEWRULE -> {
                String verb = (flags & NLM_F_APPEND) != 0 ? "append " : "insert ";
                verb = (flags & NLM_F_REPLACE) != 0 ? "replace " : verb;
                yield FakeOperation.write("rule " + verb + rule, () -> nft.add(rule, position, flags));
            }
            case NFT_MSG_DELRULE -> {
                String text = rule.handle() == 0 ? "rule flush " + where : "rule delete " + rule;
                yield FakeOperation.write(text, () -> nft.deleteRules(rule.table(), rule.chain(), rule.handle()));
            }
            default ->
                FakeOperation.read(
                        "rule list " + where,
                        () -> FakeOperation.messages(
                                NftCodec.type(NFT_MSG_NEWRULE),
                                nft.rules(rule.table(), rule.chain()),
                                NftCodec::writeBody));
        };
    }

    private FakeOperation object(int message, int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        Table table = read(NftCodec.readTable(NftCodec.type(NFT_MSG_NEWTABLE), payload(payload)));
        String name = text(payload, NFTA_OBJ_NAME);
        return message == NFT_MSG_NEWOBJ
                ? FakeOperation.write("object add " + table + " " + name, () -> nft.addObject(table, name, flags))
                : FakeOperation.write("object delete " + table + " " + name, () -> nft.deleteObject(table, name));
    }

    /** The message with its first attribute only, which of all objects is the table's name. */
    private static ByteBuffer payload(ByteBuffer payload) {
        int at = payload.position();
        int length = payload.remaining() < LENGTH_OF_NFGENMSG + NLA_HDRLEN
                ? payload.remaining()
                : LENGTH_OF_NFGENMSG + Short.toUnsignedInt(payload.getShort(at + LENGTH_OF_NFGENMSG));
        return payload.slice(at, Math.min(length, payload.remaining())).order(payload.order());
    }

    private static String text(ByteBuffer payload, int attribute) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, LENGTH_OF_NFGENMSG);
        while (in.next()) {
            if (in.type() == attribute) {
                return in.string();
            }
        }
        return "";
    }

    private static long number(ByteBuffer payload, int attribute) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, LENGTH_OF_NFGENMSG);
        while (in.next()) {
            if (in.type() == attribute) {
                return in.be64();
            }
        }
        return 0;
    }
}
