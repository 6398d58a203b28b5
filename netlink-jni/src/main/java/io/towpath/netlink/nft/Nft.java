package io.towpath.netlink.nft;

import static io.towpath.netlink.Nl.NLM_F_DUMP;
import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.Netlink;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import io.towpath.netlink.Requests;
import io.towpath.netlink.Transport;
import io.towpath.netlink.nft.Expression.Counter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A session with nftables of one network namespace. Not for use by several threads at once. */
public final class Nft implements AutoCloseable {
    /** So many elements, of the largest kind, are told in one message. */
    private static final int OF_ONE_MESSAGE = 50;

    /** After so many reads, each with something other than the one before, somebody else changes the set all the time. */
    private static final int READS = 20;

    private final Netlink netlink;

    /** A session over a transport, which is closed with it. */
    public Nft(Transport transport) {
        netlink = new Netlink(transport);
    }

    /** Opens a session with the namespace of the calling thread. */
    public static Nft open() throws NetlinkException {
        return new Nft(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, null));
    }

    /** Opens a session with a namespace, which may be closed thereafter. */
    public static Nft open(NetNs netNs) throws NetlinkException {
        return new Nft(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER, netNs));
    }

    /** A number that is another after every change, anybody's. */
    public int generation() throws NetlinkException {
        Requests requests = new Requests();
        NftCodec.header(requests.add(NftCodec.type(NFT_MSG_GETGEN), 0, "generation", "show"), 0, 0)
                .end();
        return netlink.get(requests, NftCodec::readGeneration);
    }

    /** Whether the kernel answers that it has no nftables at all. */
    public boolean isMissing() {
        try {
            generation();
            return false;
        } catch (NetlinkException e) {
            return e.is(Errno.EINVAL) || e.is(Errno.EOPNOTSUPP) || e.is(Errno.EPROTONOSUPPORT);
        }
    }

    /** All tables, also those of others. */
    public List<Table> tables() throws NetlinkException {
        Requests requests = new Requests();
        dump(requests, NFT_MSG_GETTABLE, "table list", 0, "").end();
        return netlink.dumpAmidOthers(requests, NftCodec::readTable);
    }

    /** The table as it is in the kernel, null if it is not. */
    public @Nullable Table find(Table table) throws NetlinkException {
        for (Table candidate : tables()) {
            if (candidate.isSame(table)) {
                return candidate;
            }
        }
        return null;
    }

    /** The chains of a table, none if there is no such table. */
    public List<Chain> chains(Table table) throws NetlinkException {
        Requests requests = new Requests();
        dump(requests, NFT_MSG_GETCHAIN, "chain list", table.family().number(), table)
                .end();
        return netlink.dumpAmidOthers(requests, (type, payload) -> {
            Chain chain = NftCodec.readChain(type, payload);
            return chain != null && chain.table().isSame(table) ? chain : null;
        });
    }

    /** A chain as it is in the kernel, null if it is not. */
    public @Nullable Chain find(Chain chain) throws NetlinkException {
        Requests requests = new Requests();
        MessageWriter out = requests.add(NftCodec.type(NFT_MSG_GETCHAIN), 0, "chain show", chain.nameOnly());
        NftCodec.writeBody(out, chain.nameOnly());
        out.end();
        try {
            return netlink.get(requests, NftCodec::readChain);
        } catch (NetlinkException e) {
            if (e.is(Errno.ENOENT)) {
                return null;
            }
            throw e;
        }
    }

    /** The sets and maps of a table, none if there is no such table; also the anonymous ones of others' rules. */
    public List<NftSet> sets(Table table) throws NetlinkException {
        Requests requests = new Requests();
        dump(requests, NFT_MSG_GETSET, "set list", table.family().number(), table)
                .string(NFTA_SET_TABLE, table.name())
                .end();
        List<NftSet> sets = ifAny(requests, SetCodec::read, set -> set);
        sets.removeIf(set -> !set.table().isSame(table));
        return sets;
    }

    /** The elements of a set or map, each once; ENOENT if there is none. Intervals that touch remain apart. */
    public List<Element> elements(NftSet set) throws NetlinkException {
        List<ElementCodec.Part> parts = parts(set);
        boolean isHash = !set.hasIntervals() && (set.flags() & NFT_SET_TIMEOUT) == 0;
        if (isHash && parts.size() > OF_ONE_MESSAGE) {
            parts = settled(set, parts);
        }
        return ElementCodec.whole(set, parts);
    }

    /**
     * The kernel tells a large hash piece by piece, each from the place that it counts anew. While the hash still grows from the
     * elements added last, in the background and without another generation, places move: some are told twice, some not at all.
     */
    private List<ElementCodec.Part> settled(NftSet set, List<ElementCodec.Part> first) throws NetlinkException {
        Set<ElementCodec.Part> before = new LinkedHashSet<>(first);
        for (int i = 0; i < READS; i++) {
            Set<ElementCodec.Part> now = new LinkedHashSet<>(parts(set));
            if (now.equals(before)) {
                break;
            }
            before = now;
        }
        return List.copyOf(before);
    }

    /** What the elements of a set count, by their keys; of an interval by its first value. ENOENT if there is no such set. */
    public Map<Value, Counter> counters(NftSet set) throws NetlinkException {
        Map<Value, Counter> before = counted(set);
        // As of elements; what is counted meanwhile makes no difference.
        for (int i = 0; i < READS && before.size() > OF_ONE_MESSAGE; i++) {
            Map<Value, Counter> now = counted(set);
            if (now.keySet().equals(before.keySet())) {
                return now;
            }
            before = now;
        }
        return before;
    }

    private Map<Value, Counter> counted(NftSet set) throws NetlinkException {
        Map<Value, Counter> counters = new HashMap<>();
        netlink.dumpAmidOthers(listing(set), ElementCodec::readCounters, Map::keySet)
                .forEach(counters::putAll);
        return counters;
    }

    private static Requests listing(NftSet set) {
        Requests requests = new Requests();
        MessageWriter out = requests.add(NftCodec.type(NFT_MSG_GETSETELEM), NLM_F_DUMP, "element list", set);
        ElementCodec.where(out, set.table(), set.name()).end();
        return requests;
    }

    private List<ElementCodec.Part> parts(NftSet set) throws NetlinkException {
        List<ElementCodec.Part> parts = new ArrayList<>();
        for (List<ElementCodec.Part> some : netlink.dumpAmidOthers(listing(set), ElementCodec::read, Nft::ageless)) {
            parts.addAll(some);
        }
        return parts;
    }

    /** Elements whose remaining time is left out, as it is another at each look. */
    private static List<ElementCodec.Part> ageless(List<ElementCodec.Part> parts) {
        boolean isAgeless = parts.stream().allMatch(part -> part.element().expirationMillis() == 0);
        return isAgeless
                ? parts
                : parts.stream()
                        .map(part -> new ElementCodec.Part(part.element().withExpiration(0), part.isEnd()))
                        .toList();
    }

    /** The rules of a table in the order of each chain, none if there is no such table. */
    public List<Rule> rules(Table table) throws NetlinkException {
        return rules(table, "");
    }

    /** The rules of a chain in order, none if there is no such chain. */
    public List<Rule> rules(Chain chain) throws NetlinkException {
        return rules(chain.table(), chain.name());
    }

    private List<Rule> rules(Table table, String chain) throws NetlinkException {
        Requests requests = new Requests();
        NftCodec.where(requests.add(NftCodec.type(NFT_MSG_GETRULE), NLM_F_DUMP, "rule list", table), table, chain)
                .end();
        List<Rule> rules = ifAny(requests, NftCodec::readRule, Rule::withoutCounts);
        rules.removeIf(rule -> !rule.table().isSame(table) || !(chain.isEmpty() || chain.equals(rule.chain())));
        return rules;
    }

    private <T> List<T> ifAny(Requests requests, Netlink.Decoder<T> decoder, Function<T, ?> fixed)
            throws NetlinkException {
        try {
            return netlink.dumpAmidOthers(requests, decoder, fixed);
        } catch (NetlinkException e) {
            if (e.is(Errno.ENOENT)) {
                return new ArrayList<>();
            }
            throw e;
        }
    }

    private static MessageWriter dump(Requests requests, int message, String verb, int family, Object subject) {
        return NftCodec.header(requests.add(NftCodec.type(message), NLM_F_DUMP, verb, subject), family, 0);
    }

    /**
     * Does all of a transaction or nothing.
     *
     * @throws NetlinkException if nothing was done: the first failure, with the others as suppressed; ERESTART if the transaction
     *     is bound to a generation that has passed, and what others wrote by then has been told as events
     */
    public void commit(Transaction transaction) throws NetlinkException {
        if (!transaction.isEmpty()) {
            netlink.transact(transaction.end());
        }
    }

    /** The netlink port of the session, by which events tell who changed something. */
    public int port() {
        return netlink.port();
    }

    @Override
    public void close() {
        netlink.close();
    }
}
