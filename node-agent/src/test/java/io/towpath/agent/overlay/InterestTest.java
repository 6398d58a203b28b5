package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.netlink.rtnl.RtnlEvent.Kind;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which news have an overlay looked at whose device is link 7, by link 2. */
class InterestTest {
    private static final Interest INTEREST = new Interest(false, Set.of(7), Set.of(2), Set.of("flannel.1", "eth0"));

    @ParameterizedTest
    @CsvSource({
        "LOST, 0, '', true",
        "GLOBAL_ADDRESS, 9, '', true",
        "DEFAULT_ROUTE, 9, '', true",
        "RULE, 0, '', true",
        "LINK, 7, flannel.1, true",
        "LINK, 8, flannel.1, true",
        "LINK, 2, eth0, true",
        "LINK, 9, cali00000000005, false",
        "ROUTE, 7, '', true",
        "ROUTE, 2, '', true",
        "ROUTE, 0, '', true",
        "ROUTE, 9, '', false",
        "ADDRESS, 7, '', true",
        "ADDRESS, 9, '', false",
        "SETTING, 7, '', true",
        "SETTING, 2, '', true",
        "SETTING, -1, '', true",
        "SETTING, 9, '', false",
        "NEIGHBOUR, 7, '', true",
        "NEIGHBOUR, 2, '', false",
        "FDB, 7, '', true",
        "FDB, 9, '', false",
    })
    void whatChangesOfTheOverlayOrLeadsPastItIsLookedAt(Kind kind, int link, String name, boolean isLookedAt) {
        RtnlEvent event = new RtnlEvent(kind, false, link, name);
        assertEquals(isLookedAt, INTEREST.concerns(event));
        assertTrue(Interest.EVERYTHING.concerns(event));
    }
}
