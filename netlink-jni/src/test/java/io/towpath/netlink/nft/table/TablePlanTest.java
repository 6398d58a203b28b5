package io.towpath.netlink.nft.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NfTables;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TablePlanTest {
    private static final Table TABLE = Table.inet("towpath-x");
    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, Chain.FILTER);
    private static final Chain OUTPUT = Chain.base(TABLE, "output", "filter", Hook.OUTPUT, Chain.FILTER);
    private static final NftSet PEERS = NftSet.set(TABLE, "peers", DataType.IPV4);

    private static final List<Rule> INPUT_RULES = List.of(
            Rule.in(INPUT).in(PEERS, Field.IP_SADDR).accept(),
            Rule.in(INPUT).udp().dport(8472).counter().drop());

    private static TableState table(int peers) {
        return table(PEERS, peers, INPUT_RULES);
    }

    private static TableState table(NftSet set, int peers, List<Rule> inputRules) {
        List<Element> elements = new ArrayList<>();
        for (int i = 1; i <= peers; i++) {
            elements.add(peer(i));
        }
        return TableState.empty(TABLE)
                .withChain(new ChainState(INPUT, inputRules))
                .withChain(new ChainState(
                        OUTPUT, List.of(Rule.in(OUTPUT).iifname("x").drop())))
                .withSet(new SetState(set, Contents.Listed.of(elements)));
    }

    private static Element peer(int number) {
        return Element.of(Value.of(IpAddress.parse("192.168.0." + number)));
    }

    /** What a plan does, a line each. */
    private static List<String> plan(TableState desired, @Nullable TableState observed) {
        return TablePlan.between(desired, observed, 1).toString().lines().toList();
    }

    private static void assertAnew(TableState desired, TableState observed) {
        List<String> plan = plan(desired, observed);
        assertEquals("table delete inet towpath-x", plan.getFirst());
        assertEquals(plan(desired, null), plan.subList(1, plan.size()));
    }

    @Test
    void aTableThatIsRightIsLeftAlone() {
        assertEquals(List.of(), plan(table(3), table(3)));
    }

    @Test
    void whatComesOrGoesIsAnElement() {
        assertEquals(List.of("element add inet towpath-x peers { " + peer(4) + " }"), plan(table(4), table(3)));
        assertEquals(List.of("element delete inet towpath-x peers { " + peer(4) + " }"), plan(table(3), table(4)));
    }

    @Test
    void elementsThatGoByThemselvesAreLeftAlone() {
        SetState passing = new SetState(PEERS, new Contents.Passing());
        assertEquals(List.of(), plan(table(0).withSet(passing), table(3)));
    }

    @Test
    void aChainWhoseRulesDifferGetsThemAnew() {
        List<Rule> swapped = INPUT_RULES.reversed();
        List<Rule> fewer = INPUT_RULES.subList(1, INPUT_RULES.size());
        List<Rule> more = new ArrayList<>(INPUT_RULES);
        more.addFirst(Rule.in(INPUT).accept());
        for (List<Rule> wrong : List.of(fewer, swapped, more)) {
            List<String> plan = plan(table(1), table(PEERS, 1, wrong));
            assertEquals("chain flush inet towpath-x input", plan.getFirst());
            assertEquals(INPUT_RULES.size() + 1, plan.size(), plan::toString);
            assertTrue(plan.stream().skip(1).allMatch(line -> line.startsWith("rule append inet towpath-x input")));
        }
    }

    @Test
    void strangersInTheTableGoAfterTheRulesThatUseThem() {
        Chain theirs = Chain.of(TABLE, "theirs");
        NftSet map = NftSet.verdicts(TABLE, "map", DataType.IPV4);
        NftSet nameless = new NftSet(
                TABLE,
                "__set0",
                List.of(DataType.IPV4),
                List.of(),
                NfTables.NFT_SET_ANONYMOUS | NfTables.NFT_SET_CONSTANT,
                0,
                0,
                "",
                List.of(),
                0);
        List<Rule> rules = new ArrayList<>(INPUT_RULES);
        rules.add(Rule.in(INPUT).vmap(map, Field.IP_SADDR));
        TableState there = table(PEERS, 1, rules)
                .withChain(new ChainState(theirs, List.of(Rule.in(theirs).accept())))
                .withSet(new SetState(map, Contents.Listed.of(List.of())))
                .withSet(new SetState(nameless, Contents.Listed.of(List.of())));
        List<String> plan = plan(table(1), there);
        assertEquals(
                List.of("chain flush inet towpath-x input", "chain flush inet towpath-x theirs"), plan.subList(0, 2));
        assertTrue(
                plan.subList(2, 4).stream().allMatch(line -> line.startsWith("rule append inet towpath-x input")),
                plan::toString);
        assertEquals(List.of("set delete " + map, "chain delete inet towpath-x theirs"), plan.subList(4, plan.size()));
    }

    @Test
    void whatIsNotWantedGoesRulesFirst() {
        assertEquals(
                List.of(
                        "chain flush inet towpath-x input",
                        "chain flush inet towpath-x output",
                        "set delete " + PEERS,
                        "chain delete inet towpath-x input",
                        "chain delete inet towpath-x output"),
                plan(TableState.empty(TABLE), table(1)));
    }

    @Test
    void aPolicyIsChangedInPlace() {
        TableState there = table(1).withChain(new ChainState(INPUT.withDropPolicy(true), INPUT_RULES));
        assertEquals(List.of("chain add " + INPUT), plan(table(1), there));
    }

    @Test
    void aSetThatCannotBeChangedIsReplacedTogetherWithTheRulesThatUseIt() {
        List<String> plan = plan(table(1), table(PEERS.withTimeouts(), 1, INPUT_RULES));
        assertEquals(
                List.of(
                        "chain flush inet towpath-x input",
                        "set delete " + PEERS.withTimeouts(),
                        "set add " + PEERS,
                        "element add inet towpath-x peers { " + peer(1) + " }"),
                plan.subList(0, 4));
        assertEquals(4 + INPUT_RULES.size(), plan.size());
    }

    @Test
    void whatCannotBeChangedHasTheTableMadeAnew() {
        Chain elsewhere = Chain.base(TABLE, "input", "filter", Hook.FORWARD, Chain.FILTER);
        assertAnew(table(1), table(1).withChain(new ChainState(elsewhere, INPUT_RULES)));
        assertAnew(table(1), table(1).withChain(new ChainState(Chain.of(TABLE, "input"), INPUT_RULES)));
        TableState dormant = new TableState(
                new Table(TABLE.family(), TABLE.name(), true, "", 0), new LinkedHashMap<>(), new LinkedHashMap<>());
        assertAnew(table(1), dormant);
    }
}
