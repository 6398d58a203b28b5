package io.towpath.agent.firewall;

import io.towpath.agent.firewall.FilterTable.Lookedup;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.MetaKey;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Verdict;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Follows a packet through one table. What a rule does that may or may not match is taken for the better: a drop as if it did not, an accept as
 * one that there may be. So what is told to end there does.
 */
final class Walk {
    private static final int MOST_RULES = 200_000;
    private static final int DEEPEST = 32;
    private static final int QUEUE = 3;
    private static final int VERDICT_MASK = 0xff;

    private final FilterTable table;
    private final Packet packet;
    private final Hook hook;
    private final Map<String, Integer> links;
    private Bits mark = Bits.of(new byte[4]);
    private boolean mayBeAccepted;
    private boolean isReject;
    private int rules;

    private Walk(FilterTable table, Packet packet, Hook hook, Map<String, Integer> links) {
        this.table = table;
        this.packet = packet;
        this.hook = hook;
        this.links = links;
    }

    private enum End {
        ACCEPTED,
        DROPPED,
        /** The end of the chain, or a return. */
        FALLEN
    }

    /** Where the packet ends in a base chain; null if it passes. */
    static @Nullable Fate through(FilterTable table, Chain chain, Packet packet, Map<String, Integer> links) {
        Chain.Base base = chain.base();
        if (base == null || !isOf(table, packet)) {
            return null;
        }
        Walk walk = new Walk(table, packet, base.hook(), links);
        End end = walk.chain(chain.name(), 0);
        return switch (end) {
            case ACCEPTED -> null;
            case DROPPED -> new Fate(chain, walk.isReject, false, !walk.mayBeAccepted);
            case FALLEN -> base.drop() ? new Fate(chain, false, true, !walk.mayBeAccepted) : null;
        };
    }

    private static boolean isOf(FilterTable table, Packet packet) {
        Family family = table.table().family();
        return family == Family.INET || family == (packet.ipv6() ? Family.IPV6 : Family.IPV4);
    }

    private End chain(String name, int depth) {
        if (depth > DEEPEST) {
            mayBeAccepted = true;
            return End.FALLEN;
        }
        boolean mayHaveReturned = false;
        for (Rule rule : table.rules().getOrDefault(name, List.of())) {
            if (++rules > MOST_RULES) {
                mayBeAccepted = true;
                return End.FALLEN;
            }
            Step step = new Step(depth);
            Truth matches = step.rule(rule);
            if (matches == Truth.NO || step.end == null) {
                continue;
            }
            boolean isSure = matches == Truth.YES && !mayHaveReturned;
            if (isSure) {
                return step.end;
            }
            mayBeAccepted |= step.end == End.ACCEPTED;
            mayHaveReturned |= step.end == End.FALLEN;
        }
        return End.FALLEN;
    }

    /** One rule. */
    private final class Step {
        private final Registers registers = new Registers(packet, hook, links);
        private final int depth;
        private Truth matches = Truth.YES;
        private @Nullable End end;

        private Step(int depth) {
            this.depth = depth;
        }

        private Truth rule(Rule rule) {
            for (Expression step : rule.expressions()) {
                take(step);
                if (matches == Truth.NO || end != null) {
                    break;
                }
            }
            return matches;
        }

        private void require(Truth truth) {
            matches = matches.and(truth);
        }

        private void take(Expression step) {
            switch (step) {
                case Expression.Meta meta -> registers.load(meta, mark);
                case Expression.Payload payload -> registers.load(payload);
                case Expression.Ct ct -> registers.load(ct);
                case Expression.Fib fib -> registers.load(fib);
                case Expression.Immediate immediate -> registers.load(immediate);
                case Expression.Bitwise bitwise -> registers.load(bitwise);
                case Expression.NumGen number -> registers.forget(number.register());
                case Expression.Cmp cmp -> require(registers.compare(cmp));
                case Expression.Range range -> require(registers.compare(range));
                case Expression.Lookup lookup -> lookup(lookup);
                case Expression.MetaSet set -> {
                    if (set.key() == MetaKey.MARK) {
                        mark(registers.get(set.register(), 4));
                    }
                }
                case Expression.Decide(Verdict verdict) -> decide(verdict);
                case Expression.Reject _ -> {
                    end = End.DROPPED;
                    isReject |= matches == Truth.YES;
                }
                case Expression.Limit _, Expression.ConnLimit _ -> require(Truth.MAYBE);
                case Expression.Masquerade _, Expression.Nat _, Expression.Redirect _ -> end = End.ACCEPTED;
                case Expression.Other(String name, var data) -> other(name, data.bytes());
                case Expression.Counter _,
                        Expression.Log _,
                        Expression.CtSet _,
                        Expression.Notrack _,
                        Expression.Dynset _,
                        Expression.ObjectRef _,
                        Expression.FlowOffload _ -> {}
            }
        }

        private void mark(Bits now) {
            mark = matches == Truth.YES ? now : Bits.unknown(4);
        }

        private void other(String name, byte[] data) {
            Xt xt = Xt.of(data);
            switch (name) {
                case "match" -> require(xt == null ? Truth.MAYBE : xt.matches(packet, mark));
                case "target" -> target(xt);
                case "queue" -> end = End.ACCEPTED; // or not: somebody else decides
                default -> require(Truth.MAYBE);
            }
        }

        private void target(@Nullable Xt xt) {
            if (xt != null && xt.isReject()) {
                end = End.DROPPED;
                isReject |= matches == Truth.YES;
            } else if (xt == null || !xt.passes()) {
                mayBeAccepted = true;
            } else if (xt.marks()) {
                mark = Bits.unknown(4);
            }
        }

        private void lookup(Expression.Lookup lookup) {
            Lookedup set = table.sets().get(lookup.set());
            if (set == null) {
                require(Truth.MAYBE);
                return;
            }
            Truth found = Truth.NO;
            Element only = null;
            for (Element element : set.elements()) {
                Truth is = registers.isElement(lookup.source(), set.set(), element);
                if (is == Truth.YES && only == null) {
                    only = element;
                }
                if (is == Truth.MAYBE && element.verdict() != null) {
                    perhaps(element.verdict());
                }
                found = found.or(is);
            }
            require(lookup.negated() ? found.not() : found);
            if (matches == Truth.NO) {
                return;
            }
            if (lookup.destination() == 0) {
                Verdict verdict = only == null ? null : only.verdict();
                if (verdict != null) {
                    decide(verdict);
                }
            } else if (lookup.destination() > 0) {
                registers.forget(lookup.destination());
            }
        }

        /** A verdict that there may be beside others. */
        private void perhaps(Verdict verdict) {
            Truth before = matches;
            matches = matches.and(Truth.MAYBE);
            decide(verdict);
            mayBeAccepted |= end == End.ACCEPTED;
            end = null;
            matches = before;
        }

        private void decide(Verdict verdict) {
            if (verdict.chain().isEmpty()) {
                end = plain(verdict);
                return;
            }
            boolean isGoto = verdict.equals(Verdict.goTo(verdict.chain()));
            Bits before = mark;
            boolean rejectedBefore = isReject;
            End there = chain(verdict.chain(), depth + 1);
            if (matches != Truth.YES) {
                isReject = rejectedBefore;
                mark = mark.equals(before) ? before : Bits.unknown(4);
            }
            end = there == End.FALLEN && !isGoto ? null : there;
        }

        private @Nullable End plain(Verdict verdict) {
            if (verdict.equals(Verdict.ACCEPT) || (verdict.code() & VERDICT_MASK) == QUEUE) {
                return End.ACCEPTED;
            }
            if (verdict.equals(Verdict.RETURN)) {
                return End.FALLEN;
            }
            return verdict.equals(Verdict.DROP) ? End.DROPPED : null;
        }
    }
}
