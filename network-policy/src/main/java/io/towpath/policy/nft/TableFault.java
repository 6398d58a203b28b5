package io.towpath.policy.nft;

import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds what others have changed of a table without its ruleset: where packets enter it, and which pods it knows. */
final class TableFault {
    private static final boolean[] FAMILIES = {false, true};

    /** Of an interface's name in a key. */
    private static final int NAME_LENGTH = 16;

    private final TableState there;
    private final TableLayout layout;

    TableFault(TableState there, boolean enforces) {
        this.there = there;
        layout = new TableLayout(options(there, enforces));
    }

    /** Those that a table was made with, as far as its chains tell them. */
    private static PolicyOptions options(TableState there, boolean enforces) {
        for (ChainState chain : there.chains().values()) {
            for (Rule rule : chain.rules()) {
                for (Expression step : rule.expressions()) {
                    if (step instanceof Expression.Log log) {
                        return new PolicyOptions(enforces, log.group(), 1, 1);
                    }
                }
            }
        }
        return enforces ? PolicyOptions.silent() : PolicyOptions.silent().onTrial();
    }

    /** What is wrong, null if nothing. */
    @Nullable
    String find(Collection<String> links) {
        if (there.table().dormant()) {
            return "it is dormant";
        }
        for (ChainState wanted : layout.chains()) {
            ChainState chain = there.chains().get(wanted.chain().name());
            if (chain == null) {
                return "it has no chain " + wanted.chain().name();
            }
            if (!wanted.chain().hasHookOf(chain.chain()) || !wanted.chain().hasPolicyOf(chain.chain())) {
                return "its chain " + wanted.chain().name() + " is of another kind";
            }
            if (!Rule.areSame(wanted.rules(), chain.rules())) {
                return "its chain " + wanted.chain().name() + " has other rules";
            }
        }
        for (NftSet set : sets()) {
            SetState other = there.sets().get(set.name());
            if (other == null || !set.key().equals(other.set().key())) {
                return "it has no set " + set.name() + " as it must be";
            }
        }
        Set<String> unknown = new TreeSet<>(links);
        unknown.removeAll(known());
        return unknown.isEmpty()
                ? null
                : "it knows " + (unknown.size() == 1 ? "one pod" : unknown.size() + " pods")
                        + " not, to which all is denied: " + unknown.iterator().next();
    }

    private List<NftSet> sets() {
        List<NftSet> sets = new ArrayList<>(layout.passing());
        for (Way way : Way.values()) {
            for (boolean ipv6 : FAMILIES) {
                sets.add(layout.pods(way, ipv6));
            }
        }
        for (boolean ipv6 : FAMILIES) {
            sets.add(layout.sources(ipv6));
        }
        return sets;
    }

    /** The links that packets may come from. */
    private Set<String> known() {
        Set<String> names = new HashSet<>();
        for (boolean ipv6 : FAMILIES) {
            SetState sources = there.sets().get(layout.sources(ipv6).name());
            if (sources != null) {
                sources.contents()
                        .byKey()
                        .keySet()
                        .forEach(key -> names.add(key.slice(0, NAME_LENGTH).name()));
            }
        }
        return names;
    }
}
