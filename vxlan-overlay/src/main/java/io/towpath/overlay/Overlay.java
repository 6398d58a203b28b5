package io.towpath.overlay;

import io.towpath.linux.FileLock;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.rtnl.IpRule;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.RulingCluster.Asking;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The overlay of the node whose network namespace the calling thread is in.
 *
 * <p>Without a cluster file and without one known from before, the overlay is not Towpath's: {@link #ensure} leaves all
 * alone then, and IPAM reads the {@code subnet.env} of whoever made it, such as flanneld.
 */
public final class Overlay {
    private final OverlayConfig config;
    private final Rtnl rtnl;
    private final Host host;
    private final StateFolder files;
    private final RulingCluster ruling;
    private final Undone undone = new Undone();
    private @Nullable DesiredOverlay before;
    private @Nullable ClusterSnapshot snapshot;

    /**
     * An overlay with its files.
     *
     * @param rtnl a session with the calling thread's network namespace; the caller closes it
     */
    public Overlay(OverlayConfig config, Rtnl rtnl) {
        this(config, rtnl, new LinuxHost());
    }

    Overlay(OverlayConfig config, Rtnl rtnl, Host host) {
        this.config = config;
        this.rtnl = rtnl;
        this.host = host;
        this.files = new StateFolder(config);
        this.ruling = new RulingCluster(config, files);
    }

    /**
     * Makes sure that the overlay stands, at the cost of a few system calls if it does: the cluster file is the one of the
     * last sync (by its status, not its content), or gone, and the kernel shows the devices as that sync left them. Else syncs,
     * once however many call at the same time. A cluster file that has become wrong is a warning as long as the one before is
     * known. What fails for single peers is a warning too, and tried again by the next call.
     *
     * @throws OverlayException if the overlay does not stand and cannot be made to
     */
    public Ensured ensure() throws OverlayException {
        try {
            Ensured standing = look();
            if (standing != null) {
                return standing;
            }
            try (FileLock _ = files.lock()) {
                // Whoever held the lock meanwhile may have done it all.
                Ensured made = look();
                if (made != null) {
                    return made;
                }
                ClusterSnapshot source = ruling.of(Asking.FOR_A_POD);
                if (source == null || isTakenOver(source)) {
                    return new Ensured(Ensured.Outcome.NOT_OURS, List.of());
                }
                SyncReport report = syncLocked(source);
                List<String> warnings = new ArrayList<>(report.warnings());
                report.failures().forEach(failure -> warnings.add(failure.toString()));
                return new Ensured(Ensured.Outcome.SYNCED, warnings);
            }
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * Finds out whether {@link #ensure} would have something to go by; changes nothing and waits for no lock.
     *
     * @return whether it would sync
     * @throws OverlayException if it would fail, as far as can be known beforehand
     */
    public boolean requireReady() throws OverlayException {
        try {
            ClusterSnapshot source = look() == null ? ruling.of(Asking.FOR_A_POD) : null;
            if (source == null) {
                return false;
            }
            DesiredOverlay.of(source.cluster(), NodeFacts.read(rtnl, host, source.cluster()));
            return true;
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * Makes the overlay what the cluster file says, or the last known one if that is gone. Serialised with other calls by a
     * lock. Sends and writes nothing where all is as it must be.
     *
     * @throws ClusterFileException if the cluster file is wrong, or missing and none was known; then nothing has changed
     * @throws OverlayException if a device or a file could not be made what it must be; all else has been done
     */
    public SyncReport sync() throws OverlayException {
        try {
            if (!files.isConfigured()) {
                ClusterFile.read(config.clusterFile());
            }
            try (FileLock _ = files.lock()) {
                ClusterSnapshot source = ruling.of(Asking.FOR_THE_FILE);
                if (source == null) {
                    throw new ClusterFileException(config.clusterFile(), "", "there is no such file any more");
                }
                return syncLocked(source);
            }
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * Makes the overlay what an agent knows of a live cluster, and keeps that as the last known cluster, which {@link #ensure}
     * then works from; no cluster file is looked at until {@link #sync()} is called.
     *
     * @throws OverlayException if a device or a file could not be made what it must be; all else has been done
     */
    public SyncReport sync(Cluster cluster) throws OverlayException {
        return sync(snapshot(cluster));
    }

    /** What an agent knows of a live cluster, for {@link #begin}. */
    public ClusterSnapshot snapshot(Cluster cluster) {
        ClusterSnapshot last = snapshot;
        if (last == null || !last.cluster().equals(cluster)) {
            last = ClusterSnapshot.of(cluster);
            snapshot = last;
        }
        return last;
    }

    /**
     * The addresses of this node by which others could know it.
     *
     * @throws OverlayException if the kernel does not tell
     */
    public NodeAddresses addresses() throws OverlayException {
        try {
            return NodeFacts.addresses(rtnl);
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * Makes the overlay what a snapshot says, as {@link #sync()} does, and keeps it as the last known cluster. One of an
     * agent's holds until another sync: ADD asks for no cluster file then.
     *
     * @throws OverlayException if a device or a file could not be made what it must be; all else has been done
     */
    public SyncReport sync(ClusterSnapshot source) throws OverlayException {
        try (Sync sync = begin(source)) {
            return sync.apply();
        }
    }

    /**
     * Begins such a sync, which changes nothing yet: what must be closed before the overlay is up can be closed first.
     *
     * @return to be closed
     * @throws OverlayException if it cannot be known what the overlay must be
     */
    public Sync begin(ClusterSnapshot source) throws OverlayException {
        try {
            FileLock lock = files.lock();
            try {
                return new Sync(source, lock);
            } catch (LinuxException | OverlayException | RuntimeException | Error e) {
                lock.close();
                throw e;
            }
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /** A sync of which it is known what the overlay must be; others wait for its end. */
    public final class Sync implements AutoCloseable {
        private final ClusterSnapshot source;
        private final FileLock lock;
        private final NodeFacts facts;
        private final DesiredOverlay desired;

        private Sync(ClusterSnapshot source, FileLock lock) throws LinuxException, OverlayException {
            this.source = source;
            this.lock = lock;
            facts = NodeFacts.read(rtnl, host, source.cluster());
            desired = DesiredOverlay.of(source.cluster(), facts);
        }

        /** What the overlay must be. */
        public DesiredOverlay desired() {
            return desired;
        }

        /**
         * Makes it that.
         *
         * @throws OverlayException if a device or a file could not be made what it must be; all else has been done
         */
        public SyncReport apply() throws OverlayException {
            try {
                return syncLocked(source, facts, desired);
            } catch (LinuxException e) {
                throw new OverlayException("overlay: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            lock.close();
        }
    }

    /**
     * The snapshot that the last sync kept, for a start before anything else is known; null if there is none.
     *
     * @throws OverlayException if it cannot be read
     */
    public @Nullable ClusterSnapshot lastKnown() throws OverlayException {
        try {
            KnownState known = files.known();
            return known == null ? null : files.lastKnown(known.cluster(), known.warning());
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * Whether a device of a cluster's overlay is there, whoever made it.
     *
     * @throws OverlayException if the kernel does not tell
     */
    public boolean hasDevice(Cluster cluster) throws OverlayException {
        try {
            return rtnl.link(DesiredOverlay.deviceName(cluster, false)) != null
                    || rtnl.link(DesiredOverlay.deviceName(cluster, true)) != null;
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * What is not the overlay's to change and keeps packets from it though all of it stands: others' routes that the kernel takes before
     * its own, rules of policy routing that lead past the main table, an underlay that forwards nothing. Changes nothing.
     *
     * @param desired the overlay, as a sync told it
     * @return one line each; empty if nothing is in the way
     * @throws OverlayException if the kernel cannot be read
     */
    public List<String> obstacles(DesiredOverlay desired) throws OverlayException {
        try {
            List<IpRule> rules = new ArrayList<>();
            for (DesiredOverlay.Device device : desired.devices()) {
                rules.addAll(rtnl.rules(device.ipv6()));
            }
            return Obstacles.of(desired, rtnl.links(), rtnl.routes(), rules);
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * How the overlay is, and what a sync would do. Changes nothing, and waits for no lock.
     *
     * @throws OverlayException if the cluster file is wrong or the kernel cannot be read
     */
    public OverlayView show() throws OverlayException {
        try {
            ClusterSnapshot source = files.isConfigured() ? ruling.of(Asking.TO_SHOW) : null;
            if (source == null) {
                return OverlayView.notOurs(config);
            }
            NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
            DesiredOverlay desired = DesiredOverlay.of(source.cluster(), facts);
            ObservedOverlay observed = observe(desired, facts);
            return OverlayView.of(config, desired, observed, source.warning(), obstacles(desired));
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * What the overlay must be by the cluster that rules, and how it differs from that. Changes nothing, and waits for no lock.
     *
     * @return null if no cluster is known
     * @throws OverlayException if the cluster file is wrong or the kernel cannot be read
     */
    public @Nullable Difference difference() throws OverlayException {
        try {
            ClusterSnapshot source = files.isConfigured() ? ruling.of(Asking.TO_SHOW) : null;
            if (source == null) {
                return null;
            }
            NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
            DesiredOverlay desired = DesiredOverlay.of(source.cluster(), facts);
            List<String> steps = new ArrayList<>();
            OverlayPlan.between(desired, observe(desired, facts)).describe(steps::add);
            KnownState known = files.known();
            return new Difference(desired, steps, known != null && known.isOfAgent());
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * How an overlay differs from what it must be.
     *
     * @param desired what it must be
     * @param steps what a sync would do, one line each
     * @param isOfAgent whether an agent made the last sync
     */
    public record Difference(DesiredOverlay desired, List<String> steps, boolean isOfAgent) {
        public Difference {
            steps = List.copyOf(steps);
        }
    }

    /** The answer if nothing is to be done, null if something is. */
    private @Nullable Ensured look() throws LinuxException {
        KnownState known = files.known();
        if (known == null) {
            return files.isConfigured() ? null : new Ensured(Ensured.Outcome.NOT_OURS, List.of());
        }
        String fingerprint = files.currentFingerprint(known);
        // An agent tries again by itself what it could not do for single peers, and without a source there is nothing
        // to try.
        boolean current = fingerprint == null
                ? !known.isOfAgent() && known.complete()
                : fingerprint.equals(known.cluster()) && (known.complete() || known.isOfAgent());
        if (!current || !files.hasNodeState() || !known.stands(rtnl)) {
            return null;
        }
        String warning = fingerprint == null ? null : known.warning();
        return new Ensured(Ensured.Outcome.STOOD, warning == null ? List.of() : List.of(warning));
    }

    private boolean isTakenOver(ClusterSnapshot source) throws LinuxException, OverlayException {
        KnownState known = files.known();
        boolean lastKnown =
                known != null && (known.isOfAgent() || KnownState.fingerprint(config.clusterFile()) == null);
        if (known == null || !lastKnown) {
            return false;
        }
        NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
        return files.isTakenOver(known, files.subnetEnv(DesiredOverlay.of(source.cluster(), facts), known));
    }

    private ObservedOverlay observe(DesiredOverlay desired, NodeFacts facts) throws LinuxException {
        return ObservedOverlay.read(rtnl, host, desired, facts, files.known());
    }

    private SyncReport syncLocked(ClusterSnapshot source) throws LinuxException, OverlayException {
        NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
        return syncLocked(source, facts, DesiredOverlay.of(source.cluster(), facts));
    }

    private SyncReport syncLocked(ClusterSnapshot source, NodeFacts facts, DesiredOverlay desired)
            throws LinuxException, OverlayException {
        KnownState known = files.known();
        files.begin(source, known);
        OverlayPlan plan = OverlayPlan.between(desired, ObservedOverlay.read(rtnl, host, desired, facts, known));
        List<OverlayPlan.Failure> failures = plan.apply(rtnl, host);
        List<OverlayPlan.Failure> ofPeers = new ArrayList<>(failures);
        ofPeers.removeIf(failure -> failure.peer() == null);
        List<OverlayPlan.Repair> open = plan.undone(rtnl, failures);
        ofPeers.addAll(undone.failures(open));
        List<String> devices = new ArrayList<>();
        DesiredOverlay standing = desired;
        for (DesiredOverlay.Device device : desired.devices()) {
            Link link = rtnl.link(device.name());
            String problem = problem(device.name(), link, failures);
            if (problem == null && link != null) {
                devices.add(KnownState.describe(link));
            } else {
                standing = standing.without(device, String.valueOf(problem));
            }
        }
        requireAny(standing, failures);
        files.end(
                source,
                standing,
                devices,
                ofPeers.isEmpty() && open.isEmpty() && standing.leftOut().isEmpty(),
                known);
        List<OverlayPlan.Repair> repairs = Repairs.of(plan, before, desired, ofPeers, open);
        before = desired;
        return new SyncReport(standing, plan, repairs, ofPeers, open, warnings(source, standing));
    }

    private static List<String> warnings(ClusterSnapshot source, DesiredOverlay standing) {
        List<String> warnings = new ArrayList<>(source.warning() == null ? List.of() : List.of(source.warning()));
        standing.leftOut().forEach(each -> warnings.add(each.family() + " is left out: " + each.reason()));
        return warnings;
    }

    /** Why a device is not as it must be, null if it is. */
    private static @Nullable String problem(String device, @Nullable Link link, List<OverlayPlan.Failure> failures) {
        for (OverlayPlan.Failure failure : failures) {
            if (failure.peer() == null && device.equals(failure.device())) {
                return failure.toString();
            }
        }
        return link != null && link.isUp() ? null : "somebody took " + device + " down or away during the sync";
    }

    /** What is wrong with one family is no reason to hold up the other; what is wrong with the node as a whole is. */
    private static void requireAny(DesiredOverlay standing, List<OverlayPlan.Failure> failures)
            throws OverlayException {
        String others = failures.size() < 2 ? "" : " (and " + (failures.size() - 1) + " more failures)";
        for (OverlayPlan.Failure failure : failures) {
            String device = failure.device();
            if (failure.peer() == null && (device == null || !standing.hasDevice(device))) {
                throw new OverlayException("overlay: " + failure + others);
            }
        }
        if (standing.devices().isEmpty()) {
            throw new OverlayException(
                    "overlay: " + standing.leftOut().getFirst().reason() + others);
        }
    }
}
