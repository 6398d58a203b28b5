package io.towpath.policy.nft;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Decide;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.nft.TableState.ChainState;
import io.towpath.policy.nft.TableState.SetState;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Program;
import java.util.ArrayList;
import java.util.List;

/**
 * The objects of a program: a chain, in which whole protocols have a rule each, and a map of all ports that are named. The map takes
 * ranges only if there are any, as single ports are found faster.
 */
record ProgramObjects(ProgramUse use, ChainState chain, List<SetState> sets) {
    private static final int LAST_PORT = 0xffff;

    static ProgramObjects of(Table table, ProgramUse use) {
        Program program = use.program();
        Chain chain = Chain.of(table, use.name());
        List<Rule> rules = new ArrayList<>();
        List<Element> elements = new ArrayList<>();
        boolean hasRanges = false;
        for (Program.PortRange range : program.ports()) {
            Verdict verdict = verdict(use, range.allowed());
            int protocol = number(range.protocol());
            if (range.first() <= 1 && range.last() == LAST_PORT) {
                rules.add(Rule.in(chain)
                        .l4proto(protocol)
                        .with(new Decide(verdict))
                        .build());
                continue;
            }
            hasRanges |= range.first() != range.last();
            Element element = Element.range(key(protocol, range.first()), key(protocol, range.last()));
            elements.add(element.to(verdict));
        }
        List<SetState> sets = new ArrayList<>();
        if (!elements.isEmpty()) {
            NftSet map = NftSet.verdicts(table, use.name(), DataType.PROTOCOL, DataType.PORT);
            map = hasRanges ? map.withIntervals() : map;
            sets.add(new SetState(map, Contents.Listed.of(elements)));
            rules.add(Rule.in(chain).vmap(map, Field.L4PROTO, Field.DPORT));
        }
        rules.add(Rule.in(chain)
                .with(new Decide(verdict(use, program.restAllowed())))
                .build());
        return new ProgramObjects(use, new ChainState(chain, rules), sets);
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
