package io.towpath.agent.guard;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Transaction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done to make the table what it must be. Elements come and go one by one; where anything else differs, the table
 * is made anew, in the same transaction in which the old one goes, so that no packet meets none.
 *
 * @param whole whether the table is made anew
 * @param added by set, what comes
 * @param removed by set, what goes
 */
record GuardPlan(Ruleset desired, boolean whole, Map<NftSet, Set<Element>> added, Map<NftSet, Set<Element>> removed) {

    /** @param observed the table that is there, null if there is none */
    static GuardPlan between(Ruleset desired, @Nullable Ruleset observed) {
        Map<NftSet, Set<Element>> added = new LinkedHashMap<>();
        Map<NftSet, Set<Element>> removed = new LinkedHashMap<>();
        if (observed == null || !isSameStructure(desired, observed)) {
            return new GuardPlan(desired, true, added, removed);
        }
        Map<String, Set<Element>> present = new LinkedHashMap<>();
        observed.sets().forEach((set, elements) -> present.put(set.name(), elements));
        desired.sets().forEach((set, wanted) -> {
            Set<Element> there = present.getOrDefault(set.name(), Set.of());
            put(added, set, wanted, there);
            put(removed, set, there, wanted);
        });
        return new GuardPlan(desired, false, added, removed);
    }

    private static void put(Map<NftSet, Set<Element>> map, NftSet set, Set<Element> all, Set<Element> but) {
        Set<Element> rest = new HashSet<>(all);
        rest.removeAll(but);
        if (!rest.isEmpty()) {
            map.put(set, rest);
        }
    }

    boolean isEmpty() {
        return !whole && added.isEmpty() && removed.isEmpty();
    }

    /** Writes it; of what was another generation it does nothing. */
    Transaction transaction(int generation) {
        Transaction transaction = new Transaction(generation);
        if (!whole) {
            removed.forEach(transaction::delete);
            added.forEach(transaction::add);
            return transaction;
        }
        // Adding it first lets the deletion succeed where there is none.
        transaction.add(desired.table()).delete(desired.table()).add(desired.table());
        desired.sets().forEach((set, elements) -> transaction.add(set).add(set, elements));
        desired.chains().forEach(transaction::add);
        desired.rules().forEach(transaction::append);
        return transaction;
    }

    private static boolean isSameStructure(Ruleset desired, Ruleset observed) {
        return chains(desired).equals(chains(observed))
                && sets(desired).equals(sets(observed))
                && isSameRules(desired, observed);
    }

    private static Set<Chain> chains(Ruleset ruleset) {
        Set<Chain> chains = new HashSet<>();
        ruleset.chains().forEach(chain -> chains.add(new Chain(ruleset.table(), chain.name(), chain.base(), "", 0)));
        return chains;
    }

    private static Set<NftSet> sets(Ruleset ruleset) {
        Set<NftSet> sets = new HashSet<>();
        ruleset.sets()
                .keySet()
                .forEach(set -> sets.add(new NftSet(
                        ruleset.table(),
                        set.name(),
                        set.key(),
                        set.data(),
                        set.flags(),
                        set.timeoutMillis(),
                        set.size(),
                        "",
                        0)));
        return sets;
    }

    private static boolean isSameRules(Ruleset desired, Ruleset observed) {
        Map<String, List<Rule>> wanted = byChain(desired);
        Map<String, List<Rule>> there = byChain(observed);
        if (!wanted.keySet().equals(there.keySet())) {
            return false;
        }
        for (Map.Entry<String, List<Rule>> entry : wanted.entrySet()) {
            List<Rule> others = there.getOrDefault(entry.getKey(), List.of());
            if (others.size() != entry.getValue().size()) {
                return false;
            }
            for (int i = 0; i < others.size(); i++) {
                if (!others.get(i).isSame(entry.getValue().get(i))) {
                    return false;
                }
            }
        }
        return true;
    }

    private static Map<String, List<Rule>> byChain(Ruleset ruleset) {
        Map<String, List<Rule>> chains = new LinkedHashMap<>();
        ruleset.rules()
                .forEach(rule -> chains.computeIfAbsent(rule.chain(), _ -> new ArrayList<>())
                        .add(rule));
        return chains;
    }
}
