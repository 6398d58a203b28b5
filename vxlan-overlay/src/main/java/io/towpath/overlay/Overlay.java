package io.towpath.overlay;

import io.towpath.linux.FileLock;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The overlay of the node whose network namespace the calling thread is in.
 *
 * <p>Without a cluster file and without one known from before, the overlay is not Towpath's: {@link #ensure} leaves all
 * alone then, and IPAM reads the {@code subnet.env} of whoever made it, such as flanneld.
 */
public final class Overlay {
    private static final String LAST_CLUSTER = "cluster.json";
    private static final String LOCK = "overlay.lock";
    private static final int FOLDER_MODE = 0x1ed; // 0755
    private static final int FILE_MODE = 0x1a4; // 0644

    private final OverlayConfig config;
    private final Rtnl rtnl;
    private final Host host;
    private @Nullable DesiredOverlay before;

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
            try (FileLock _ = lock()) {
                // Whoever held the lock meanwhile may have done it all.
                Ensured made = look();
                if (made != null) {
                    return made;
                }
                ClusterSnapshot source = source(true);
                if (source == null || isTakenOver()) {
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
            ClusterSnapshot source = look() == null ? source(true) : null;
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
            if (!isConfigured()) {
                ClusterFile.read(config.clusterFile());
            }
            try (FileLock _ = lock()) {
                ClusterSnapshot source = source(false);
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
        return sync(ClusterSnapshot.of(cluster));
    }

    /**
     * The addresses of this node's interfaces, those of loopback, of links alone and of the overlay's own devices left out.
     *
     * @throws OverlayException if the kernel does not tell
     */
    public Set<IpAddress> addresses() throws OverlayException {
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
    public SyncReport sync(ClusterSnapshot snapshot) throws OverlayException {
        try (FileLock _ = lock()) {
            return syncLocked(snapshot);
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /**
     * The snapshot that the last sync kept, for a start before anything else is known; null if there is none.
     *
     * @throws OverlayException if it cannot be read
     */
    public @Nullable ClusterSnapshot lastKnown() throws OverlayException {
        try {
            KnownState known = KnownState.read(config.stateDirectory());
            return known == null ? null : lastKnown(known.cluster(), known.warning());
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
            ClusterSnapshot source = isConfigured() ? source(false) : null;
            if (source == null) {
                return OverlayView.notOurs(config);
            }
            NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
            DesiredOverlay desired = DesiredOverlay.of(source.cluster(), facts);
            ObservedOverlay observed = observe(desired, facts);
            return OverlayView.of(config, desired, observed, source.warning());
        } catch (LinuxException e) {
            throw new OverlayException("overlay: " + e.getMessage(), e);
        }
    }

    /** The answer if nothing is to be done, null if something is. */
    private @Nullable Ensured look() throws LinuxException {
        KnownState known = KnownState.read(config.stateDirectory());
        if (known != null && known.isOfAgent()) {
            return isWhole(known) ? new Ensured(Ensured.Outcome.STOOD, List.of()) : null;
        }
        String fingerprint = KnownState.fingerprint(config.clusterFile());
        if (known == null) {
            return fingerprint == null && !isConfigured() ? new Ensured(Ensured.Outcome.NOT_OURS, List.of()) : null;
        }
        boolean current = fingerprint == null || fingerprint.equals(known.cluster());
        if (!current || !isWhole(known)) {
            return null;
        }
        String warning = fingerprint == null ? null : known.warning();
        return new Ensured(Ensured.Outcome.STOOD, warning == null ? List.of() : List.of(warning));
    }

    private boolean isWhole(KnownState known) throws LinuxException {
        return Linux.status(config.stateDirectory() + "/" + NodeFiles.NODE_STATE) != null && known.stands(rtnl);
    }

    private boolean isConfigured() throws LinuxException {
        return Linux.status(config.clusterFile()) != null || Linux.status(lastCluster()) != null;
    }

    private String lastCluster() {
        return config.stateDirectory() + "/" + LAST_CLUSTER;
    }

    private FileLock lock() throws LinuxException {
        Linux.makeDirectories(config.stateDirectory(), FOLDER_MODE);
        return FileLock.acquire(config.stateDirectory() + "/" + LOCK);
    }

    /**
     * Whether somebody else, such as flanneld, has written {@code subnet.env} since, now that there is no cluster file: then
     * the last known cluster is not to be brought back.
     */
    private boolean isTakenOver() throws LinuxException, OverlayException {
        KnownState known = KnownState.read(config.stateDirectory());
        if (known == null || known.isOfAgent() || KnownState.fingerprint(config.clusterFile()) != null) {
            return false;
        }
        byte[] subnetEnv = Linux.readFile(config.subnetEnv(), ClusterFile.MAX_BYTES);
        return subnetEnv != null && !KnownState.hash(subnetEnv).equals(known.subnetEnv());
    }

    /**
     * The cluster file, else the last known cluster; null if there is neither.
     *
     * @param forgiving whether an agent's last cluster goes before the file, and the last known one in the place of a wrong file
     */
    private @Nullable ClusterSnapshot source(boolean forgiving) throws LinuxException, OverlayException {
        KnownState known = forgiving ? KnownState.read(config.stateDirectory()) : null;
        if (known != null && known.isOfAgent()) {
            ClusterSnapshot last = lastKnown(known.cluster(), null);
            if (last != null) {
                return last;
            }
        }
        // Before the content: a change between the two is then noticed by the next look.
        String fingerprint = KnownState.fingerprint(config.clusterFile());
        byte[] content = fingerprint == null ? null : ClusterFile.content(config.clusterFile());
        if (fingerprint == null || content == null) {
            String warning = "cluster file " + config.clusterFile() + " is gone; the last known one is used";
            return lastKnown("gone", warning);
        }
        try {
            return new ClusterSnapshot(ClusterFile.parse(config.clusterFile(), content), content, fingerprint, null);
        } catch (ClusterFileException e) {
            ClusterSnapshot last =
                    forgiving ? lastKnown(fingerprint, e.getMessage() + "; the last known one is used") : null;
            if (last == null) {
                throw e;
            }
            return last;
        }
    }

    private @Nullable ClusterSnapshot lastKnown(String fingerprint, @Nullable String warning) throws OverlayException {
        byte[] content = ClusterFile.content(lastCluster());
        return content == null
                ? null
                : new ClusterSnapshot(ClusterFile.parse(lastCluster(), content), content, fingerprint, warning);
    }

    private ObservedOverlay observe(DesiredOverlay desired, NodeFacts facts) throws LinuxException {
        return ObservedOverlay.read(rtnl, host, desired, facts, KnownState.read(config.stateDirectory()));
    }

    private SyncReport syncLocked(ClusterSnapshot source) throws LinuxException, OverlayException {
        NodeFacts facts = NodeFacts.read(rtnl, host, source.cluster());
        DesiredOverlay desired = DesiredOverlay.of(source.cluster(), facts);
        OverlayPlan plan = OverlayPlan.between(desired, observe(desired, facts));
        List<OverlayPlan.Failure> failures = plan.apply(rtnl, host);
        List<OverlayPlan.Failure> ofPeers = new ArrayList<>();
        for (OverlayPlan.Failure failure : failures) {
            if (failure.peer() == null) {
                String others = failures.size() == 1 ? "" : " (and " + (failures.size() - 1) + " more failures)";
                throw new OverlayException("overlay: " + failure + others);
            }
            ofPeers.add(failure);
        }
        List<String> devices = new ArrayList<>();
        for (DesiredOverlay.Device device : desired.devices()) {
            Link link = rtnl.link(device.name());
            if (link == null || !link.isUp()) {
                throw new OverlayException("overlay: somebody took " + device.name() + " down or away during the sync");
            }
            devices.add(KnownState.describe(link));
        }
        record(source, desired, devices, ofPeers.isEmpty());
        List<OverlayPlan.Repair> repairs = Repairs.of(plan, before, desired, ofPeers);
        before = desired;
        return new SyncReport(
                desired, plan, repairs, ofPeers, source.warning() == null ? List.of() : List.of(source.warning()));
    }

    private void record(ClusterSnapshot source, DesiredOverlay desired, List<String> devices, boolean complete)
            throws LinuxException, OverlayException {
        byte[] subnetEnv = NodeFiles.subnetEnv(desired);
        NodeFiles.publish(config.stateDirectory() + "/" + NodeFiles.NODE_STATE, NodeFiles.nodeState(desired));
        NodeFiles.publish(config.subnetEnv(), subnetEnv);
        if (!Arrays.equals(ClusterFile.content(lastCluster()), source.content())) {
            Linux.publish(config.stateDirectory(), LAST_CLUSTER, source.content(), FILE_MODE);
        }
        // Last, and only of a whole overlay: whatever happened before, the next look finds nothing noted and syncs
        // again.
        KnownState state = new KnownState(source.fingerprint(), KnownState.hash(subnetEnv), devices, source.warning());
        if (!complete) {
            Linux.unlink(config.stateDirectory() + "/" + KnownState.FILE);
        } else if (!state.equals(KnownState.read(config.stateDirectory()))) {
            state.write(config.stateDirectory());
        }
    }
}
