package io.towpath.agent.pods;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Pace;
import io.towpath.agent.runtime.Wants;
import io.towpath.cni.sources.SourceKeeper;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Keeps the check of what pods send, by their links; looks twice a second at most. */
public final class PodSourceController implements Controller {
    private static final Pace PACE =
            Pace.NORMAL.withGap(Duration.ofMillis(500), Duration.ofMillis(500)).impatient();

    private final Log log;
    private @Nullable SourceKeeper keeper;

    public PodSourceController(Log log) {
        this.log = log;
    }

    @Override
    public String name() {
        return "source checks";
    }

    @Override
    public Wants wants() {
        return new Wants(true, true, List.of());
    }

    @Override
    public Pace pace() {
        return PACE;
    }

    @Override
    public void open(Kernel kernel) {
        keeper = new SourceKeeper(kernel.node());
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return Objects.requireNonNull(keeper).concerns(event);
    }

    @Override
    public boolean concerns(NftEvent event) {
        return Objects.requireNonNull(keeper).concerns(event);
    }

    @Override
    public Outcome reconcile(Round round) throws NetlinkException {
        SourceKeeper open = Objects.requireNonNull(keeper);
        if (round.isFull()) {
            open.doubt();
        }
        int links = open.mend();
        if (links > 0) {
            log.info("source checks of pods' links made anew", "links", links);
        }
        return Outcome.DONE;
    }
}
