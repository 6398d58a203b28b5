package io.towpath.agent.firewall;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Verdict;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A table of others, as far as packets that are not translated or only just looked at meet it.
 *
 * @param chains its chains by name, without those of nat that nothing else leads to
 * @param rules the rules of these
 * @param sets what these look up, by name
 */
public record FilterTable(
        Table table, Map<String, Chain> chains, Map<String, List<Rule>> rules, Map<String, Lookedup> sets) {
    private static final String FILTER = "filter";

    /** A set or map with what is in it. */
    public record Lookedup(NftSet set, List<Element> elements) {}

    /** Reads one; what changes meanwhile is as it is at some moment. */
    static FilterTable read(Nft nft, Table table) throws NetlinkException {
        Map<String, Chain> chains = new HashMap<>();
        Map<String, List<Rule>> rules = new HashMap<>();
        Map<String, NftSet> known = new HashMap<>();
        for (Chain chain : nft.chains(table)) {
            chains.put(chain.name(), chain);
        }
        for (Rule rule : nft.rules(table)) {
            rules.computeIfAbsent(rule.chain(), _ -> new ArrayList<>()).add(rule);
        }
        for (NftSet set : nft.sets(table)) {
            known.put(set.name(), set);
        }
        Map<String, Lookedup> sets = new HashMap<>();
        Deque<String> left = new ArrayDeque<>();
        chains.values().forEach(chain -> {
            Chain.Base base = chain.base();
            if (base != null && base.type().equals(FILTER)) {
                left.add(chain.name());
            }
        });
        Set<String> reached = new HashSet<>();
        while (!left.isEmpty()) {
            String chain = left.pop();
            if (!reached.add(chain)) {
                continue;
            }
            for (Rule rule : rules.getOrDefault(chain, List.of())) {
                for (Expression step : rule.expressions()) {
                    if (step instanceof Expression.Decide(Verdict verdict)) {
                        left.add(verdict.chain());
                    }
                    if (step instanceof Expression.Lookup lookup) {
                        Lookedup set = sets.get(lookup.set());
                        NftSet wanted = known.get(lookup.set());
                        if (set == null && wanted != null) {
                            set = new Lookedup(wanted, elements(nft, wanted));
                            sets.put(lookup.set(), set);
                        }
                        if (set != null) {
                            set.elements.forEach(element -> {
                                Verdict verdict = element.verdict();
                                if (verdict != null) {
                                    left.add(verdict.chain());
                                }
                            });
                        }
                    }
                }
            }
        }
        chains.keySet().retainAll(reached);
        rules.keySet().retainAll(reached);
        return new FilterTable(table, chains, rules, sets);
    }

    private static List<Element> elements(Nft nft, NftSet set) throws NetlinkException {
        try {
            return nft.elements(set);
        } catch (NetlinkException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }
}
