package io.towpath.agent.runtime;

import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one part of the node what it must be. It is told what changed, and is then called to reconcile; when, and what becomes of a failure, the
 * runtime decides. All its methods are called by the one thread that it was registered for.
 */
public interface Controller {
    /** What it is called in the log and in metrics, such as {@code "host ports"}. */
    String name();

    /** What wakes it. */
    Wants wants();

    /** How often it runs. */
    default Pace pace() {
        return Pace.NORMAL;
    }

    /**
     * Begins: before the first time, and again after its thread has failed. It looks at everything then.
     *
     * @param kernel the sessions of its thread, which the runtime closes
     */
    default void open(Kernel kernel) throws Exception {}

    /** Takes a change of links, addresses, routes or the like, and tells whether it has to reconcile for that. */
    default boolean concerns(RtnlEvent event) {
        return false;
    }

    /** Takes a change of nftables, and tells whether it has to reconcile for that. */
    default boolean concerns(NftEvent event) {
        return false;
    }

    /**
     * Makes what it keeps what it must be. A checked exception is a failure that was foreseen, and its message is told; any other is a mistake of
     * the program. Both are tried again, later and later.
     */
    Outcome reconcile(Round round) throws Exception;

    /**
     * Is told how {@link #reconcile} has ended.
     *
     * @param problem why not all is as it must be, in one line; null if nothing is to be told
     * @param duration how long it took
     */
    default void ended(@Nullable String problem, Duration duration) {}

    /** How soon it has to run again though it has just run, if there is something to do. */
    default Urgency urgency() {
        return Urgency.NORMAL;
    }

    /**
     * In how many nanoseconds there is something to do though nobody tells anything.
     *
     * @param now as the runtime's clock has it, in nanoseconds
     */
    default long restNanos(long now) {
        return Long.MAX_VALUE;
    }

    /** How much of the pause after a run is waited for. */
    enum Urgency {
        /** All of it. */
        NORMAL,
        /** The least gap alone: somebody waits. */
        SOON,
        /** Nothing, unless the last run failed: somebody waits for what can be done at once. */
        NOW
    }

    /** What a run is about. */
    interface Round {
        /** Whether all is to be looked at, should a change not have been told: at first, after a failure, and now and then. */
        boolean isFull();

        /**
         * Has another controller of the same thread reconcile now, before this one goes on.
         *
         * @return whether all that it keeps is as it must be; if not, it is tried again by itself
         */
        boolean first(Controller other);
    }

    /**
     * What became of a run.
     *
     * @param isDone whether all is as it must be; if not, it is tried again, later and later
     * @param isRepair whether what others undo was put back: while that goes on, it is done less and less often
     * @param problem what the runtime is to tell, in one line; null for nothing, or if the controller tells by itself
     */
    record Outcome(
            boolean isDone, boolean isRepair, @Nullable String problem) {
        /** All is as it must be. */
        public static final Outcome DONE = new Outcome(true, false, null);

        /** It is not; the controller has told why. */
        public static final Outcome AGAIN = new Outcome(false, false, null);

        /** Done, or not by what is told. */
        public static Outcome of(@Nullable String problem) {
            return new Outcome(problem == null, false, problem);
        }

        /** The same with something that was put back. */
        public Outcome repaired() {
            return new Outcome(isDone, true, problem);
        }
    }
}
