package io.towpath.agent.source;

import io.towpath.overlay.Cluster;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.List;

/** What a source knows of the cluster at one time. */
public sealed interface ClusterFacts {
    /** A cluster file that is right as a whole. */
    record OfFile(ClusterSnapshot snapshot) implements ClusterFacts {}

    /**
     * A live cluster, of which each node may be right or wrong.
     *
     * @param cluster what all nodes share, and all nodes that could be read. {@code node} names this one, whose addresses may
     *     be missing: they are then those of its interfaces.
     * @param rejected the nodes that could not be read, and why
     */
    record Live(Cluster cluster, List<Rejected> rejected) implements ClusterFacts {
        public Live {
            rejected = List.copyOf(rejected);
        }
    }
}
