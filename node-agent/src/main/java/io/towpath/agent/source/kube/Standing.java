package io.towpath.agent.source.kube;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether a watch stands, as operators are told it: one that is lost for less than two looks is no trouble, and one that comes and goes is one
 * trouble. Of the connection's thread alone.
 */
final class Standing {
    private final Flapping flapping = new Flapping();
    private final Supplier<@Nullable String> outage;

    private boolean stands;
    private int failures;
    private @Nullable Throwable lastFailure;
    private int looksWithoutWatch;
    /** How many watches in a row came to something that cannot be taken, without having stood for a while. */
    private int unreadable;
    /** Whether no look has found that yet: the watch may stand again before one comes. */
    private boolean isNews;
    /** For how many looks the watch has stood. */
    private int looks;

    /** @param outage why the API gives no answer, null while it does */
    Standing(Supplier<@Nullable String> outage) {
        this.outage = outage;
    }

    /** The watch is not asked for any more. */
    void stopped() {
        stands = false;
        failures = 0;
        lastFailure = null;
    }

    /** As {@link #stopped}, and it has not been lost. */
    void forgotten() {
        stopped();
        looksWithoutWatch = 0;
    }

    void opened() {
        stands = true;
    }

    /** It has ended, as all do. */
    void ended() {
        stands = false;
    }

    /** Something was taken. */
    void heard() {
        failures = 0;
    }

    /** How often it has failed in a row, this time included. */
    int failed(Throwable failure) {
        stands = false;
        looks = 0;
        lastFailure = failure;
        return ++failures;
    }

    /** What comes cannot be taken: {@link #failed} is to follow. */
    void refused() {
        isNews = true;
        failures = Math.max(failures, unreadable);
        unreadable++;
    }

    boolean stands() {
        return stands;
    }

    /**
     * A look, which come at equal times.
     *
     * @param followed whether the watch is asked for
     * @return for how many looks in a row it has not stood; 0 where it does, and where it is not asked for
     */
    int look(boolean followed) {
        if (!followed) {
            recovered();
        } else if (!stands || isNews) {
            looks = 0;
            looksWithoutWatch++;
            isNews = false;
        } else if (++looks > flapping.patience()) {
            recovered();
        }
        flapping.looked(trouble() != null);
        return stands ? 0 : looksWithoutWatch;
    }

    private void recovered() {
        looksWithoutWatch = 0;
        failures = 0;
        unreadable = 0;
        isNews = false;
        lastFailure = null;
    }

    /** Why it does not stand, as the last look found. A single one that finds it lost says nothing: connections end now and then. */
    @Nullable
    String trouble() {
        Throwable failure = lastFailure;
        boolean refused = Failures.refusal(failure) != null;
        if (looksWithoutWatch == 0 || (looksWithoutWatch == 1 && !refused)) {
            return null;
        }
        String away = refused ? null : outage.get();
        return away != null ? away : failure == null ? "no answer from the Kubernetes API" : Failures.line(failure);
    }
}
