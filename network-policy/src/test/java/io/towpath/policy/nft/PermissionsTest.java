package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PermissionsTest {
    private static final int TCP = 6;
    private static final IpAddress POD = IpAddress.parse("10.1.0.1");
    private static final IpAddress FIRST = IpAddress.parse("10.1.0.2");
    private static final IpAddress SECOND = IpAddress.parse("10.1.0.3");
    private static final Outcome WEB =
            new Outcome.Ports(new Program("web", List.of(new Program.PortRange(Protocol.TCP, 80, 90, true)), false));

    private static Permissions of(@Nullable Profile ingress, IpAddress... pods) {
        return new Permissions(new Rulesets()
                .with(new Endpoint("cali1", POD), ingress, null)
                .withPods(pods)
                .build());
    }

    private static Profile from(Map<IpAddress, Outcome> addresses, @Nullable Outcome pods, Outcome rest) {
        return new Profile(
                "in-1",
                Direction.INGRESS,
                addresses,
                pods,
                List.of(Rulesets.block("70.0.0.0", "70.0.0.9", Outcome.ALLOW)),
                rest);
    }

    @Test
    void theFirstThatKnowsAnAddressDecides() {
        Permissions permissions = of(from(Map.of(FIRST, WEB), Outcome.ALLOW, Outcome.DENY), FIRST, SECOND);
        assertTrue(permissions.permits(FIRST, POD, TCP, 80));
        assertTrue(permissions.permits(FIRST, POD, TCP, 90));
        assertFalse(permissions.permits(FIRST, POD, TCP, 91));
        assertFalse(permissions.permits(FIRST, POD, 17, 80));
        assertTrue(permissions.permits(SECOND, POD, 17, 1), "a pod");
        assertTrue(permissions.permits(IpAddress.parse("70.0.0.9"), POD, 17, 1));
        assertFalse(permissions.permits(IpAddress.parse("70.0.0.10"), POD, 17, 1));
        assertTrue(permissions.permits(POD, SECOND, TCP, 1), "not isolated");
    }

    @Test
    void onlyWhatBecameLessIsLookedFor() {
        Permissions open = of(null);
        Permissions web = of(from(Map.of(FIRST, WEB), null, Outcome.DENY));
        Permissions more = of(from(Map.of(FIRST, Outcome.ALLOW, SECOND, WEB), null, Outcome.DENY));
        Permissions pods = of(from(Map.of(), Outcome.ALLOW, Outcome.DENY), FIRST, SECOND);
        Permissions fewerPods = of(from(Map.of(), Outcome.ALLOW, Outcome.DENY), FIRST);
        Permissions all = of(from(Map.of(), null, Outcome.ALLOW));
        assertEquals(Set.of(POD), open.narrowedTo(web));
        assertEquals(Set.of(), web.narrowedTo(open));
        assertEquals(Set.of(), web.narrowedTo(web));
        assertEquals(Set.of(), web.narrowedTo(more));
        assertEquals(Set.of(POD), more.narrowedTo(web));
        assertEquals(Set.of(), fewerPods.narrowedTo(pods));
        assertEquals(Set.of(POD), pods.narrowedTo(fewerPods));
        assertEquals(Set.of(), web.narrowedTo(all));
        assertEquals(Set.of(POD), all.narrowedTo(web));
        assertEquals(Set.of(POD), web.narrowedTo(new Permissions(new Rulesets().build())), "gone");
    }
}
