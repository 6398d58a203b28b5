package io.towpath.netlink.nft;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.Requests;
import java.util.Collection;
import java.util.List;

/**
 * Changes of which all are done or none ({@link Nft#commit}). What a transaction adds, later changes of it see. Adding what is there
 * already does nothing, unless it is said otherwise; deleting what is not there fails with ENOENT.
 */
public final class Transaction {
    // An attribute with a list of elements has 64 KiB at most.
    private static final int CHUNK_BYTES = 32 * 1024;

    /** Of a transaction that is bound to none; no generation of the kernel's has this number. */
    public static final int ANY_GENERATION = 0;

    /** Where the first message has its only attribute's value, in bytes. */
    private static final int GENERATION_AT = NLMSG_HDRLEN + NftCodec.HEADER_LENGTH + NLA_HDRLEN;

    private final Requests requests = new Requests();
    private int sets;
    private boolean ended;

    /** A transaction that is done whatever others did meanwhile. */
    public Transaction() {
        this(ANY_GENERATION);
    }

    /**
     * A transaction that fails with ERESTART if anything changed since a generation ({@link Nft#generation}).
     *
     * @param generation {@link #ANY_GENERATION} for one that is done whatever others did meanwhile
     */
    public Transaction(int generation) {
        MessageWriter out = requests.add(NFNL_MSG_BATCH_BEGIN, 0, "transaction", "begin");
        NftCodec.header(out, 0, NFNL_SUBSYS_NFTABLES)
                .be32(NFNL_BATCH_GENID, generation)
                .end();
    }

    /** Binds it to another generation; it may be committed again thereafter. */
    public Transaction bind(int generation) {
        requests.patchBe32(GENERATION_AT, generation);
        return this;
    }

    Requests end() {
        if (!ended) {
            NftCodec.header(requests.add(NFNL_MSG_BATCH_END, 0, "transaction", "end"), 0, NFNL_SUBSYS_NFTABLES)
                    .end();
            ended = true;
        }
        return requests;
    }

    private MessageWriter request(int message, int flags, String verb, Object subject) {
        if (ended) {
            throw new IllegalStateException("the transaction was committed");
        }
        return requests.add(NftCodec.type(message), flags, verb, subject);
    }

    public Transaction add(Table table) {
        MessageWriter out = request(NFT_MSG_NEWTABLE, NLM_F_CREATE, "table add", table);
        NftCodec.writeBody(out, table);
        out.end();
        return this;
    }

    /** Adds a table; EEXIST if it is there. */
    public Transaction create(Table table) {
        MessageWriter out = request(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, "table create", table);
        NftCodec.writeBody(out, table);
        out.end();
        return this;
    }

    /** Deletes a table with all that is in it. */
    public Transaction delete(Table table) {
        MessageWriter out = request(NFT_MSG_DELTABLE, 0, "table delete", table);
        NftCodec.writeBody(out, Table.of(table.family(), table.name()));
        out.end();
        return this;
    }

    /** Deletes all rules of a table. */
    public Transaction flush(Table table) {
        NftCodec.where(request(NFT_MSG_DELRULE, 0, "table flush", table), table, "")
                .end();
        return this;
    }

    /** Adds a chain; the policy of a base chain that is there changes. */
    public Transaction add(Chain chain) {
        MessageWriter out = request(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "chain add", chain);
        NftCodec.writeBody(out, chain);
        out.end();
        return this;
    }

    /** Adds a chain; EEXIST if one of its name is there. */
    public Transaction create(Chain chain) {
        MessageWriter out = request(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, "chain create", chain);
        NftCodec.writeBody(out, chain);
        out.end();
        return this;
    }

    /** Deletes a chain with its rules; EBUSY if a rule or element jumps to it. */
    public Transaction delete(Chain chain) {
        MessageWriter out = request(NFT_MSG_DELCHAIN, 0, "chain delete", chain);
        NftCodec.writeBody(out, Chain.of(chain.table(), chain.name()));
        out.end();
        return this;
    }

    /** As {@link #delete(Chain)}, of the very one that the kernel told: ENOENT if there is another of its name by now. */
    public Transaction deleteSame(Chain chain) {
        MessageWriter out = request(NFT_MSG_DELCHAIN, 0, "chain delete", chain);
        NftCodec.writeBody(out, new Chain(chain.table(), chain.name(), null, "", chain.handle()));
        out.end();
        return this;
    }

    /** Deletes all rules of a chain. */
    public Transaction flush(Chain chain) {
        NftCodec.where(request(NFT_MSG_DELRULE, 0, "chain flush", chain), chain.table(), chain.name())
                .end();
        return this;
    }

    /** Adds a set or map; EEXIST if there is another of its name. */
    public Transaction add(NftSet set) {
        MessageWriter out = request(NFT_MSG_NEWSET, NLM_F_CREATE, "set add", set);
        SetCodec.writeBody(out, set, ++sets);
        out.end();
        return this;
    }

    /** Deletes a set or map with its elements; EBUSY if a rule uses it. */
    public Transaction delete(NftSet set) {
        MessageWriter out = request(NFT_MSG_DELSET, 0, "set delete", set);
        NftCodec.header(out, set.table().family().number(), 0)
                .string(NFTA_SET_TABLE, set.table().name())
                .string(NFTA_SET_NAME, set.name())
                .end();
        return this;
    }

    /** Deletes all elements of a set or map. */
    public Transaction flush(NftSet set) {
        MessageWriter out = request(NFT_MSG_DELSETELEM, 0, "set flush", set);
        ElementCodec.where(out, set.table(), set.name()).end();
        return this;
    }

    /** Adds elements; EEXIST if a map has one of them with another value. */
    public Transaction add(NftSet set, Collection<Element> elements) {
        return elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, "element add", set, elements);
    }

    /** Adds elements; EEXIST if there is one of them. */
    public Transaction create(NftSet set, Collection<Element> elements) {
        return elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, "element create", set, elements);
    }

    /** Deletes elements; ENOENT if one of them is not there. */
    public Transaction delete(NftSet set, Collection<Element> elements) {
        return elements(NFT_MSG_DELSETELEM, 0, "element delete", set, elements);
    }

    private Transaction elements(int message, int flags, String verb, NftSet set, Collection<Element> elements) {
        if (elements.isEmpty()) {
            return this;
        }
        MessageWriter out = request(message, flags, verb, new Elements(set, List.copyOf(elements)));
        int start = out.length();
        ElementCodec.where(out, set.table(), set.name());
        int list = out.beginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
        for (Element element : elements) {
            if (out.length() - start > CHUNK_BYTES) {
                out.endNest(list).end();
                out = requests.addFurther(NftCodec.type(message), flags);
                start = out.length();
                ElementCodec.where(out, set.table(), set.name());
                list = out.beginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
            }
            for (ElementCodec.Part part : ElementCodec.parts(set, element)) {
                ElementCodec.write(out, part);
            }
        }
        out.endNest(list).end();
        return this;
    }

    private record Elements(NftSet set, List<Element> elements) {
        @Override
        public String toString() {
            StringBuilder text =
                    new StringBuilder().append(set.table()).append(' ').append(set.name());
            for (int i = 0; i < elements.size(); i++) {
                text.append(i == 0 ? " { " : ", ").append(elements.get(i));
            }
            return text.append(" }").toString();
        }
    }

    /** Adds a rule after all others of its chain. */
    public Transaction append(Rule rule) {
        return rule(NLM_F_CREATE | NLM_F_APPEND, "rule append", rule, 0);
    }

    /** Adds a rule after another, told by its handle. */
    public Transaction append(Rule rule, long after) {
        return rule(NLM_F_CREATE | NLM_F_APPEND, "rule append", rule, after);
    }

    /** Adds a rule before all others of its chain. */
    public Transaction insert(Rule rule) {
        return rule(NLM_F_CREATE, "rule insert", rule, 0);
    }

    /** Adds a rule before another, told by its handle. */
    public Transaction insert(Rule rule, long before) {
        return rule(NLM_F_CREATE, "rule insert", rule, before);
    }

    /** Puts a rule in the place of another, told by its handle. */
    public Transaction replace(long handle, Rule rule) {
        Rule whole = new Rule(rule.table(), rule.chain(), rule.expressions(), rule.comment(), handle);
        MessageWriter out = request(NFT_MSG_NEWRULE, NLM_F_REPLACE, "rule replace", whole);
        NftCodec.writeBody(out, whole);
        out.end();
        return this;
    }

    private Transaction rule(int flags, String verb, Rule rule, long position) {
        Rule bare = new Rule(rule.table(), rule.chain(), rule.expressions(), rule.comment(), 0);
        MessageWriter out = request(NFT_MSG_NEWRULE, flags, verb, bare);
        NftCodec.writeBody(out, bare);
        if (position != 0) {
            out.be64(NFTA_RULE_POSITION, position);
        }
        out.end();
        return this;
    }

    /** Deletes a rule, told by its handle. */
    public Transaction delete(Rule rule) {
        NftCodec.where(request(NFT_MSG_DELRULE, 0, "rule delete", rule), rule.table(), rule.chain())
                .be64(NFTA_RULE_HANDLE, rule.handle())
                .end();
        return this;
    }

    /** Adds a named counter. */
    public Transaction addCounter(Table table, String name) {
        MessageWriter out = object(NFT_MSG_NEWOBJ, NLM_F_CREATE, "counter add", table, name, NFT_OBJECT_COUNTER);
        int data = out.beginNest(NFTA_OBJ_DATA);
        out.be64(NFTA_COUNTER_BYTES, 0)
                .be64(NFTA_COUNTER_PACKETS, 0)
                .endNest(data)
                .end();
        return this;
    }

    /** Deletes a named counter; EBUSY if a rule uses it. */
    public Transaction deleteCounter(Table table, String name) {
        object(NFT_MSG_DELOBJ, 0, "counter delete", table, name, NFT_OBJECT_COUNTER)
                .end();
        return this;
    }

    /** Adds a named quota, which matches up to so many bytes or, over, after them. */
    public Transaction addQuota(Table table, String name, long bytes, boolean over) {
        MessageWriter out = object(NFT_MSG_NEWOBJ, NLM_F_CREATE, "quota add", table, name, NFT_OBJECT_QUOTA);
        int data = out.beginNest(NFTA_OBJ_DATA);
        out.be64(NFTA_QUOTA_BYTES, bytes)
                .be32(NFTA_QUOTA_FLAGS, over ? NFT_QUOTA_F_INV : 0)
                .endNest(data)
                .end();
        return this;
    }

    private MessageWriter object(int message, int flags, String verb, Table table, String name, int type) {
        MessageWriter out = request(message, flags, verb, table + " " + name);
        return NftCodec.header(out, table.family().number(), 0)
                .string(NFTA_OBJ_TABLE, table.name())
                .string(NFTA_OBJ_NAME, name)
                .be32(NFTA_OBJ_TYPE, type);
    }

    /** Adds a flowtable at the ingress of devices. */
    public Transaction addFlowtable(Table table, String name, int priority, List<String> devices) {
        MessageWriter out = request(NFT_MSG_NEWFLOWTABLE, NLM_F_CREATE, "flowtable add", table + " " + name);
        NftCodec.header(out, table.family().number(), 0)
                .string(NFTA_FLOWTABLE_TABLE, table.name())
                .string(NFTA_FLOWTABLE_NAME, name);
        int hook = out.beginNest(NFTA_FLOWTABLE_HOOK);
        out.be32(NFTA_FLOWTABLE_HOOK_NUM, 0).be32(NFTA_FLOWTABLE_HOOK_PRIORITY, priority);
        int list = out.beginNest(NFTA_FLOWTABLE_HOOK_DEVS);
        for (String device : devices) {
            out.string(NFTA_DEVICE_NAME, device);
        }
        out.endNest(list).endNest(hook).end();
        return this;
    }

    /** Whether nothing would change. */
    public boolean isEmpty() {
        return requests.size() == (ended ? 2 : 1);
    }

    /** One line per change. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i < requests.size() - (ended ? 1 : 0); i++) {
            text.append(requests.describe(i)).append('\n');
        }
        return text.toString();
    }
}
