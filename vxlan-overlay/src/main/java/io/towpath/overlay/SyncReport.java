package io.towpath.overlay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What {@link Overlay#sync} did.
 *
 * @param desired how the overlay must be
 * @param plan what was to be done
 * @param repairs what of it others had made necessary since the last sync of the same {@link Overlay} and is done; empty of the
 *     first one, which cannot tell, and what the cluster's change brought about is not among them
 * @param failures what of it failed, for single peers only; what failed for a device as a whole is thrown
 * @param undone what the kernel acknowledged and did not do; among the failures, too, where the sync before saw the same
 * @param warnings what an operator should mend, one line each
 */
public record SyncReport(
        DesiredOverlay desired,
        OverlayPlan plan,
        List<OverlayPlan.Repair> repairs,
        List<OverlayPlan.Failure> failures,
        List<OverlayPlan.Repair> undone,
        List<String> warnings) {
    public SyncReport {
        repairs = List.copyOf(repairs);
        failures = List.copyOf(failures);
        undone = List.copyOf(undone);
        warnings = List.copyOf(warnings);
    }

    /** Whether everything is as it must be now, and no family is left out: if not, another sync is to come soon. */
    public boolean isDone() {
        return failures.isEmpty() && undone.isEmpty() && desired.leftOut().isEmpty();
    }

    /** How many things were done that others had not made necessary. */
    public int changed() {
        Set<String> open = new HashSet<>();
        failures.forEach(each -> open.add(each.device() + " " + each.peer()));
        undone.forEach(each -> open.add(each.device() + " " + each.peer()));
        long done = plan.repairs().stream()
                .filter(each -> !open.contains(each.device() + " " + each.peer()))
                .count();
        return Math.toIntExact(done) - repairs.size();
    }

    /** What was to be done, one line each; empty if all was as it must be. */
    public List<String> changes() {
        List<String> lines = new ArrayList<>(plan.size());
        plan.describe(lines::add);
        return lines;
    }
}
