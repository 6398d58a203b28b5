package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.DesiredOverlay;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuardPlanTest {
    private static final GuardPolicy POLICY = new GuardPolicy(true, false);

    private static DesiredOverlay overlay(int peers) {
        List<DesiredOverlay.Peer> all = new ArrayList<>();
        for (int i = 2; i < 2 + peers; i++) {
            all.add(new DesiredOverlay.Peer(
                    "n" + i,
                    IpPrefix.parse("10.64." + i + ".0/24"),
                    IpAddress.parse("192.168.0." + i),
                    MacAddress.locallyAdministered(i)));
        }
        IpPrefix slice = IpPrefix.parse("10.64.1.0/24");
        IpPrefix network = IpPrefix.parse("10.64.0.0/10");
        IpAddress own = IpAddress.parse("192.168.0.1");
        DesiredOverlay.Device device = new DesiredOverlay.Device(
                "flannel.1",
                MacAddress.locallyAdministered(1),
                1450,
                Vxlan.builder(1).local(own).port(8472).build(),
                "eth0",
                slice,
                network,
                false,
                all);
        Cluster.Node self = new Cluster.Node("n1", List.of(slice), List.of(own), null, null);
        return new DesiredOverlay(self, List.of(network), List.of(device), List.of());
    }

    private static Ruleset rules(int peers) {
        return GuardRules.of(overlay(peers), POLICY);
    }

    @Test
    void aTableThatIsRightIsLeftAlone() {
        assertTrue(GuardPlan.between(rules(3), rules(3)).isEmpty());
        assertTrue(GuardPlan.between(rules(3), null).whole());
    }

    @Test
    void aPeerThatComesOrGoesIsAnElement() {
        GuardPlan more = GuardPlan.between(rules(4), rules(3));
        assertFalse(more.whole());
        assertEquals(2, more.added().size(), "as a peer and as a node");
        assertTrue(more.removed().isEmpty());
        GuardPlan fewer = GuardPlan.between(rules(3), rules(4));
        assertFalse(fewer.whole());
        assertTrue(fewer.added().isEmpty());
        assertEquals(2, fewer.removed().size());
    }

    @Test
    void whateverElseDiffersMakesTheTableAnew() {
        Ruleset right = rules(1);
        List<Rule> fewer = right.rules().subList(1, right.rules().size());
        List<Rule> swapped = new ArrayList<>(right.rules());
        swapped.addFirst(swapped.remove(1));
        List<Chain> chains = new ArrayList<>(right.chains());
        chains.add(Chain.of(GuardRules.TABLE, "more"));
        for (Ruleset wrong : List.of(
                new Ruleset(right.table(), right.chains(), fewer, right.sets()),
                new Ruleset(right.table(), right.chains(), swapped, right.sets()),
                new Ruleset(right.table(), chains, right.rules(), right.sets()))) {
            assertTrue(GuardPlan.between(right, wrong).whole());
        }
        assertTrue(GuardPlan.between(right, GuardRules.of(overlay(1), new GuardPolicy(false, false)))
                .whole());
    }

    @Test
    void masqueradeLeftOutLeavesTheGuard() {
        Ruleset rules = GuardRules.of(overlay(1), new GuardPolicy(false, false));
        assertFalse(rules.toString().contains("masq"));
        assertTrue(rules.rules().stream().anyMatch(rule -> rule.chain().equals("input")));
    }
}
