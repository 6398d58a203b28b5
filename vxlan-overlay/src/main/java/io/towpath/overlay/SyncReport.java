package io.towpath.overlay;

import java.util.ArrayList;
import java.util.List;

/**
 * What {@link Overlay#sync} did.
 *
 * @param desired how the overlay must be
 * @param plan what was to be done
 * @param repairs what of it others had made necessary since the last sync of the same {@link Overlay} and is done; empty of the
 *     first one, which cannot tell, and what the cluster's change brought about is not among them
 * @param failures what of it failed, for single peers only; what failed for a device as a whole is thrown
 * @param warnings what an operator should mend, one line each
 */
public record SyncReport(
        DesiredOverlay desired,
        OverlayPlan plan,
        List<OverlayPlan.Repair> repairs,
        List<OverlayPlan.Failure> failures,
        List<String> warnings) {
    public SyncReport {
        repairs = List.copyOf(repairs);
        failures = List.copyOf(failures);
        warnings = List.copyOf(warnings);
    }

    /** What was to be done, one line each; empty if all was as it must be. */
    public List<String> changes() {
        List<String> lines = new ArrayList<>(plan.size());
        plan.describe(lines::add);
        return lines;
    }
}
