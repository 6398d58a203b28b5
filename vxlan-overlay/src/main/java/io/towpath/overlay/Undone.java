package io.towpath.overlay;

import io.towpath.overlay.OverlayPlan.Failure;
import io.towpath.overlay.OverlayPlan.Repair;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells what the kernel acknowledges and does not do from what others changed at the same moment: only what two syncs in a row have seen
 * is a failure.
 */
final class Undone {
    private Set<Repair> before = Set.of();

    /** What is undone for the second time at least. */
    List<Failure> failures(List<Repair> now) {
        List<Failure> failures = new ArrayList<>();
        for (Repair each : now) {
            if (before.contains(each)) {
                failures.add(new Failure(
                        each.device(),
                        each.peer(),
                        each.what() + ": the kernel acknowledges the right entry and does not show it; see bridge "
                                + "fdb show dev " + each.device()));
            }
        }
        before = new HashSet<>(now);
        return failures;
    }
}
