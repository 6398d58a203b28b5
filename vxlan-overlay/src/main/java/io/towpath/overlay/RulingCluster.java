package io.towpath.overlay;

import io.towpath.linux.LinuxException;
import org.jspecify.annotations.Nullable;

/** Which cluster an overlay is made from: that of the cluster file, that of an agent, or the last known one. */
final class RulingCluster {
    private final OverlayConfig config;
    private final StateFolder files;

    /** Who asks for a cluster. */
    enum Asking {
        /** The cluster that rules, and the last known one in the place of a wrong file. */
        FOR_A_POD(true, true),
        /** The cluster that rules. */
        TO_SHOW(true, false),
        /** The cluster file, even if an agent's cluster ruled until now. */
        FOR_THE_FILE(false, false);

        private final boolean agentFirst;
        private final boolean forgiving;

        Asking(boolean agentFirst, boolean forgiving) {
            this.agentFirst = agentFirst;
            this.forgiving = forgiving;
        }
    }

    RulingCluster(OverlayConfig config, StateFolder files) {
        this.config = config;
        this.files = files;
    }

    /**
     * The cluster to work from.
     *
     * @return null if there is none
     * @throws ClusterFileException if the cluster file is wrong, and the last known one is none for who asks
     */
    @Nullable
    ClusterSnapshot of(Asking asking) throws LinuxException, OverlayException {
        KnownState known = files.known();
        boolean ofAgent = known != null && known.isOfAgent();
        if (ofAgent && asking.agentFirst) {
            ClusterSnapshot last = files.lastKnown(KnownState.OF_AGENT, null);
            if (last != null) {
                return last;
            }
        }
        // Before the content: a change between the two is then noticed by the next look.
        String fingerprint = KnownState.fingerprint(config.clusterFile());
        byte[] content = fingerprint == null ? null : ClusterFile.content(config.clusterFile());
        if (fingerprint == null || content == null) {
            return ofAgent
                    ? files.lastKnown(KnownState.OF_AGENT, null)
                    : files.lastKnown(
                            "gone", "cluster file " + config.clusterFile() + " is gone; the last known one is used");
        }
        try {
            return new ClusterSnapshot(ClusterFile.parse(config.clusterFile(), content), content, fingerprint, null);
        } catch (ClusterFileException e) {
            ClusterSnapshot last = asking.forgiving
                    ? files.lastKnown(fingerprint, e.getMessage() + "; the last known one is used")
                    : null;
            if (last == null) {
                throw e;
            }
            return last;
        }
    }
}
