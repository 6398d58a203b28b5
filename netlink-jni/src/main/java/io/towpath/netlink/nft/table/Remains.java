package io.towpath.netlink.nft.table;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a table has that nobody could tell from what it must be: elements that go after a time, and what was counted. */
final class Remains {
    private final Map<String, List<Element>> passing = new HashMap<>();
    private final Map<String, Map<Value, Counter>> counters = new HashMap<>();
    private final Map<String, List<Rule>> rules = new HashMap<>();
    private final List<String> lost = new ArrayList<>();

    private Remains() {}

    /**
     * Reads it.
     *
     * @param there the table as it was read, null if it could not be
     */
    static Remains read(Nft nft, TableState desired, @Nullable TableState there) {
        Remains remains = new Remains();
        if (there == null) {
            remains.lost.add("all that was counted and all that passes, as the table cannot be read");
            return remains;
        }
        for (SetState wanted : desired.sets().values()) {
            NftSet set = wanted.set();
            SetState old = there.sets().get(set.name());
            if (old == null || !set.isSame(old.set())) {
                continue; // what is in it means something else
            }
            try {
                if (wanted.contents() instanceof Contents.Passing) {
                    remains.passing.put(set.name(), nft.elements(set));
                } else if (counts(set)) {
                    remains.counters.put(set.name(), nft.counters(set));
                }
            } catch (NetlinkException e) {
                remains.lost.add("set " + set.name() + ": " + e.getMessage());
            }
        }
        there.chains().forEach((name, chain) -> remains.rules.put(name, chain.rules()));
        return remains;
    }

    /** Of one expression alone, as all kernels take it with an element. */
    private static boolean counts(NftSet set) {
        return set.each().size() == 1 && set.each().getFirst() instanceof Counter;
    }

    /** What could not be read; null for nothing. */
    @Nullable
    String lost() {
        return lost.isEmpty() ? null : String.join("; ", lost);
    }

    /** What the table must be, and has all of this in it. */
    TableState in(TableState desired) {
        TableState state = TableState.empty(desired.table());
        for (SetState set : desired.sets().values()) {
            state.withSet(new SetState(set.set(), contents(set)));
        }
        for (ChainState chain : desired.chains().values()) {
            List<Rule> old = rules.getOrDefault(chain.chain().name(), List.of());
            state.withChain(new ChainState(
                    chain.chain(),
                    chain.rules().stream().map(rule -> counted(rule, old)).toList()));
        }
        return state;
    }

    private Contents contents(SetState set) {
        String name = set.set().name();
        List<Element> elements = passing.get(name);
        if (elements != null) {
            return Contents.Listed.of(elements);
        }
        Map<Value, Counter> counted = counters.get(name);
        if (counted == null) {
            return set.contents();
        }
        Map<Value, Element> all = new LinkedHashMap<>();
        set.contents().byKey().forEach((key, element) -> {
            Counter counter = counted.get(key);
            all.put(key, counter == null ? element : element.withCounted(counter));
        });
        return new Contents.Listed(all);
    }

    private static Rule counted(Rule rule, List<Rule> old) {
        for (Rule other : old) {
            if (rule.isSame(other)) {
                return rule.withCountsOf(other);
            }
        }
        return rule;
    }
}
