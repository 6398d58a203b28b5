package io.towpath.agent.pods;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Pace;
import io.towpath.agent.runtime.Wants;
import io.towpath.cni.wiring.PodLinkKeeper;
import io.towpath.cni.wiring.PodLinkKeeper.Repair;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Puts back what others delete of pods' links; against somebody who goes on deleting there is one look each 0.8 s at last. */
public final class PodLinkController implements Controller {
    private static final Pace PACE =
            Pace.NORMAL.withGap(Duration.ofMillis(50), Duration.ofMillis(800)).impatient();
    private static final int LINKS_IN_A_LINE = 5;

    private final PodLinkKeeper keeper;
    private final Log log;
    private final Consumer<List<Repair>> repaired;
    private @Nullable Rtnl rtnl;

    /**
     * Has looked at none yet.
     *
     * @param holdings who has which address of the pods' network
     * @param repaired told what was put back
     */
    public PodLinkController(PodLinkKeeper.Holdings holdings, Log log, Consumer<List<Repair>> repaired) {
        this.keeper = new PodLinkKeeper(holdings);
        this.log = log;
        this.repaired = repaired;
    }

    /** Pods' addresses, by the indexes of their links; for controllers of the same thread. */
    public Map<Integer, Set<IpAddress>> addresses() {
        return keeper.addresses();
    }

    @Override
    public String name() {
        return "pods' links";
    }

    @Override
    public Wants wants() {
        return new Wants(true, false, List.of());
    }

    @Override
    public Pace pace() {
        return PACE;
    }

    @Override
    public void open(Kernel kernel) throws IOException {
        rtnl = kernel.rtnl();
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return keeper.concerns(event);
    }

    @Override
    public Outcome reconcile(Round round) throws IOException {
        PodLinkKeeper.Report report = keeper.mend(Objects.requireNonNull(rtnl));
        List<Repair> done = report.repairs();
        Outcome outcome = Outcome.of(report.problem());
        if (done.isEmpty()) {
            return outcome;
        }
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
        return outcome.repaired();
    }
}
