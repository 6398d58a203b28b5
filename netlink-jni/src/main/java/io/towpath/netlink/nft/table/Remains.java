package io.towpath.netlink.nft.table;

import io.towpath.linux.Errno;
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
    private static final int ATTEMPTS = 5;

    private final Map<String, List<Element>> passing = new HashMap<>();
    private final Map<String, Map<Value, Counter>> counters = new HashMap<>();
    private final Map<String, List<Rule>> rules = new HashMap<>();
    private final List<String> lost = new ArrayList<>();

    private Remains() {}

    /**
     * Reads what a table that is made anew is to have again.
     *
     * @param there the table as it was read; null if it could not be as a whole, or is not there
     */
    static Remains read(Nft nft, TableState desired, @Nullable TableState there) {
        Remains remains = new Remains();
        remains.readRules(nft, desired, there);
        Map<String, NftSet> sets = remains.sets(nft, desired, there);
        for (SetState wanted : desired.sets().values()) {
            NftSet set = wanted.set();
            NftSet old = sets.get(set.name());
            if (old != null && wanted.contents() instanceof Contents.Passing) {
                remains.readPassing(nft, set, old);
            } else if (old != null && set.isSame(old) && counts(set)) {
                remains.readCounters(nft, set);
            }
        }
        return remains;
    }

    /**
     * Whether a set whose elements go after a time is to be another kind of set than it is, as of another release: the new one takes the
     * place of the old one.
     */
    static boolean isReplaced(TableState desired, TableState there) {
        return desired.sets().values().stream().anyMatch(wanted -> isReplaced(wanted, there));
    }

    private static boolean isReplaced(SetState wanted, TableState there) {
        SetState old = there.sets().get(wanted.set().name());
        return wanted.contents() instanceof Contents.Passing
                && old != null
                && !wanted.set().isSame(old.set());
    }

    /** Reads what is in such sets. */
    static Remains ofReplaced(Nft nft, TableState desired, TableState there) {
        Remains remains = new Remains();
        for (SetState wanted : desired.sets().values()) {
            SetState old = there.sets().get(wanted.set().name());
            if (old != null && isReplaced(wanted, there)) {
                remains.readPassing(nft, wanted.set(), old.set());
            }
        }
        return remains;
    }

    private interface Reading<T> {
        T read() throws NetlinkException;
    }

    /** Reads again while the kernel is short of something, or others change what is read. */
    private static <T> T read(Reading<T> reading) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            try {
                return reading.read();
            } catch (NetlinkException e) {
                boolean isPassing =
                        e.is(Errno.EINTR) || e.is(Errno.ENOMEM) || e.is(Errno.ENOBUFS) || e.is(Errno.EAGAIN);
                if (!isPassing || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void readRules(Nft nft, TableState desired, @Nullable TableState there) {
        if (there != null) {
            there.chains().forEach((name, chain) -> rules.put(name, chain.rules()));
            return;
        }
        try {
            for (Rule rule : read(() -> nft.rules(desired.table()))) {
                rules.computeIfAbsent(rule.chain(), _ -> new ArrayList<>()).add(rule);
            }
        } catch (NetlinkException e) {
            lost.add("what rules have counted: " + e.getMessage());
        }
    }

    private Map<String, NftSet> sets(Nft nft, TableState desired, @Nullable TableState there) {
        Map<String, NftSet> sets = new HashMap<>();
        if (there != null) {
            there.sets().forEach((name, set) -> sets.put(name, set.set()));
            return sets;
        }
        try {
            read(() -> nft.sets(desired.table())).forEach(set -> sets.put(set.name(), set));
        } catch (NetlinkException e) {
            // Most often they are what they are to be.
            desired.sets().forEach((name, set) -> sets.put(name, set.set()));
        }
        return sets;
    }

    private void readPassing(Nft nft, NftSet set, NftSet old) {
        try {
            List<Element> all = read(() -> nft.elements(old));
            List<Element> fitting = set.isSame(old) ? all : fitting(all, set, old);
            if (!fitting.isEmpty()) {
                passing.put(set.name(), fitting);
            }
            if (fitting.size() < all.size()) {
                lost.add("set " + set.name() + ": " + (all.size() - fitting.size()) + " of " + all.size()
                        + " elements, as they do not fit into what it is to be");
            }
        } catch (NetlinkException e) {
            if (!e.is(Errno.ENOENT)) {
                lost.add("set " + set.name() + ": " + e.getMessage());
            }
        }
    }

    /** What a set can have of the elements of another kind of set. */
    private static List<Element> fitting(List<Element> elements, NftSet set, NftSet old) {
        if (!set.key().equals(old.key()) || !set.data().equals(old.data())) {
            return List.of();
        }
        List<Element> fitting = new ArrayList<>();
        for (Element each : elements) {
            boolean isFull = set.size() > 0 && fitting.size() == set.size();
            if (!isFull && (each.keyEnd() == null || set.hasIntervals())) {
                long timeout = each.timeoutMillis() == 0 ? old.timeoutMillis() : each.timeoutMillis();
                fitting.add(each.withTimeout(timeout == set.timeoutMillis() ? 0 : timeout));
            }
        }
        return fitting;
    }

    private void readCounters(Nft nft, NftSet set) {
        try {
            counters.put(set.name(), read(() -> nft.counters(set)));
        } catch (NetlinkException e) {
            if (!e.is(Errno.ENOENT)) {
                lost.add("set " + set.name() + ": " + e.getMessage());
            }
        }
    }

    /** Of one expression alone, as all kernels take it with an element. */
    private static boolean counts(NftSet set) {
        return set.each().size() == 1 && set.each().getFirst() instanceof Counter;
    }

    /** What could not be read, or is left out; null for nothing. */
    @Nullable
    String lost() {
        return lost.isEmpty() ? null : String.join("; ", lost);
    }

    /**
     * Less of it, where the kernel does not take all: without what was counted, then nothing.
     *
     * @param why what the kernel refuses
     * @return null if there was nothing any more
     */
    @Nullable
    Remains less(String why) {
        if (passing.isEmpty() && counters.isEmpty() && rules.isEmpty()) {
            return null;
        }
        boolean hasCounts = !counters.isEmpty() || !rules.isEmpty();
        Remains less = new Remains();
        less.lost.addAll(lost);
        less.lost.add((hasCounts ? "all that was counted: " : "all that passes: ") + why);
        if (hasCounts) {
            less.passing.putAll(passing);
        }
        return less;
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
