package io.towpath.lab.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.api.NodeObjects;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the matcher says, against the tables that are written down; no network is made. */
class MatcherTest {
    @TestFactory
    Stream<DynamicTest> allCases() {
        return Groups.ALL.entrySet().stream()
                .flatMap(group -> group.getValue().stream()
                        .map(each -> DynamicTest.dynamicTest(group.getKey() + ": " + each, () -> run(each))));
    }

    private static void run(Case each) {
        World world = world();
        Matcher matcher = new Matcher(world);
        for (int i = 0; i < each.steps().size(); i++) {
            Case.Step step = each.steps().get(i);
            step.change().accept(world);
            TruthTables.assertSays(matcher, world, step.tables());
            world.turnCanaries();
        }
        world.reset();
        for (String from : world.places()) {
            for (String to : world.places()) {
                if (World.isCanary(to)) {
                    continue;
                }
                world.probes(from, to).forEach(probe -> assertTrue(matcher.allows(probe), probe::toString));
            }
        }
    }

    @Test
    void casesAreManyAndNoneIsThereTwice() {
        Groups.ALL.forEach((name, cases) -> {
            HashSet<String> names = new HashSet<>();
            cases.forEach(each -> assertTrue(names.add(each.name()), each.name()));
        });
        assertEquals(48, Groups.cases(Groups.E2E).size());
        int generated = Groups.ALL.entrySet().stream()
                .filter(group ->
                        !List.of(Groups.E2E, Groups.CLUSTER, Groups.BAD).contains(group.getKey()))
                .mapToInt(group -> group.getValue().size())
                .sum();
        assertTrue(generated >= 230, () -> generated + " cases");
    }

    /** Two nodes as the lab makes them, with addresses that nobody has. */
    private static World world() {
        World world = new World(
                new World.Api() {
                    @Override
                    public void put(ObjectNode object) {}

                    @Override
                    public void delete(ObjectNode object) {}
                },
                new World.Nodes() {
                    private int count = 1;

                    @Override
                    public List<String> attach(String pod, String node) {
                        count++;
                        String slice = node.equals("a") ? "1" : "2";
                        return List.of("10.244." + slice + "." + count, "fd00:10:244:" + slice + "::" + count);
                    }

                    @Override
                    public void detach(String pod) {}
                });
        for (String name : List.of("a", "b")) {
            String number = name.equals("a") ? "1" : "2";
            List<String> slices = List.of("10.244." + number + ".0/24", "fd00:10:244:" + number + "::/64");
            world.node(
                    NodeObjects.registered(name, slices, "192.168.50." + number),
                    List.of("192.168.50." + number, "10.244." + number + ".0", "fd00:10:244:" + number + "::"),
                    List.of("10.244." + number + ".0"));
        }
        world.outside(List.of("203.0.113.1"));
        world.fill();
        return world;
    }
}
