package io.towpath.overlay;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.IpRule;
import io.towpath.netlink.rtnl.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the rules of policy routing lead packets from this node's pods, and its own, to a slice. Packets without a mark are meant: who marks
 * packets has his reasons.
 */
final class RuleWalk {
    private static final String LOOPBACK = "lo";
    private static final String POD_LINK = "cali";

    private final IpPrefix own;
    private final String device;
    private final List<IpRule> rules;
    private final List<Route> elsewhere;

    /** Whether a rule is for packets. */
    private enum Match {
        ALL,
        SOME,
        NONE;

        private Match and(Match other) {
            return compareTo(other) >= 0 ? this : other;
        }

        private static Match of(boolean all) {
            return all ? ALL : NONE;
        }
    }

    /**
     * Where packets leave the way to the main table.
     *
     * @param rule by which rule; null if no rule leads to it
     * @param route by which route of the rule's table; null if the rule itself ends their way
     */
    record Turn(@Nullable IpRule rule, @Nullable Route route) {}

    /**
     * A way of rules.
     *
     * @param own this node's slice
     * @param device the overlay's device
     * @param rules of one family, in the kernel's order
     * @param routes of the same family and all tables, in the kernel's order
     */
    RuleWalk(IpPrefix own, String device, List<IpRule> rules, List<Route> routes) {
        this.own = own;
        this.device = device;
        this.rules = rules;
        elsewhere = routes.stream()
                .filter(route -> route.table() != Route.RT_TABLE_MAIN && route.table() != Route.RT_TABLE_LOCAL)
                .toList();
    }

    /**
     * Where some packets to a slice turn off; empty if all get to the main table.
     *
     * @param right whether a route leads to the slice as the overlay's does
     */
    List<Turn> turnsOf(IpPrefix slice, Predicate<Route> right) {
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            IpRule rule = rules.get(i);
            Match match = match(rule.selector(), slice);
            if (match == Match.NONE) {
                continue;
            }
            boolean ends = false;
            switch (rule.action()) {
                case IpRule.FR_ACT_TO_TBL -> {
                    if (rule.table() == Route.RT_TABLE_MAIN) {
                        ends = rule.suppressed() < slice.length();
                    } else if (rule.table() != Route.RT_TABLE_LOCAL) {
                        Route route = lookup(rule, slice, right);
                        ends = route != null;
                        if (route != null && !right.test(route)) {
                            turns.add(new Turn(rule, route));
                        }
                    }
                }
                case IpRule.FR_ACT_GOTO -> {
                    if (match == Match.ALL) {
                        i = Math.max(i, before(rule.target()));
                    }
                }
                case IpRule.FR_ACT_BLACKHOLE, IpRule.FR_ACT_UNREACHABLE, IpRule.FR_ACT_PROHIBIT -> {
                    turns.add(new Turn(rule, null));
                    ends = true;
                }
                default -> {}
            }
            if (ends && match == Match.ALL) {
                return turns;
            }
        }
        turns.add(new Turn(null, null));
        return turns;
    }

    /** The place before the first rule of a priority. */
    private int before(int priority) {
        int place = 0;
        while (place < rules.size() && Integer.compareUnsigned(rules.get(place).priority(), priority) < 0) {
            place++;
        }
        return place - 1;
    }

    private Match match(IpRule.Selector selector, IpPrefix slice) {
        Match match = match(selector.source(), own)
                .and(match(selector.destination(), slice))
                .and(Match.of(selector.mask() == 0 || (selector.mark() & selector.mask()) == 0))
                .and(ofLink(selector.inLink()))
                .and(Match.of(selector.outLink().isEmpty() && !selector.special()))
                .and(selector.narrow() ? Match.SOME : Match.ALL);
        if (!selector.inverted()) {
            return match;
        }
        return match == Match.SOME ? Match.SOME : Match.of(match == Match.NONE);
    }

    private static Match match(@Nullable IpPrefix wanted, IpPrefix slice) {
        if (wanted == null || wanted.contains(slice)) {
            return Match.ALL;
        }
        return wanted.overlaps(slice) ? Match.SOME : Match.NONE;
    }

    private Match ofLink(String name) {
        if (name.isEmpty()) {
            return Match.ALL;
        }
        boolean ours = name.equals(LOOPBACK) || name.equals(device) || name.startsWith(POD_LINK);
        return ours ? Match.SOME : Match.NONE;
    }

    /**
     * The route by which packets to a slice, or to a part of it, leave a rule's table; null if they come back for the next rule. Those that
     * lead astray are told before others.
     */
    private @Nullable Route lookup(IpRule rule, IpPrefix slice, Predicate<Route> right) {
        Route best = null;
        for (Route route : elsewhere) {
            IpPrefix destination = route.destination();
            if (route.table() != rule.table() || destination.length() <= rule.suppressed()) {
                continue;
            }
            if (destination.length() > slice.length() && slice.contains(destination.address())) {
                if (route.type() != Route.RTN_THROW && !right.test(route)) {
                    return route;
                }
            } else if (destination.contains(slice)
                    && (best == null
                            || destination.length() > best.destination().length())) {
                best = route;
            }
        }
        return best == null || best.type() == Route.RTN_THROW ? null : best;
    }
}
