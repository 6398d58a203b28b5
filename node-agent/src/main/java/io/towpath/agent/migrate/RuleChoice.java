package io.towpath.agent.migrate;

import io.towpath.netlink.xtables.XRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What goes of one table of iptables.
 *
 * @param chains with all their rules
 * @param rules of chains that stay
 */
record RuleChoice(Set<String> chains, Set<XRule> rules) {
    /** What another network has in a table. */
    static RuleChoice of(OtherNetwork network, PodPorts ports, List<String> chains, List<XRule> rules) {
        Set<String> gone = new LinkedHashSet<>();
        chains.stream().filter(network::ownsChain).forEach(gone::add);
        Set<String> unused = ports.chains(chains, rules);
        gone.addAll(unused);
        Set<XRule> single = new HashSet<>();
        for (XRule rule : rules) {
            if (!gone.contains(rule.chain()) && (network.ownsRule(rule) || ports.isGone(rule, unused))) {
                single.add(rule);
            }
        }
        return new RuleChoice(gone, single);
    }

    boolean isEmpty() {
        return chains.isEmpty() && rules.isEmpty();
    }

    /** What it comes to, for the operator. */
    List<String> names() {
        List<String> names = new ArrayList<>(chains);
        names.addAll(rules.stream().map(XRule::toString).collect(Collectors.toCollection(java.util.TreeSet::new)));
        return names;
    }
}
