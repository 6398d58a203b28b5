package io.towpath.agent.reconcile;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.cni.sources.SourceKeeper;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;

/** When the check of pods' sources is looked at: at once after news, but then twice a second at most. For use by one thread. */
final class SourceRounds {
    private static final long GAP_NANOS = 500_000_000L;

    private final SourceKeeper keeper;
    private final Log log;
    private boolean due = true;
    private long earliest = System.nanoTime();

    SourceRounds(SourceKeeper keeper, Log log) {
        this.keeper = keeper;
        this.log = log;
    }

    /** Takes an event of the kernel. */
    void changed(RtnlEvent event) {
        due |= keeper.concerns(event);
    }

    /** Takes an event of nftables. */
    void changed(NftEvent event) {
        due |= keeper.concerns(event);
    }

    /** Has the next look see for itself. */
    void again() {
        keeper.doubt();
        due = true;
    }

    /** The time of the next look, or another one if none is due. */
    long next(long otherwise) {
        return due && earliest - otherwise < 0 ? earliest : otherwise;
    }

    /** Looks, if it is time. */
    void run() {
        if (!due || System.nanoTime() - earliest < 0) {
            return;
        }
        due = false;
        String problem = null;
        try {
            int links = keeper.mend();
            if (links > 0) {
                log.info("source checks of pods' links made anew", "links", links);
            }
        } catch (NetlinkException e) {
            problem = String.valueOf(e.getMessage());
        } catch (RuntimeException | Error e) {
            // As in a round: a mistake of ours must not end the agent.
            problem = Uncaught.line(e);
        }
        log.problem("source checks", problem);
        earliest = System.nanoTime() + GAP_NANOS;
    }
}
