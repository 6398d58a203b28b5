package io.towpath.agent.source.kube;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long to wait before the API is asked again. All of it is by chance: of 5,000 nodes that lose the API at the same moment no two
 * come back together.
 */
final class Waits {
    /** Of so many refusals each makes the wait longer by as much as the first attempts are apart. */
    private static final int REFUSALS = 4;

    /** So often a question is given twice the time. */
    private static final int LONGER = 2;

    private static final int BUSY = 429;
    private static final int SERVER = 500;

    private final Timing timing;
    private final DoubleSupplier chance;

    /** @param chance from 0 to 1, which it does not reach */
    Waits(Timing timing, DoubleSupplier chance) {
        this.timing = timing;
        this.chance = chance;
    }

    /** After something was lost: at any moment of the time that attempts are apart. */
    Duration lost() {
        return part(timing.retry(), chance.getAsDouble());
    }

    /** While the API is away: between half of the time that attempts are apart and all of it. */
    Duration away() {
        return upTo(timing.retry());
    }

    /**
     * How long an answer to a small question is waited for: longer after each that had none, or an API that is slow would never be heard.
     *
     * @param unanswered how many such questions in a row had no answer
     */
    Duration answer(int unanswered) {
        return timing.retry().multipliedBy(1L << Math.min(unanswered, LONGER));
    }

    /**
     * After an answer that refuses something.
     *
     * @param refusals how many in a row, this one included
     */
    Duration after(ApiRefusal refusal, int refusals) {
        Duration asked = refusal.retryAfter();
        if (asked != null) {
            return shorter(asked, timing.retryAfter()).plus(lost());
        }
        if (isBusy(refusal)) {
            return refusals == 1 ? lost() : away();
        }
        return refused(refusals);
    }

    /**
     * After the API has said, other than by being busy, that something cannot be.
     *
     * @param refusals how many times in a row
     */
    Duration refused(int refusals) {
        return upTo(shorter(
                timing.retry().plus(timing.retry().multipliedBy(refusals - 1).dividedBy(REFUSALS)), timing.refused()));
    }

    /** For how long something must be so before an operator is told of it. */
    Duration settled() {
        return timing.settled().plus(part(timing.settled(), chance.getAsDouble()));
    }

    /** How long a watch is asked for. */
    Duration watch() {
        return timing.watch().plus(part(timing.watch(), chance.getAsDouble()));
    }

    /** Whether the API, or what stands before it, answers but cannot do its work. */
    static boolean isBusy(@Nullable ApiRefusal refusal) {
        return refusal != null && (refusal.code() == BUSY || refusal.code() >= SERVER);
    }

    private Duration upTo(Duration bound) {
        return part(bound, (1 + chance.getAsDouble()) / 2);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration part(Duration whole, double share) {
        return Duration.ofNanos((long) (whole.toNanos() * share));
    }
}
