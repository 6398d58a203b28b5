package io.towpath.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.policy.oracle.ChangingCluster;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A compiler that has seen a cluster change comes to the same as one that sees it for the first time. */
class IncrementalTest {
    private static final int COMPILATIONS = 40;

    @Property(tries = 100)
    void whatWasCompiledBeforeSaysNothing(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int changesAtOnce) {
        ChangingCluster cluster = new ChangingCluster(seed);
        Compiler compiler = new Compiler();
        List<String> changes = new ArrayList<>();
        for (int i = 0; i < COMPILATIONS; i++) {
            Compiled anew = new Compiler().compile(cluster.facts(), cluster.endpoints());
            Compiled changed = compiler.compile(cluster.facts(), cluster.endpoints());
            // Equal values mean the same, and are named the same, so that a restart of the agent changes nothing.
            assertEquals(anew, changed, () -> "after " + changes);
            changes.clear();
            for (int j = 0; j < changesAtOnce; j++) {
                changes.add(cluster.change());
            }
        }
    }
}
