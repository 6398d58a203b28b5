package io.towpath.overlay;

/**
 * Where files are.
 *
 * @param clusterFile what the operator writes
 * @param stateDirectory the folder of {@code node.json}, the last known state and the lock; created if missing
 * @param subnetEnv the file that flannel writes for CNI plugins; its folder is created if missing
 */
public record OverlayConfig(String clusterFile, String stateDirectory, String subnetEnv) {
    public static final String DEFAULT_CLUSTER_FILE = "/etc/towpath/cluster.json";
    public static final String DEFAULT_STATE_DIRECTORY = "/run/towpath";
    public static final String DEFAULT_SUBNET_ENV = "/run/flannel/subnet.env";

    /** The places of a node that was configured by nobody. */
    public static OverlayConfig defaults() {
        return new OverlayConfig(DEFAULT_CLUSTER_FILE, DEFAULT_STATE_DIRECTORY, DEFAULT_SUBNET_ENV);
    }
}
