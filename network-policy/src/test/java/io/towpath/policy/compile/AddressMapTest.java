package io.towpath.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.towpath.net.IpAddress;
import io.towpath.policy.ruleset.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AddressMapTest {
    private static IpAddress address(int number) {
        return IpAddress.parse((number % 2 == 0 ? "10.0.0." : "fd00::") + number);
    }

    /** It is what another map is after the same changes. */
    @Property(tries = 300)
    void changesAsAMapDoes(@ForAll long seed) {
        Random random = new Random(seed);
        Map<IpAddress, Outcome> wanted = new HashMap<>();
        for (int i = random.nextInt(8); i > 0; i--) {
            wanted.put(address(random.nextInt(12)), Outcome.ALLOW);
        }
        AddressMap map = AddressMap.of(wanted);
        for (int round = 0; round < 4; round++) {
            TreeMap<IpAddress, @Nullable Outcome> changes = new TreeMap<>();
            for (int i = random.nextInt(6); i > 0; i--) {
                IpAddress address = address(random.nextInt(12));
                Outcome outcome = random.nextBoolean() ? null : Outcome.DENY;
                changes.put(address, outcome);
                if (outcome == null) {
                    wanted.remove(address);
                } else {
                    wanted.put(address, outcome);
                }
            }
            map = map.with(changes);
            compare(wanted, map);
        }
    }

    private static void compare(Map<IpAddress, Outcome> wanted, AddressMap map) {
        assertEquals(wanted, map);
        assertEquals(map, wanted);
        assertEquals(AddressMap.of(wanted), map);
        assertEquals(wanted.hashCode(), map.hashCode());
        assertEquals(wanted.size(), map.size());
        for (int i = 0; i < 12; i++) {
            assertEquals(wanted.get(address(i)), map.get(address(i)));
            assertEquals(wanted.containsKey(address(i)), map.containsKey(address(i)));
        }
        List<IpAddress> told = new ArrayList<>();
        map.forEach((address, _) -> told.add(address));
        assertEquals(wanted.keySet().stream().sorted().toList(), told);
        assertEquals(told, List.copyOf(map.keySet()));
    }

    @Test
    void sameAddressesWithOtherOutcomesAreAnotherMap() {
        AddressMap allow = AddressMap.of(Map.of(address(1), Outcome.ALLOW));
        assertNotEquals(allow, AddressMap.of(Map.of(address(1), Outcome.DENY)));
        assertNotEquals(allow, AddressMap.of(Map.of(address(2), Outcome.ALLOW)));
    }
}
