package io.towpath.agent.overlay;

import io.towpath.agent.attachments.OutsidePods;
import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.guard.TunnelFirewall;
import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Fact;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Wants;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.OwnNode;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.NodeAddresses;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.SyncReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the overlay what the source says: after every change of the cluster, and after every change in the kernel that concerns it.
 *
 * <p>Until the source is in sync, the last known cluster is kept: nothing is taken away from a node that restarts while its
 * API server is away.
 */
public final class OverlayController implements Controller, ClusterSource.Listener {
    private final OverlayConfig files;
    private final OwnChoices choices;
    private final TunnelFirewall firewall;
    private final Supplier<Map<Integer, Set<IpAddress>>> podAddresses;
    private final ClusterSource source;
    private final @Nullable CachedCluster cached;
    private final Log log;
    private final Clock clock;
    private final OverlayStatus status;

    private final Fact<ClusterFacts> facts = new Fact<>();
    private final Fact<String> trouble = new Fact<>();
    private volatile @Nullable Instant lastChange;
    private volatile Supplier<Map<Integer, String>> podNames = Map::of;

    // Of the thread alone.
    private @Nullable Rtnl rtnl;
    private @Nullable Overlay overlay;
    private @Nullable ClusterFacts now;
    private boolean isKept;
    private @Nullable OwnNode published;
    private @Nullable String leftOut;
    private @Nullable String notServed;
    private @Nullable String outside;
    private @Nullable LiveCluster live;
    private Interest interest = Interest.EVERYTHING;

    /**
     * Knows of no cluster yet.
     *
     * @param firewall reconciled before anything of the overlay is changed
     * @param podAddresses pods' addresses, by the indexes of their links; asked by the thread that reconciles
     * @param cached where a live cluster is kept for a start after a boot; null for nowhere
     */
    public OverlayController(
            OverlayConfig files,
            OwnChoices choices,
            TunnelFirewall firewall,
            Supplier<Map<Integer, Set<IpAddress>>> podAddresses,
            ClusterSource source,
            @Nullable CachedCluster cached,
            Log log,
            Clock clock,
            StatusBoard board) {
        this.files = files;
        this.choices = choices;
        this.firewall = firewall;
        this.podAddresses = podAddresses;
        this.source = source;
        this.cached = cached;
        this.log = log;
        this.clock = clock;
        this.status = new OverlayStatus(log, clock, board);
    }

    @Override
    public void cluster(ClusterFacts told) {
        lastChange = clock.instant();
        facts.tell(told);
    }

    @Override
    public void trouble(@Nullable String message) {
        log.problem("source", message);
        if (!Objects.equals(trouble.get(), message)) {
            trouble.tell(message);
        }
    }

    /** Has pods told by their names, which are asked for by the indexes of their links. */
    public void namePods(Supplier<Map<Integer, String>> names) {
        podNames = names;
    }

    @Override
    public String name() {
        return "overlay";
    }

    @Override
    public Wants wants() {
        return new Wants(true, false, List.of(facts, trouble));
    }

    @Override
    public void open(Kernel kernel) throws NetlinkException {
        rtnl = kernel.rtnl();
        overlay = new Overlay(files, rtnl);
        interest = Interest.EVERYTHING;
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return interest.concerns(event);
    }

    @Override
    public Outcome reconcile(Round round) throws OverlayException, NetlinkException {
        Overlay kernel = Objects.requireNonNull(overlay);
        now = facts.get();
        ClusterSnapshot cluster = cluster(now, kernel);
        if (cluster == null) {
            status.waiting();
            return Outcome.DONE;
        }
        SyncReport report;
        try (Overlay.Sync sync = kernel.begin(cluster)) {
            // Nobody may send into the overlay when it is up.
            firewall.overlay(sync.desired());
            round.first(firewall);
            String open = firewall.whyOpen();
            if (open != null) {
                return Outcome.of(open);
            }
            report = sync.apply();
        }
        made(cluster.cluster());
        interest = Interest.of(report.desired(), Objects.requireNonNull(rtnl));
        status.synced(report);
        status.obstacles(obstacles(kernel, report.desired()));
        tellOutside(report.desired().devices());
        if (now != null) {
            publish(report.desired());
        }
        return report.isDone() ? Outcome.DONE : Outcome.AGAIN;
    }

    @Override
    public void ended(@Nullable String problem, Duration duration) {
        if (problem != null) {
            status.failed(problem);
            // The next round must find out by itself what concerns it.
            interest = Interest.EVERYTHING;
        }
        AgentStatus ended = status.roundEnded(
                new AgentStatus.Source(
                        source.name(),
                        now != null,
                        lastChange,
                        trouble.get(),
                        cached == null ? null : cached.problem()),
                duration);
        tellLeftOut(ended);
    }

    /** What the overlay is to be made of; null if there is nothing to go by yet. */
    private @Nullable ClusterSnapshot cluster(@Nullable ClusterFacts known, Overlay kernel) throws OverlayException {
        isKept = false;
        return switch (known) {
            case null -> {
                ClusterSnapshot last = kernel.lastKnown();
                yield last == null ? keptCluster(kernel) : last;
            }
            case ClusterFacts.OfFile file -> file.snapshot();
            case ClusterFacts.Live told -> {
                LiveCluster next = liveCluster(told, kernel.addresses());
                live = next;
                status.rejected(next.rejected(), told.cluster().node(), told.health());
                yield kernel.snapshot(next.cluster());
            }
        };
    }

    private @Nullable ClusterSnapshot keptCluster(Overlay kernel) throws OverlayException {
        Cluster kept = cached == null ? null : cached.read();
        // A device that is there is flanneld's, or an agent's whose files are gone: it may have peers that were not
        // kept.
        if (kept == null || kernel.hasDevice(kept)) {
            return null;
        }
        isKept = true;
        return kernel.snapshot(kept);
    }

    private void made(Cluster cluster) {
        if (isKept) {
            log.info(
                    "the overlay is of the cluster as it was known before until the source tells",
                    "nodes",
                    cluster.nodes().size());
        } else if (cached != null && now instanceof ClusterFacts.Live) {
            cached.keep(cluster);
        }
    }

    private LiveCluster liveCluster(ClusterFacts.Live now, NodeAddresses own) throws OverlayException {
        try {
            LiveCluster next = LiveCluster.of(now, choices, own, live);
            notServed(null);
            return next;
        } catch (OverlayException e) {
            notServed(e.getMessage());
            throw e;
        }
    }

    private void notServed(@Nullable String reason) {
        if (!Objects.equals(reason, notServed)) {
            notServed = reason;
            source.notServed(reason);
        }
    }

    private static List<String> obstacles(Overlay overlay, DesiredOverlay desired) {
        try {
            return overlay.obstacles(desired);
        } catch (OverlayException e) {
            // The overlay stands all the same.
            return List.of("what is in its way cannot be looked for: " + e.getMessage());
        }
    }

    private void tellOutside(List<DesiredOverlay.Device> devices) {
        List<String> found = OutsidePods.of(podAddresses.get(), devices, podNames.get());
        String now = OutsidePods.message(found, devices);
        status.outside(found, now);
        if (!Objects.equals(now, outside)) {
            outside = now;
            source.outside(now);
        }
    }

    private void tellLeftOut(AgentStatus ended) {
        String now = ended.leftOut().summary();
        if (!Objects.equals(now, leftOut)) {
            leftOut = now;
            source.leftOut(now);
        }
    }

    private void publish(DesiredOverlay desired) {
        int vni = desired.devices().getFirst().attributes().id();
        Cluster.Node self = desired.self();
        OwnNode own = new OwnNode(
                self.addresses(),
                vni,
                self.slice(false) == null ? null : self.vtepMac(false),
                self.slice(true) == null ? null : self.vtepMac(true));
        if (!own.equals(published)) {
            source.publish(own);
            published = own;
        }
    }
}
