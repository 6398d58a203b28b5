package io.towpath.overlay;

import io.towpath.linux.FileLock;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files that tell of the overlay, and which cluster rules. That is the one of whoever synced last: an agent's cluster holds
 * until somebody syncs from a cluster file, and the other way round.
 *
 * <p>Files are written so that a crash between any two of them is told by the next look: the last known cluster before the
 * kernel is changed, {@link KnownState} after.
 */
final class StateFolder {
    private static final String LAST_CLUSTER = "cluster.json";
    private static final String LOCK = "overlay.lock";
    private static final int FOLDER_MODE = 0x1ed; // 0755
    private static final int FILE_MODE = 0x1a4; // 0644

    private final OverlayConfig config;

    // What was published by this object, so that a sync that changes nothing need not read thousands of nodes.
    private byte @Nullable [] published;
    private @Nullable String publishedAs;

    StateFolder(OverlayConfig config) {
        this.config = config;
    }

    private String folder() {
        return config.stateDirectory();
    }

    FileLock lock() throws LinuxException {
        Linux.makeDirectories(folder(), FOLDER_MODE);
        return FileLock.acquire(folder() + "/" + LOCK);
    }

    String lastCluster() {
        return folder() + "/" + LAST_CLUSTER;
    }

    @Nullable
    KnownState known() throws LinuxException {
        return KnownState.read(folder());
    }

    boolean hasNodeState() throws LinuxException {
        return Linux.status(folder() + "/" + NodeFiles.NODE_STATE) != null;
    }

    boolean isConfigured() throws LinuxException {
        return Linux.status(config.clusterFile()) != null || Linux.status(lastCluster()) != null;
    }

    /** The state that the source of a known state's cluster is in; null if there is none. */
    @Nullable
    String currentFingerprint(KnownState known) throws LinuxException {
        if (!known.isOfAgent()) {
            return KnownState.fingerprint(config.clusterFile());
        }
        String last = KnownState.fingerprint(lastCluster());
        return last == null ? null : KnownState.OF_AGENT + last;
    }

    /** The last known cluster, null if there is none. */
    @Nullable
    ClusterSnapshot lastKnown(String fingerprint, @Nullable String warning) throws OverlayException {
        byte[] content = ClusterFile.content(lastCluster());
        return content == null
                ? null
                : new ClusterSnapshot(ClusterFile.parseLive(lastCluster(), content), content, fingerprint, warning);
    }

    /**
     * Whether somebody else, such as flanneld, has written {@code subnet.env} since: then the last known cluster is not to be
     * brought back.
     *
     * @param content what it would say otherwise
     */
    boolean isTakenOver(KnownState known, byte[] content) throws LinuxException {
        byte[] subnetEnv = Linux.readFile(config.subnetEnv(), ClusterFile.MAX_BYTES);
        return subnetEnv != null
                && !KnownState.hash(subnetEnv).equals(known.subnetEnv())
                && !Arrays.equals(subnetEnv, content);
    }

    /** What {@code subnet.env} must say. */
    byte[] subnetEnv(DesiredOverlay desired, @Nullable KnownState known) {
        return NodeFiles.subnetEnv(desired, masquerades(known));
    }

    private boolean masquerades(@Nullable KnownState known) {
        Boolean configured = config.masquerades();
        return configured != null ? configured : known != null && known.masquerades();
    }

    /** Before the kernel is changed: which cluster it is that it is changed for. */
    void begin(ClusterSnapshot source, @Nullable KnownState known) throws LinuxException, OverlayException {
        boolean isOfAgent = source.isOfAgent();
        if (isOfAgent && (known == null || !known.isOfAgent())) {
            byte[] subnetEnv = Linux.readFile(config.subnetEnv(), ClusterFile.MAX_BYTES);
            List<String> devices = known == null ? List.of() : known.devices();
            new KnownState(
                            KnownState.OF_AGENT,
                            subnetEnv == null ? "none" : KnownState.hash(subnetEnv),
                            devices,
                            false,
                            masquerades(known),
                            null)
                    .write(folder());
        }
        if (Arrays.equals(published, source.content())
                && publishedAs != null
                && publishedAs.equals(KnownState.fingerprint(lastCluster()))) {
            return;
        }
        if (!Arrays.equals(ClusterFile.content(lastCluster()), source.content())) {
            Linux.publish(folder(), LAST_CLUSTER, source.content(), FILE_MODE);
        }
        published = source.content();
        publishedAs = KnownState.fingerprint(lastCluster());
    }

    /** After the kernel was changed: how all is now. */
    void end(
            ClusterSnapshot source,
            DesiredOverlay desired,
            List<String> devices,
            boolean complete,
            @Nullable KnownState known)
            throws LinuxException {
        byte[] subnetEnv = subnetEnv(desired, known);
        NodeFiles.publish(folder() + "/" + NodeFiles.NODE_STATE, NodeFiles.nodeState(desired));
        NodeFiles.publish(config.subnetEnv(), subnetEnv);
        String fingerprint = source.isOfAgent() ? KnownState.OF_AGENT + publishedAs : source.fingerprint();
        KnownState state = new KnownState(
                fingerprint, KnownState.hash(subnetEnv), devices, complete, masquerades(known), source.warning());
        if (!state.equals(known())) {
            state.write(folder());
        }
    }
}
