package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GuardPlanTest {
    private static final GuardPolicy POLICY = new GuardPolicy(true, false);

    private static Ruleset rules(int peers) {
        return GuardRules.of(Overlays.of(peers), POLICY);
    }

    /** What a plan does, a line each. */
    private static List<String> plan(Ruleset desired, @Nullable Ruleset observed) {
        return GuardPlan.between(desired, observed, 1).toString().lines().toList();
    }

    /** The table as it would be with other rules. */
    private static Ruleset with(List<Rule> rules) {
        Ruleset right = rules(1);
        return new Ruleset(right.table(), right.chains(), rules, right.sets());
    }

    private static Ruleset with(Table table, List<Chain> chains, Map<NftSet, Set<Element>> sets) {
        return new Ruleset(table, chains, rules(1).rules(), sets);
    }

    private static void assertAnew(Ruleset desired, Ruleset observed) {
        List<String> plan = plan(desired, observed);
        assertEquals("table delete inet towpath-overlay", plan.getFirst());
        assertEquals(plan(desired, null), plan.subList(1, plan.size()));
    }

    @Test
    void aTableThatIsRightIsLeftAlone() {
        assertEquals(List.of(), plan(rules(3), rules(3)));
    }

    @Test
    void aPeerThatComesOrGoesIsAnElement() {
        String address = Value.of(IpAddress.parse("192.168.0.5")).toString();
        assertEquals(List.of("element add inet towpath-overlay peers4 { " + address + " }"), plan(rules(4), rules(3)));
        assertEquals(
                List.of("element delete inet towpath-overlay peers4 { " + address + " }"), plan(rules(3), rules(4)));
    }

    @Test
    void aChainWhoseRulesDifferGetsThemAnew() {
        List<Rule> right = rules(1).rules();
        List<Rule> fewer = right.subList(1, right.size());
        List<Rule> swapped = new ArrayList<>(right);
        swapped.addFirst(swapped.remove(1));
        List<Rule> more = new ArrayList<>(right);
        more.addFirst(Rule.in(rules(1).chains().getFirst()).accept());
        long inInput =
                right.stream().filter(rule -> rule.chain().equals("input")).count();
        for (List<Rule> wrong : List.of(fewer, swapped, more)) {
            List<String> plan = plan(rules(1), with(wrong));
            assertEquals("chain flush inet towpath-overlay input", plan.getFirst());
            assertEquals(inInput + 1, plan.size(), plan::toString);
            assertTrue(
                    plan.stream().skip(1).allMatch(line -> line.startsWith("rule append inet towpath-overlay input")));
        }
    }

    @Test
    void strangersInTheTableGoAfterTheRulesThatUseThem() {
        Ruleset right = rules(1);
        Chain theirs = Chain.of(GuardRules.TABLE, "theirs");
        NftSet map = NftSet.verdicts(GuardRules.TABLE, "map", DataType.IPV4);
        List<Chain> chains = new ArrayList<>(right.chains());
        chains.addFirst(theirs);
        List<Rule> rules = new ArrayList<>(right.rules());
        rules.add(Rule.in(theirs).accept());
        rules.add(Rule.in(right.chains().getLast()).vmap(map, Field.IP_SADDR));
        Map<NftSet, Set<Element>> sets = new HashMap<>(right.sets());
        sets.put(map, Set.of());
        sets.put(
                new NftSet(GuardRules.TABLE, "__set0", List.of(DataType.IPV4), List.of(), 3, 0, 0, "", List.of(), 0),
                Set.of());
        List<String> plan = plan(right, new Ruleset(right.table(), chains, rules, sets));
        assertEquals(
                List.of(
                        "chain flush inet towpath-overlay theirs",
                        "chain flush inet towpath-overlay postrouting",
                        "set delete " + map,
                        "chain delete inet towpath-overlay theirs"),
                plan.subList(0, 4));
        assertTrue(plan.stream().skip(4).allMatch(line -> line.startsWith("rule append inet towpath-overlay post")));
    }

    @Test
    void aPolicyIsChangedInPlace() {
        Ruleset right = rules(1);
        List<Chain> chains = new ArrayList<>(right.chains());
        Chain first = chains.removeFirst();
        chains.add(first.withDropPolicy(true));
        assertEquals(List.of("chain add " + first), plan(right, with(right.table(), chains, right.sets())));
    }

    @Test
    void whatCannotBeChangedHasTheTableMadeAnew() {
        Ruleset right = rules(1);
        Chain elsewhere = Chain.base(GuardRules.TABLE, "input", "filter", Hook.FORWARD, 0);
        List<Chain> chains = new ArrayList<>(right.chains());
        chains.set(0, elsewhere);
        assertAnew(right, with(right.table(), chains, right.sets()));
        NftSet wrong = NftSet.set(GuardRules.TABLE, "peers4", DataType.IPV4).withTimeouts();
        assertAnew(right, with(right.table(), right.chains(), Map.of(wrong, Set.of())));
        Table dormant = new Table(right.table().family(), right.table().name(), true, "", 0);
        assertAnew(right, with(dormant, right.chains(), right.sets()));
    }

    @Test
    void masqueradeLeftOutLeavesTheGuard() {
        Ruleset rules = GuardRules.of(Overlays.of(1), new GuardPolicy(false, false));
        assertFalse(rules.toString().contains("masq"));
        assertTrue(rules.rules().stream().anyMatch(rule -> rule.chain().equals("input")));
        List<String> plan = plan(rules, rules(1));
        assertEquals(
                List.of(
                        "chain flush inet towpath-overlay postrouting",
                        "chain delete inet towpath-overlay postrouting"),
                plan);
    }
}
