package io.towpath.agent.source;

import io.towpath.overlay.Cluster;
import java.util.List;

/**
 * What a source knows of the cluster at one time.
 *
 * @param cluster what all nodes agree on, and the nodes that can be served, this one among them
 * @param rejected the nodes that cannot be served, and why
 */
public record ClusterFacts(Cluster cluster, List<Rejected> rejected) {
    public ClusterFacts {
        rejected = List.copyOf(rejected);
    }

    /**
     * A node that is left out.
     *
     * @param node its name
     * @param reason one line that names the wrong value and the mend
     */
    public record Rejected(String node, String reason) {}
}
