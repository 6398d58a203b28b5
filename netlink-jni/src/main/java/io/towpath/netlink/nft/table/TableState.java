package io.towpath.netlink.nft.table;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table as a whole, wanted or there.
 *
 * @param table the table
 * @param chains its chains by name
 * @param sets its sets by name
 */
public record TableState(Table table, Map<String, ChainState> chains, Map<String, SetState> sets) {
    /** A chain with its rules in order. */
    public record ChainState(Chain chain, List<Rule> rules) {}

    /** A set or map with its elements. */
    public record SetState(NftSet set, Contents contents) {}

    /** Adds a chain, or takes it for the one of its name. */
    public TableState withChain(ChainState chain) {
        chains.put(chain.chain().name(), chain);
        return this;
    }

    /** Adds a set, or takes it for the one of its name. */
    public TableState withSet(SetState set) {
        sets.put(set.set().name(), set);
        return this;
    }

    /** A table with nothing in it, to be filled. */
    public static TableState empty(Table table) {
        return new TableState(table, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** What the kernel has, null if there is no such table. Elements that go after a time are not read. */
    public static @Nullable TableState read(Nft nft, Table which) throws NetlinkException {
        Table table = nft.find(which);
        if (table == null) {
            return null;
        }
        TableState state = empty(table);
        for (NftSet set : nft.sets(table)) {
            state.withSet(new SetState(
                    set, set.hasTimeouts() ? new Contents.Passing() : Contents.Listed.of(nft.elements(set))));
        }
        for (Chain chain : nft.chains(table)) {
            state.withChain(new ChainState(chain, new ArrayList<>()));
        }
        for (Rule rule : nft.rules(table)) {
            ChainState chain = state.chains.get(rule.chain());
            if (chain != null) {
                chain.rules().add(rule);
            }
        }
        return state;
    }
}
