package io.towpath.overlay;

import org.jspecify.annotations.Nullable;

/**
 * Where files are, and what they say that nothing else does.
 *
 * @param clusterFile what the operator writes
 * @param stateDirectory the folder of {@code node.json}, the last known state and the lock; created if missing
 * @param subnetEnv the file that flannel writes for CNI plugins; its folder is created if missing
 * @param masquerades what {@code subnet.env} says of whether packets that leave the pods' network are masqueraded; null for what
 *     the last sync said, at first that they are not
 */
public record OverlayConfig(
        String clusterFile,
        String stateDirectory,
        String subnetEnv,
        @Nullable Boolean masquerades) {
    public static final String DEFAULT_CLUSTER_FILE = "/etc/towpath/cluster.json";
    public static final String DEFAULT_STATE_DIRECTORY = "/run/towpath";
    public static final String DEFAULT_SUBNET_ENV = "/run/flannel/subnet.env";

    /** Places of files alone. */
    public OverlayConfig(String clusterFile, String stateDirectory, String subnetEnv) {
        this(clusterFile, stateDirectory, subnetEnv, null);
    }

    /** The same, with what {@code subnet.env} is to say. */
    public OverlayConfig withMasquerades(boolean value) {
        return new OverlayConfig(clusterFile, stateDirectory, subnetEnv, value);
    }

    /** The places of a node that was configured by nobody. */
    public static OverlayConfig defaults() {
        return new OverlayConfig(DEFAULT_CLUSTER_FILE, DEFAULT_STATE_DIRECTORY, DEFAULT_SUBNET_ENV);
    }
}
