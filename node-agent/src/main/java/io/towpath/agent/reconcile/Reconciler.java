package io.towpath.agent.reconcile;

import io.towpath.agent.attachments.OutsidePods;
import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.OwnNode;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import io.towpath.cni.ports.HostPortKeeper;
import io.towpath.cni.sources.SourceKeeper;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.PodLinkKeeper;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
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
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the overlay what the source says, on the thread that calls {@link #run}: a round after every change of the cluster and
 * after every change in the kernel that concerns the overlay, at once for the first and then so often at most that a storm
 * is a few rounds; and a slow round in between, should any change not have been told.
 *
 * <p>Until the source is in sync, the last known cluster is kept: nothing is taken away from a node that restarts while its
 * API server is away.
 */
public final class Reconciler implements ClusterSource.Listener {
    private static final int SLOW_ROUND_MS = 30_000;
    private static final int GAP_MS = 50;
    private static final int FIRST_RETRY_MS = 200;
    private static final int LAST_RETRY_MS = 5_000;

    /** A slow round comes every 30 s, and one takes well below a second with thousands of peers. */
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final OverlayConfig files;
    private final OwnChoices choices;
    private final ClusterSource source;
    private final Log log;
    private final GuardPolicy policy;
    private final @Nullable CachedCluster cached;
    private final Consumer<AgentStatus> statuses;
    private final StatusKeeper status;
    private final PodLinkRounds pods;
    private final Monitor monitor;
    private final LastingThread thread;

    private volatile @Nullable ClusterFacts facts;
    private volatile boolean stopped;
    private final AtomicBoolean news = new AtomicBoolean();
    private boolean due = true;
    private @Nullable OwnNode published;
    private @Nullable String leftOut;
    private @Nullable String notServed;
    private @Nullable String outside;
    private volatile Supplier<Map<Integer, String>> podNames = Map::of;
    private @Nullable LiveCluster live;
    private @Nullable Guarding guarding;
    private @Nullable HostPortKeeper ports;
    private boolean portsDue = true;
    private @Nullable SourceRounds sources;
    private Interest interest = Interest.EVERYTHING;
    private int retry;

    /**
     * A reconciler of the network namespace that the calling thread is in, where {@link #run} is to be called, too.
     *
     * @param policy what the nftables table is to do
     * @param holdings who has which address of the pods' network
     * @param cached where a live cluster is kept for a start after a boot; null for nowhere
     * @param statuses takes the status after every round
     */
    public Reconciler(
            OverlayConfig files,
            OwnChoices choices,
            GuardPolicy policy,
            PodLinkKeeper.Holdings holdings,
            ClusterSource source,
            @Nullable CachedCluster cached,
            Log log,
            Clock clock,
            Consumer<AgentStatus> statuses)
            throws NetlinkException {
        this.files = files;
        this.choices = choices;
        this.policy = policy;
        this.source = source;
        this.cached = cached;
        this.log = log;
        this.statuses = statuses;
        this.status = new StatusKeeper(source.name(), log, clock, cached == null ? () -> null : cached::problem);
        this.thread = new LastingThread("reconcile", LIMIT, log, this::rounds);
        this.pods = new PodLinkRounds(new PodLinkKeeper(holdings), log, status::podLinksRepaired);
        this.monitor = new Monitor();
        try {
            RtnlEvent.subscribe(monitor, null, this::changed);
            NftEvent.subscribe(monitor, null, this::changed);
        } catch (NetlinkException e) {
            monitor.close();
            throw e;
        }
    }

    @Override
    public void cluster(ClusterFacts told) {
        facts = told;
        status.sourceTold();
        wake();
    }

    @Override
    public void trouble(@Nullable String message) {
        log.problem("source", message);
        if (status.sourceTrouble(message)) {
            wake();
        }
    }

    /** Has pods told by their names, which are asked for by the indexes of their links. */
    public void namePods(Supplier<Map<Integer, String>> names) {
        podNames = names;
    }

    /** Takes how full the ranges are, and what was done about attachments; any thread may call it. */
    public void pods(List<AgentStatus.Fill> fills, AgentStatus.Attachments cleared) {
        status.pods(fills, cleared);
    }

    private void changed(RtnlEvent event) {
        due |= interest.concerns(event);
        pods.changed(event);
        if (sources != null) {
            sources.changed(event);
        }
    }

    private void changed(NftEvent event) {
        due |= guarding == null || guarding.isConcernedBy(event);
        if (ports != null) {
            portsDue |= ports.concerns(event);
        }
        if (sources != null) {
            sources.changed(event);
        }
    }

    /** Host ports have rounds of their own, for a pod's coming or going is no news to the overlay. */
    private void mendPorts(HostPortKeeper keeper) {
        portsDue = false;
        String problem = null;
        try {
            int back = keeper.mend();
            if (back > 0) {
                log.info("host ports repaired", "entries", back);
            }
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
        } catch (RuntimeException | Error e) {
            // As in a round: a mistake of ours must not end the agent.
            problem = Uncaught.line(e);
        }
        log.problem("host ports", problem);
    }

    private void wake() {
        news.set(true);
        monitor.wake();
    }

    /** Ends {@link #run} after the round under way; any thread may call it. The node stays as it is. */
    public void stop() {
        stopped = true;
        thread.end();
        monitor.wake();
    }

    /** Tells whether there are rounds. */
    public Heartbeat heartbeat() {
        return thread.heartbeat();
    }

    /** Does rounds until stopped. */
    public void run() {
        try (monitor) {
            thread.run();
        }
    }

    private void rounds() throws NetlinkException {
        try (Rtnl rtnl = Rtnl.open();
                Nft nft = Nft.open();
                Namespaces node = new LinuxNamespaces()) {
            Overlay overlay = new Overlay(files, rtnl);
            Guarding guard = new Guarding(nft, policy, status);
            guarding = guard;
            HostPortKeeper keeper = new HostPortKeeper(node);
            ports = keeper;
            SourceRounds checks = new SourceRounds(new SourceKeeper(node), log);
            sources = checks;
            // Before the overlay: nobody may send into it when it stands.
            overlay.beforeChanges(guard::sync);
            interest = Interest.EVERYTHING;
            due = true;
            portsDue = true;
            pods.again();
            long slow = System.nanoTime();
            long earliest = slow;
            while (!stopped) {
                thread.beat();
                if (portsDue) {
                    mendPorts(keeper);
                }
                pods.run(rtnl);
                checks.run();
                long now = System.nanoTime();
                boolean wanted = due || news.get();
                long until = wanted ? earliest : Math.max(slow, earliest);
                if (now - until < 0) {
                    long first = Math.max(checks.next(pods.next(until)) - now, 0);
                    monitor.await((int) Math.min(SLOW_ROUND_MS, (first + 999_999) / 1_000_000));
                    continue;
                }
                // News that came before the round is seen by it; what comes during it asks for another.
                monitor.await(0);
                due = false;
                portsDue = true;
                pods.again();
                checks.again();
                news.set(false);
                boolean done = round(rtnl, overlay, guard);
                retry = done ? 0 : Math.clamp(2L * retry, FIRST_RETRY_MS, LAST_RETRY_MS);
                long end = System.nanoTime();
                earliest = end + 1_000_000L * Math.max(GAP_MS, retry);
                slow = done ? end + 1_000_000L * SLOW_ROUND_MS : earliest;
            }
        }
    }

    /** Whether everything is as it must be now. */
    private boolean round(Rtnl rtnl, Overlay overlay, Guarding guard) {
        long began = System.nanoTime();
        ClusterFacts now = facts;
        boolean done = false;
        try {
            SyncReport report = sync(now, overlay);
            if (report == null) {
                status.waiting();
                done = true;
            } else {
                interest = Interest.of(report.desired(), rtnl);
                status.synced(report);
                status.obstacles(obstacles(overlay, report.desired()));
                tellOutside(report.desired().devices());
                if (now != null) {
                    publish(report.desired());
                }
                done = report.isDone();
            }
        } catch (OverlayException | NetlinkException e) {
            status.failed(String.valueOf(e.getMessage()));
            // The next round must find out by itself what concerns it.
            interest = Interest.EVERYTHING;
        } catch (RuntimeException | Error e) {
            // A mistake of ours that some news brings to light must not end the agents of all nodes, again and again.
            status.failed(Uncaught.line(e));
            interest = Interest.EVERYTHING;
        }
        done &= guard.roundEnded();
        AgentStatus ended = status.roundEnded(now != null, Duration.ofNanos(System.nanoTime() - began));
        statuses.accept(ended);
        tellLeftOut(ended);
        return done;
    }

    /** Null if there is nothing to go by yet. */
    private @Nullable SyncReport sync(@Nullable ClusterFacts now, Overlay overlay) throws OverlayException {
        return switch (now) {
            case null -> {
                ClusterSnapshot last = overlay.lastKnown();
                if (last != null) {
                    yield overlay.sync(last);
                }
                yield syncKept(overlay);
            }
            case ClusterFacts.OfFile file -> overlay.sync(file.snapshot());
            case ClusterFacts.Live facts -> {
                LiveCluster next = liveCluster(facts, overlay.addresses());
                live = next;
                status.rejected(next.rejected(), facts.cluster().node(), facts.health());
                SyncReport report = overlay.sync(next.cluster());
                if (cached != null) {
                    cached.keep(next.cluster());
                }
                yield report;
            }
        };
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

    private @Nullable SyncReport syncKept(Overlay overlay) throws OverlayException {
        Cluster kept = cached == null ? null : cached.read();
        // A device that is there is flanneld's, or an agent's whose files are gone: it may have peers that were not
        // kept.
        if (kept == null || overlay.hasDevice(kept)) {
            return null;
        }
        SyncReport report = overlay.sync(kept);
        log.info(
                "the overlay is of the cluster as it was known before until the source tells",
                "nodes",
                kept.nodes().size());
        return report;
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
        List<String> found = OutsidePods.of(pods.addresses(), devices, podNames.get());
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
