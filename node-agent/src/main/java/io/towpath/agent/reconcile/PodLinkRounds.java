package io.towpath.agent.reconcile;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.cni.wiring.PodLinkKeeper;
import io.towpath.cni.wiring.PodLinkKeeper.Repair;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * When pods' links are looked at: at once after news, but then so often at most that a burst is one look, and less often for as long as
 * somebody else goes on to delete what is put back. For use by one thread.
 */
final class PodLinkRounds {
    private static final long FIRST_GAP_NANOS = 50_000_000L;
    private static final long LAST_GAP_NANOS = 800_000_000L;

    /** Without a repair for so long, nobody is at it any more. */
    private static final long QUIET_NANOS = 5_000_000_000L;

    private static final int LINKS_IN_A_LINE = 5;

    private final PodLinkKeeper keeper;
    private final Log log;
    private final Consumer<List<Repair>> repaired;
    private boolean due = true;
    private long gap = FIRST_GAP_NANOS;
    private long lastRepair = System.nanoTime();
    private long earliest = System.nanoTime();

    /** @param repaired told what was put back */
    PodLinkRounds(PodLinkKeeper keeper, Log log, Consumer<List<Repair>> repaired) {
        this.keeper = keeper;
        this.log = log;
        this.repaired = repaired;
    }

    /** Pods' addresses, by the indexes of their links. */
    Map<Integer, Set<IpAddress>> addresses() {
        return keeper.addresses();
    }

    /** Takes an event of the kernel. */
    void changed(RtnlEvent event) {
        due |= keeper.concerns(event);
    }

    /** Has the next look try again what the last one could not do. */
    void again() {
        due = true;
    }

    /** The time of the next look, or another one if none is due. */
    long next(long otherwise) {
        return due && earliest - otherwise < 0 ? earliest : otherwise;
    }

    /** Looks, if it is time. */
    void run(Rtnl rtnl) {
        if (!due || System.nanoTime() - earliest < 0) {
            return;
        }
        due = false;
        String problem = null;
        List<Repair> done = List.of();
        try {
            PodLinkKeeper.Report report = keeper.mend(rtnl);
            done = report.repairs();
            problem = report.problem();
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
        } catch (RuntimeException | Error e) {
            // As in a round: a mistake of ours must not end the agent.
            problem = Uncaught.line(e);
        }
        if (!done.isEmpty()) {
            Set<String> links = new TreeSet<>();
            done.forEach(each -> links.add(each.link()));
            List<String> some = links.stream().limit(LINKS_IN_A_LINE).toList();
            log.info(
                    "pods' links repaired",
                    "count",
                    done.size(),
                    "links",
                    String.join(",", some) + (some.size() < links.size() ? ",..." : ""));
            repaired.accept(done);
        }
        log.problem("pods' links", problem);
        long now = System.nanoTime();
        if (!done.isEmpty()) {
            gap = Math.min(2 * gap, LAST_GAP_NANOS);
            lastRepair = now;
        } else if (now - lastRepair > QUIET_NANOS) {
            gap = FIRST_GAP_NANOS;
        }
        earliest = now + gap;
    }
}
