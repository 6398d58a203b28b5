package io.towpath.lab.policy;

import io.towpath.lab.policy.Case.Table;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Who reaches whom: as the matcher says it, and as packets find it. */
final class TruthTables {
    /** How long what was changed may take until it is in force. */
    private static final long DEADLINE_NANOS = 8_000_000_000L;

    /** Of wrong lines, so many are told. */
    private static final int TOLD = 30;

    /** After so many failures the rest fails at once: each takes as long as the deadline is. */
    private static final int ENOUGH = 12;

    private final World world;
    private final Matcher matcher;
    private final Prober prober;
    private final List<Double> inForce = new ArrayList<>();
    private final List<Double> right = new ArrayList<>();
    private int rounds;
    private long asked;
    private int failed;

    TruthTables(World world, Prober prober) {
        this.world = world;
        this.matcher = new Matcher(world);
        this.prober = prober;
    }

    /**
     * Changes the world step by step, looks at it after each, and undoes all.
     *
     * @param further what else to look at after each step
     */
    void run(Case each, Runnable further) {
        if (failed >= ENOUGH) {
            throw new AssertionError("not looked at, as " + failed + " failed");
        }
        failed++;
        try {
            for (Case.Step step : each.steps()) {
                step.change().accept(world);
                assertSays(matcher, world, step.tables());
                world.turnCanaries();
                awaitExpected();
                further.run();
            }
            failed--;
        } finally {
            world.reset();
        }
    }

    /** Fails if the matcher says other than what was written down for the case. */
    static void assertSays(Matcher matcher, World world, List<Table> tables) {
        for (Table table : tables) {
            for (String from : pods(world)) {
                for (String to : pods(world)) {
                    if (from.equals(to)) {
                        continue; // what a pod may send to itself is not defined
                    }
                    for (Probe probe : world.probes(from, to)) {
                        boolean isOfTable = probe.port() == table.port && probe.protocol() == table.protocol;
                        if (isOfTable && matcher.allows(probe) != table.allows(from, to)) {
                            throw new AssertionError(probe + " is written down as "
                                    + (table.allows(from, to) ? "allowed, denied" : "denied, allowed")
                                    + " says the matcher");
                        }
                    }
                }
            }
        }
    }

    private static List<String> pods(World world) {
        return world.places().stream()
                .filter(place -> world.findPod(place) != null && !World.isCanary(place))
                .toList();
    }

    /**
     * Every pod to every other, to the nodes and to the outside, from the nodes to every pod, and between the canaries. No pod to itself.
     */
    private List<Probe> all() {
        List<Probe> probes = new ArrayList<>();
        for (String from : world.places()) {
            for (String to : world.places()) {
                boolean isPod = world.findPod(from) != null;
                boolean isOneAPod = isPod || world.findPod(to) != null;
                if (!from.equals(to)
                        && isOneAPod
                        && World.isCanary(from) == World.isCanary(to)
                        && !from.equals(World.OUTSIDE)) {
                    probes.addAll(world.probes(from, to));
                }
            }
        }
        return probes;
    }

    /** Waits until the canaries do what they may, if they may: then policies that came before theirs are in force. */
    private void awaitCanaries(Set<Probe> expected, long start) {
        List<Probe> allowed =
                expected.stream().filter(probe -> World.isCanary(probe.from())).toList();
        while (System.nanoTime() - start < DEADLINE_NANOS && !prober.allAnswered(allowed)) {
            Thread.onSpinWait();
        }
        inForce.add((System.nanoTime() - start) / 1e6);
    }

    /** Asks until it is as expected, and once more; fails if that is not so in time. */
    void awaitExpected() {
        List<Probe> probes = all();
        Set<Probe> expected = probes.stream().filter(matcher::allows).collect(Collectors.toSet());
        long start = System.nanoTime();
        awaitCanaries(expected, start);
        int times = 0;
        while (times < 2) {
            Set<Probe> answered = prober.answered(probes);
            rounds++;
            asked += probes.size();
            if (answered.equals(expected)) {
                times++;
                if (times == 1) {
                    right.add((System.nanoTime() - start) / 1e6);
                }
            } else if (System.nanoTime() - start > DEADLINE_NANOS) {
                throw new AssertionError(difference(expected, answered));
            } else {
                times = 0;
            }
        }
    }

    private String difference(Set<Probe> expected, Set<Probe> answered) {
        Set<Probe> closed = new HashSet<>(expected);
        closed.removeAll(answered);
        Set<Probe> open = new HashSet<>(answered);
        open.removeAll(expected);
        return closed.size() + " of " + expected.size() + " are closed that should be open, " + open.size()
                + " open that should be closed" + lines("closed", closed) + lines("open", open)
                + world.of("NetworkPolicy").stream().map(each -> "\n" + each).collect(Collectors.joining())
                + world.of("ClusterNetworkPolicy").stream()
                        .map(each -> "\n" + each)
                        .collect(Collectors.joining());
    }

    private static String lines(String what, Set<Probe> probes) {
        return probes.stream()
                .map(probe -> "\n  " + what + ": " + probe)
                .sorted()
                .limit(TOLD)
                .collect(Collectors.joining());
    }

    /** How much was looked at, and how long it took. */
    String summary() {
        return right.isEmpty()
                ? "nothing was looked at"
                : "%d tables in %d rounds of %d questions each; policies in force after %s, tables right after %s"
                        .formatted(right.size(), rounds, asked / rounds, median(inForce), median(right));
    }

    private static String median(List<Double> millis) {
        double[] sorted = millis.stream().mapToDouble(each -> each).sorted().toArray();
        return "%.0f ms (at most %.0f ms)".formatted(sorted[sorted.length / 2], sorted[sorted.length - 1]);
    }
}
