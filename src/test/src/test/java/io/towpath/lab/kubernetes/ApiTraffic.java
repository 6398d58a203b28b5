package io.towpath.lab.kubernetes;

import io.towpath.lab.Namespace;

/** Questions between pods every 50 ms: one way that is open and crosses nodes, and one that a policy closes. */
final class ApiTraffic {
    private final Probe open;
    private final Probe closed;

    /** Begins. */
    ApiTraffic(KubeCluster cluster, Namespace from, String openPod, String open, String closed) {
        this.open = new Probe("open way", openPod, from, open, Pods.PORT, cluster.logs());
        this.closed = new Probe("closed way", "nobody", from, closed, Pods.PORT, cluster.logs());
    }

    /** Fails if the closed way was ever open, or the open one did not answer twice in a row. */
    void require() {
        if (!closed.strangers().isEmpty()) {
            throw new AssertionError("through what a policy closes came " + closed.strangers());
        }
        if (open.longestLoss() > 1) {
            throw new AssertionError("in a row " + open.longestLoss() + " questions were lost; " + open);
        }
    }

    @Override
    public String toString() {
        return open + "; none came through what is closed";
    }
}
