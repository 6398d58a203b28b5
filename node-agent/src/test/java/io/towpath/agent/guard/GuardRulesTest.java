package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.netlink.nft.table.TableState;
import org.junit.jupiter.api.Test;

class GuardRulesTest {
    @Test
    void masqueradeLeftOutLeavesTheGuard() {
        TableState with = GuardRules.of(Overlays.of(1), new GuardPolicy(true, true));
        TableState without = GuardRules.of(Overlays.of(1), new GuardPolicy(false, false));
        assertFalse(without.toString().contains("masq"));
        assertFalse(without.chains().containsKey("postrouting"));
        assertEquals(with.chains().get("input"), without.chains().get("input"));
        assertEquals(with.sets(), without.sets());
    }
}
