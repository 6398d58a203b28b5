package io.towpath.agent.check;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Decide;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Meta;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Expression.Reject;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.MetaKey;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import java.util.ArrayList;
import java.util.List;

/** The nftables of others: chains and rules, without what the words of iptables are made of. */
record Firewall(List<Chain> chains, List<Rule> rules) {
    static final Firewall NONE = new Firewall(List.of(), List.of());

    private static final String OURS = "towpath-";

    /** Where the destination port is in a header of UDP, and its length. */
    private static final int DPORT_OFFSET = 2;

    private static final int DPORT_LENGTH = 2;

    Firewall {
        chains = List.copyOf(chains);
        rules = List.copyOf(rules);
    }

    static Firewall of(Nft nft) throws NetlinkException {
        List<Chain> chains = new ArrayList<>();
        List<Rule> rules = new ArrayList<>();
        for (Table table : nft.tables()) {
            if (!table.name().startsWith(OURS)) {
                chains.addAll(nft.chains(table));
                rules.addAll(nft.rules(table));
            }
        }
        return new Firewall(chains, rules);
    }

    /** The base chains at a hook that drop what no rule accepts, such as {@code ip filter INPUT}. */
    List<String> droppingByDefault(Hook hook) {
        List<String> names = new ArrayList<>();
        for (Chain chain : chains) {
            Chain.Base base = chain.base();
            if (base != null && base.hook() == hook && base.drop()) {
                names.add(chain.table() + " " + chain.name());
            }
        }
        return names;
    }

    /** The chains with a rule that does nothing but drop or reject what goes to a port. */
    List<String> dropping(int port) {
        List<String> names = new ArrayList<>();
        for (Rule rule : rules) {
            if (drops(rule, Value.be16(port))) {
                names.add(rule.table() + " " + rule.chain());
            }
        }
        return names;
    }

    private static boolean drops(Rule rule, Value port) {
        List<Expression> steps = rule.expressions();
        boolean ofPort = false;
        boolean drops = false;
        for (int i = 0; i < steps.size(); i++) {
            switch (steps.get(i)) {
                case Payload payload -> {
                    ofPort = isDestinationPort(payload)
                            && i + 1 < steps.size()
                            && steps.get(i + 1) instanceof Cmp cmp
                            && cmp.operator() == Operator.EQ
                            && cmp.value().equals(port);
                    if (!ofPort) {
                        return false;
                    }
                }
                case Decide decide -> drops = decide.verdict().equals(Verdict.DROP);
                case Reject _ -> drops = true;
                case Meta meta -> {
                    if (meta.key() != MetaKey.L4PROTO && meta.key() != MetaKey.NFPROTO) {
                        return false;
                    }
                }
                case Cmp _, Expression.Counter _, Expression.Log _ -> {}
                default -> {
                    return false;
                }
            }
        }
        return ofPort && drops;
    }

    private static boolean isDestinationPort(Payload payload) {
        return payload.header() == Header.TRANSPORT
                && payload.offset() == DPORT_OFFSET
                && payload.length() == DPORT_LENGTH;
    }
}
