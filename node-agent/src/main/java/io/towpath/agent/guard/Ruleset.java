package io.towpath.agent.guard;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A table as a whole.
 *
 * @param table the table
 * @param chains its chains
 * @param rules its rules, those of a chain in order
 * @param sets its sets with their elements, none of them a map
 */
record Ruleset(Table table, List<Chain> chains, List<Rule> rules, Map<NftSet, Set<Element>> sets) {
    Ruleset {
        chains = List.copyOf(chains);
        rules = List.copyOf(rules);
        Map<NftSet, Set<Element>> copy = new LinkedHashMap<>();
        sets.forEach((set, elements) -> copy.put(set, Set.copyOf(elements)));
        sets = Map.copyOf(copy);
    }
}
