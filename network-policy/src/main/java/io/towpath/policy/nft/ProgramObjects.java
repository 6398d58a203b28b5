package io.towpath.policy.nft;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Decide;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Program;
import java.util.ArrayList;
import java.util.List;

/**
 * The objects of a program: a chain, in which whole protocols have a rule each, and ports a rule each where they are few, or a map where they are
 * many. The map takes ranges only if there are any, as single ports are found faster.
 */
record ProgramObjects(ProgramUse use, ChainState chain, List<SetState> sets) {
    private static final int LAST_PORT = 0xffff;

    /**
     * How many ports and ranges have rules and no map. The kernel goes through all sets of a table for each that is named to it: ten thousand
     * programs take 20 s with a map each, and 0.7 s without.
     */
    private static final int FEW = 8;

    static ProgramObjects of(Table table, ProgramUse use) {
        Program program = use.program();
        Chain chain = Chain.of(table, use.name());
        List<Rule> rules = new ArrayList<>();
        List<Program.PortRange> ports = new ArrayList<>();
        for (Program.PortRange range : program.ports()) {
            if (range.first() <= 1 && range.last() == LAST_PORT) {
                rules.add(Rule.in(chain)
                        .l4proto(number(range.protocol()))
                        .with(new Decide(verdict(use, range.allowed())))
                        .build());
            } else {
                ports.add(range);
            }
        }
        List<SetState> sets = new ArrayList<>();
        if (ports.size() > FEW) {
            NftSet map = map(table, use, ports);
            sets.add(new SetState(map, Contents.Listed.of(elements(use, ports))));
            rules.add(Rule.in(chain).vmap(map, Field.L4PROTO, Field.DPORT));
        } else {
            ports.forEach(range -> rules.add(rule(chain, use, range)));
        }
        rules.add(Rule.in(chain)
                .with(new Decide(verdict(use, program.restAllowed())))
                .build());
        return new ProgramObjects(use, new ChainState(chain, rules), sets);
    }

    private static Rule rule(Chain chain, ProgramUse use, Program.PortRange range) {
        RuleBuilder rule = Rule.in(chain).l4proto(number(range.protocol()));
        return (range.first() == range.last() ? rule.dport(range.first()) : rule.dport(range.first(), range.last()))
                .with(new Decide(verdict(use, range.allowed())))
                .build();
    }

    private static NftSet map(Table table, ProgramUse use, List<Program.PortRange> ports) {
        NftSet map = NftSet.verdicts(table, use.name(), DataType.PROTOCOL, DataType.PORT);
        boolean hasRanges = ports.stream().anyMatch(range -> range.first() != range.last());
        return hasRanges ? map.withIntervals() : map;
    }

    private static List<Element> elements(ProgramUse use, List<Program.PortRange> ports) {
        return ports.stream()
                .map(range -> {
                    int protocol = number(range.protocol());
                    return Element.range(key(protocol, range.first()), key(protocol, range.last()))
                            .to(verdict(use, range.allowed()));
                })
                .toList();
    }

    private static Value key(int protocol, int port) {
        return Value.concat(Value.u8(protocol), Value.be16(port));
    }

    private static Verdict verdict(ProgramUse use, boolean allowed) {
        return Verdicts.of(use.direction(), allowed ? Outcome.ALLOW : Outcome.DENY);
    }

    /** IPPROTO_* of {@code linux/in.h}. */
    static int number(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 6;
            case UDP -> 17;
            case SCTP -> 132;
        };
    }
}
