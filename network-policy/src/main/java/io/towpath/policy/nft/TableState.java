package io.towpath.policy.nft;

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
record TableState(Table table, Map<String, ChainState> chains, Map<String, SetState> sets) {
    /** A chain with its rules in order. */
    record ChainState(Chain chain, List<Rule> rules) {}

    /** A set or map with its elements. */
    record SetState(NftSet set, Contents contents) {}

    TableState withChain(ChainState chain) {
        chains.put(chain.chain().name(), chain);
        return this;
    }

    TableState withSet(SetState set) {
        sets.put(set.set().name(), set);
        return this;
    }

    static TableState empty(Table table) {
        return new TableState(table, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** What the kernel has, null if there is no such table. */
    static @Nullable TableState read(Nft nft, Table which) throws NetlinkException {
        Table table = nft.find(which);
        if (table == null) {
            return null;
        }
        TableState state = empty(table);
        for (NftSet set : nft.sets(table)) {
            state.withSet(new SetState(set, Contents.Listed.of(nft.elements(set))));
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
