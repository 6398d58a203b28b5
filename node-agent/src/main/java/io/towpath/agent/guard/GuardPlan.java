package io.towpath.agent.guard;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NfTables;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Transaction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done to make the table what it must be. Elements come and go one by one; a chain whose rules differ gets all of
 * them anew. What cannot be changed, such as a chain's hook, has the table made anew in the transaction in which it goes, so
 * that no packet meets none.
 */
final class GuardPlan {
    private final Ruleset desired;
    private final Ruleset observed;
    private final Map<String, Chain> wantedChains;
    private final Map<String, Chain> presentChains;
    private final Map<String, NftSet> presentSets;
    private final Transaction transaction;

    private GuardPlan(Ruleset desired, Ruleset observed, Transaction transaction) {
        this.desired = desired;
        this.observed = observed;
        this.transaction = transaction;
        wantedChains = byName(desired.chains(), Chain::name);
        presentChains = byName(observed.chains(), Chain::name);
        presentSets = byName(observed.sets().keySet(), NftSet::name);
    }

    /**
     * Plans it.
     *
     * @param observed the table that is there, null if there is none
     * @param generation the one that was observed; in another the transaction does nothing
     */
    static Transaction between(Ruleset desired, @Nullable Ruleset observed, int generation) {
        Transaction transaction = new Transaction(generation);
        if (observed == null) {
            return whole(desired, transaction);
        }
        GuardPlan plan = new GuardPlan(desired, observed, transaction);
        if (!plan.canMend()) {
            return whole(desired, transaction.delete(observed.table()));
        }
        plan.mend();
        return transaction;
    }

    /** The table anew, whatever there is of it. */
    static Transaction anew(Ruleset desired) {
        // Adding it first lets the deletion succeed where there is none.
        return whole(desired, new Transaction().add(desired.table()).delete(desired.table()));
    }

    private static Transaction whole(Ruleset desired, Transaction transaction) {
        transaction.add(desired.table());
        desired.sets().forEach((set, elements) -> transaction.add(set).add(set, elements));
        desired.chains().forEach(transaction::add);
        desired.rules().forEach(transaction::append);
        return transaction;
    }

    private boolean canMend() {
        if (observed.table().dormant()) {
            return false;
        }
        for (NftSet set : desired.sets().keySet()) {
            NftSet there = presentSets.get(set.name());
            if (there != null && !isSame(set, there)) {
                return false;
            }
        }
        for (Chain chain : desired.chains()) {
            Chain there = presentChains.get(chain.name());
            if (there != null && !isSame(chain, there, true)) {
                return false;
            }
        }
        return true;
    }

    private void mend() {
        Map<String, List<Rule>> wanted = byChain(desired);
        Map<String, List<Rule>> there = byChain(observed);
        Set<String> rewritten = new HashSet<>();
        // Rules first: as long as they use sets and chains, these cannot go.
        for (Chain chain : observed.chains()) {
            List<Rule> rules = there.getOrDefault(chain.name(), List.of());
            boolean stays = wantedChains.containsKey(chain.name());
            if (!rules.isEmpty() && !(stays && isSame(wanted.getOrDefault(chain.name(), List.of()), rules))) {
                transaction.flush(bare(chain));
                there.remove(chain.name());
            }
        }
        removeStrangers();
        desired.sets().forEach(this::mendSet);
        for (Chain chain : desired.chains()) {
            Chain present = presentChains.get(chain.name());
            if (present == null || !isSame(chain, present, false)) {
                transaction.add(chain);
            }
            if (!there.containsKey(chain.name())) {
                rewritten.add(chain.name());
            }
        }
        desired.rules().stream()
                .filter(rule -> rewritten.contains(rule.chain()))
                .forEach(transaction::append);
    }

    private void removeStrangers() {
        Set<String> wantedSets = byName(desired.sets().keySet(), NftSet::name).keySet();
        for (NftSet set : observed.sets().keySet()) {
            // One without a name of its own goes with the rule that it is a part of.
            if (!wantedSets.contains(set.name()) && (set.flags() & NfTables.NFT_SET_ANONYMOUS) == 0) {
                transaction.delete(set);
            }
        }
        for (Chain chain : observed.chains()) {
            if (!wantedChains.containsKey(chain.name())) {
                transaction.delete(bare(chain));
            }
        }
    }

    private void mendSet(NftSet set, Set<Element> wanted) {
        NftSet present = presentSets.get(set.name());
        if (present == null) {
            transaction.add(set).add(set, wanted);
            return;
        }
        Set<Element> there = observed.sets().getOrDefault(present, Set.of());
        transaction.delete(set, without(there, wanted)).add(set, without(wanted, there));
    }

    private static Set<Element> without(Set<Element> all, Set<Element> but) {
        Set<Element> rest = new HashSet<>(all);
        but.forEach(rest::remove);
        return rest;
    }

    private static boolean isSame(Chain one, Chain other, boolean whateverPolicy) {
        Chain.Base base = one.base();
        Chain.Base present = other.base();
        if (base == null || present == null) {
            return base == null && present == null;
        }
        boolean drop = whateverPolicy ? base.drop() : present.drop();
        return base.equals(new Chain.Base(present.type(), present.hook(), present.priority(), drop, present.device()));
    }

    private static boolean isSame(NftSet one, NftSet other) {
        return one.key().equals(other.key())
                && one.data().equals(other.data())
                && one.flags() == other.flags()
                && one.timeoutMillis() == other.timeoutMillis()
                && one.size() == other.size();
    }

    private static boolean isSame(List<Rule> some, List<Rule> others) {
        if (some.size() != others.size()) {
            return false;
        }
        for (int i = 0; i < some.size(); i++) {
            if (!some.get(i).isSame(others.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static Chain bare(Chain chain) {
        return Chain.of(chain.table(), chain.name());
    }

    private static <T> Map<String, T> byName(Iterable<T> all, Function<T, String> name) {
        Map<String, T> map = new LinkedHashMap<>();
        all.forEach(each -> map.put(name.apply(each), each));
        return map;
    }

    private static Map<String, List<Rule>> byChain(Ruleset ruleset) {
        Map<String, List<Rule>> chains = new HashMap<>();
        for (Rule rule : ruleset.rules()) {
            chains.computeIfAbsent(rule.chain(), _ -> new ArrayList<>()).add(rule);
        }
        return chains;
    }
}
