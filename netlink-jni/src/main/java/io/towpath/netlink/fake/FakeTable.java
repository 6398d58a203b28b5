package io.towpath.netlink.fake;

import io.towpath.linux.Errno;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.ElementCodec.Part;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Expression.Decide;
import io.towpath.netlink.nft.Expression.Dynset;
import io.towpath.netlink.nft.Expression.Lookup;
import io.towpath.netlink.nft.Expression.ObjectRef;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A table with its chains, sets, rules and counters. */
final class FakeTable {
    final Table table;
    final Map<String, Chain> chains = new LinkedHashMap<>();
    final Map<String, FakeSet> sets = new LinkedHashMap<>();
    final List<Rule> rules = new ArrayList<>();
    final Set<String> objects = new LinkedHashSet<>();

    FakeTable(Table table) {
        this.table = table;
    }

    /** What an element is told by: an interval's start and the end of the one before may be the same value. */
    record ElementKey(Value value, boolean isEnd) {}

    /** A set with its elements. */
    record FakeSet(NftSet set, Map<ElementKey, Part> parts) {}

    FakeTable copy() {
        FakeTable copy = new FakeTable(table);
        copy.chains.putAll(chains);
        sets.forEach((name, set) -> copy.sets.put(name, new FakeSet(set.set(), new LinkedHashMap<>(set.parts()))));
        copy.rules.addAll(rules);
        copy.objects.addAll(objects);
        return copy;
    }

    Chain chain(String name) throws FakeRefusal {
        return known(chains.get(name));
    }

    FakeSet set(String name) throws FakeRefusal {
        return known(sets.get(name));
    }

    int ruleAt(long handle) throws FakeRefusal {
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).handle() == handle) {
                return i;
            }
        }
        throw new FakeRefusal(Errno.ENOENT);
    }

    static <T> T known(@Nullable T value) throws FakeRefusal {
        if (value == null) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        return value;
    }

    /** Refuses what names something that is not there. */
    void check(Rule rule) throws FakeRefusal {
        chain(rule.chain());
        for (Expression expression : rule.expressions()) {
            switch (expression) {
                case Decide decide -> check(decide.verdict());
                case Lookup lookup -> set(lookup.set());
                case Dynset dynset -> set(dynset.set());
                case ObjectRef object -> known(objects.contains(object.name()) ? object : null);
                default -> {}
            }
        }
    }

    void check(@Nullable Verdict verdict) throws FakeRefusal {
        if (verdict != null && !verdict.chain().isEmpty()) {
            chain(verdict.chain());
        }
    }

    private static boolean jumps(@Nullable Verdict verdict, String chain) {
        return verdict != null && verdict.chain().equals(chain);
    }

    boolean isJumpedTo(String chain) {
        boolean byRule = rules.stream()
                .filter(rule -> !rule.chain().equals(chain))
                .flatMap(rule -> rule.expressions().stream())
                .anyMatch(expression -> expression instanceof Decide decide && jumps(decide.verdict(), chain));
        return byRule
                || sets.values().stream()
                        .flatMap(set -> set.parts().values().stream())
                        .anyMatch(part -> jumps(part.element().verdict(), chain));
    }

    boolean isUsed(String set) {
        return rules.stream()
                .flatMap(rule -> rule.expressions().stream())
                .anyMatch(expression -> (expression instanceof Lookup lookup
                                && lookup.set().equals(set))
                        || (expression instanceof Dynset dynset && dynset.set().equals(set)));
    }

    boolean isUsedObject(String name) {
        return rules.stream()
                .flatMap(rule -> rule.expressions().stream())
                .anyMatch(expression ->
                        expression instanceof ObjectRef object && object.name().equals(name));
    }
}
