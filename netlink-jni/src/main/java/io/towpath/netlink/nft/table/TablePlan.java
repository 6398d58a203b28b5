package io.towpath.netlink.nft.table;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Dynset;
import io.towpath.netlink.nft.Expression.Lookup;
import io.towpath.netlink.nft.NfTables;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done to make the table what it must be. Elements come and go one by one; a chain whose rules differ gets all of
 * them anew. The base chains stay where they are, whatever else changes, so that every packet meets either all old rules or all
 * new ones; only what cannot be changed otherwise has the table made anew, in the transaction in which it goes.
 */
final class TablePlan {
    private final TableState desired;
    private final TableState observed;
    private final Transaction transaction;
    private final Set<String> replacedSets = new HashSet<>();
    private final Set<String> rewritten = new HashSet<>();

    private TablePlan(TableState desired, TableState observed, Transaction transaction) {
        this.desired = desired;
        this.observed = observed;
        this.transaction = transaction;
    }

    /**
     * Plans it.
     *
     * @param observed the table that is there, null if there is none
     * @param generation the one that was observed; in another the transaction does nothing
     */
    static Transaction between(TableState desired, @Nullable TableState observed, int generation) {
        Transaction transaction = new Transaction(generation);
        if (observed == null) {
            return whole(desired, transaction);
        }
        if (obstacle(desired, observed) != null) {
            return whole(desired, transaction.delete(observed.table()));
        }
        new TablePlan(desired, observed, transaction).mend();
        return transaction;
    }

    /** Why a table has to be made anew; null if it can be mended. */
    static @Nullable String obstacle(TableState desired, TableState observed) {
        if (observed.table().dormant()) {
            return "it is dormant";
        }
        for (ChainState chain : desired.chains().values()) {
            ChainState there = observed.chains().get(chain.chain().name());
            if (there != null && !chain.chain().hasHookOf(there.chain())) {
                return "its chain " + chain.chain().name() + " hangs elsewhere";
            }
        }
        return null;
    }

    /**
     * The table anew.
     *
     * @param observed the one that is there, null if nobody knows whether there is one
     */
    static Transaction anew(TableState desired, @Nullable TableState observed) {
        Transaction transaction = new Transaction();
        if (observed == null) {
            // Adding it first lets the deletion succeed where there is none.
            transaction.add(desired.table());
        }
        return whole(desired, transaction.delete(desired.table()));
    }

    private static Transaction whole(TableState desired, Transaction transaction) {
        transaction.add(desired.table());
        new TablePlan(desired, TableState.empty(desired.table()), transaction).mend();
        return transaction;
    }

    private void mend() {
        for (SetState set : desired.sets().values()) {
            SetState there = observed.sets().get(set.set().name());
            if (there != null && !set.set().isSame(there.set())) {
                replacedSets.add(set.set().name());
            }
        }
        // Rules first: as long as they use sets and chains, these cannot go.
        observed.chains().values().forEach(this::clear);
        replacedSets.forEach(name -> transaction.delete(nameOf(observed.sets(), name)));
        // Then what elements and rules lead to.
        desired.chains().values().forEach(this::mendChain);
        desired.sets().values().forEach(this::mendSet);
        for (ChainState chain : desired.chains().values()) {
            if (rewritten.contains(chain.chain().name())) {
                chain.rules().forEach(transaction::append);
            }
        }
        observed.sets().values().forEach(this::removeIfStrange);
        for (ChainState chain : observed.chains().values()) {
            if (!desired.chains().containsKey(chain.chain().name())) {
                transaction.delete(chain.chain().nameOnly());
            }
        }
    }

    private static NftSet nameOf(Map<String, SetState> sets, String name) {
        SetState set = sets.get(name);
        if (set == null) {
            throw new IllegalStateException(name);
        }
        return set.set();
    }

    private void clear(ChainState there) {
        ChainState wanted = desired.chains().get(there.chain().name());
        boolean stays = wanted != null && (wanted.equals(there) || Rule.areSame(wanted.rules(), there.rules()));
        if (stays && there.rules().stream().noneMatch(this::usesReplaced)) {
            return;
        }
        if (!there.rules().isEmpty()) {
            transaction.flush(there.chain().nameOnly());
        }
        if (wanted != null) {
            rewritten.add(there.chain().name());
        }
    }

    private boolean usesReplaced(Rule rule) {
        return !replacedSets.isEmpty()
                && rule.expressions().stream()
                        .anyMatch(step -> (step instanceof Lookup lookup && replacedSets.contains(lookup.set()))
                                || (step instanceof Dynset dynset && replacedSets.contains(dynset.set())));
    }

    private void mendChain(ChainState wanted) {
        Chain chain = wanted.chain();
        ChainState there = observed.chains().get(chain.name());
        if (there == null) {
            rewritten.add(chain.name());
        }
        if (there == null || !chain.hasPolicyOf(there.chain())) {
            transaction.add(chain);
        }
    }

    private void mendSet(SetState wanted) {
        SetState there = observed.sets().get(wanted.set().name());
        if (there == null || replacedSets.contains(wanted.set().name())) {
            transaction.add(wanted.set());
            transaction.add(wanted.set(), wanted.contents().byKey().values());
            return;
        }
        if (wanted.contents().equals(there.contents())) {
            return;
        }
        List<Element> gone = new ArrayList<>();
        List<Element> come = new ArrayList<>();
        wanted.contents().since(there.contents(), gone, come);
        transaction.delete(wanted.set(), gone).add(wanted.set(), come);
    }

    private void removeIfStrange(SetState there) {
        NftSet set = there.set();
        // One without a name of its own goes with the rule that it is a part of.
        if (!desired.sets().containsKey(set.name()) && (set.flags() & NfTables.NFT_SET_ANONYMOUS) == 0) {
            transaction.delete(set);
        }
    }
}
