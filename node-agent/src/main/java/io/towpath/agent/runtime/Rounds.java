package io.towpath.agent.runtime;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Runs the controllers of a thread that are due, in their order. What one fails by is told, and keeps no other from running. */
final class Rounds {
    private final Log log;
    private final LongSupplier clock;
    private final List<Entry> entries = new ArrayList<>();

    /** @param clock nanoseconds since any time */
    Rounds(List<Controller> controllers, Log log, LongSupplier clock) {
        this.log = log;
        this.clock = clock;
        long now = clock.getAsLong();
        controllers.forEach(each -> entries.add(new Entry(each, new Schedule(each.pace(), now))));
    }

    /** A controller with its time. */
    private static final class Entry {
        private final Controller controller;
        private final Schedule schedule;
        private final AtomicBoolean told = new AtomicBoolean();

        Entry(Controller controller, Schedule schedule) {
            this.controller = controller;
            this.schedule = schedule;
        }

        long restNanos(long now) {
            if (told.getAndSet(false)) {
                schedule.due(now);
            }
            return schedule.restNanos(now, controller.restNanos(now), controller.urgency());
        }
    }

    /** Has a signal that some of the controllers want wake them; then {@code wake} is called, too. */
    void subscribe(Runnable wake) {
        for (Entry entry : entries) {
            for (Signal signal : entry.controller.wants().signals()) {
                signal.wake(() -> {
                    entry.told.set(true);
                    wake.run();
                });
            }
        }
    }

    /** Opens all; each is due then. */
    void open(Kernel kernel) throws Exception {
        for (Entry entry : entries) {
            entry.controller.open(kernel);
            entry.schedule.again(clock.getAsLong());
        }
    }

    /** Takes a change of links, routes or the like. */
    void changed(RtnlEvent event) {
        for (Entry entry : entries) {
            if (entry.controller.wants().links() && entry.controller.concerns(event)) {
                entry.schedule.settle(clock.getAsLong());
            }
        }
    }

    /** Takes a change of nftables. */
    void changed(NftEvent event) {
        for (Entry entry : entries) {
            if (entry.controller.wants().nftables() && entry.controller.concerns(event)) {
                entry.schedule.due(clock.getAsLong());
            }
        }
    }

    /** For how many nanoseconds none is due; not positive if one is. */
    long restNanos() {
        long now = clock.getAsLong();
        return entries.stream().mapToLong(entry -> entry.restNanos(now)).min().orElse(Long.MAX_VALUE);
    }

    /** Runs each that is due when its turn comes, once. */
    void run() {
        for (Entry entry : entries) {
            if (entry.restNanos(clock.getAsLong()) <= 0) {
                run(entry);
            }
        }
    }

    private boolean run(Entry entry) {
        Controller controller = entry.controller;
        long began = clock.getAsLong();
        // News that came before is seen now; what comes from here on asks for another run.
        entry.told.set(false);
        boolean isFull = entry.schedule.begins(began);
        Controller.Outcome outcome;
        try {
            outcome = controller.reconcile(new Turn(isFull));
        } catch (RuntimeException | Error e) {
            // A mistake of ours that some news brings to light must not end the agents of all nodes, again and again.
            outcome = Controller.Outcome.of(Uncaught.line(e));
        } catch (Exception e) {
            outcome = Controller.Outcome.of(String.valueOf(e.getMessage()));
        }
        long end = clock.getAsLong();
        entry.schedule.ended(began, end, outcome.isDone(), outcome.isRepair());
        log.problem(controller.name(), outcome.problem());
        ended(controller, outcome.problem(), Duration.ofNanos(end - began));
        return outcome.isDone();
    }

    private void ended(Controller controller, @Nullable String problem, Duration duration) {
        try {
            controller.ended(problem, duration);
        } catch (RuntimeException | Error e) {
            log.problem(controller.name(), Uncaught.line(e));
        }
    }

    /** A run of one, amid which another may be asked for. */
    private final class Turn implements Controller.Round {
        private final boolean isFull;

        Turn(boolean isFull) {
            this.isFull = isFull;
        }

        @Override
        public boolean isFull() {
            return isFull;
        }

        @Override
        public boolean first(Controller other) {
            for (Entry entry : entries) {
                if (entry.controller.equals(other)) {
                    return run(entry);
                }
            }
            throw new IllegalArgumentException(other.name() + " is not of this thread");
        }
    }
}
