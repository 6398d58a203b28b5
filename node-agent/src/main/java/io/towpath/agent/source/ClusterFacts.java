package io.towpath.agent.source;

import io.towpath.net.IpAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.List;
import java.util.Map;

/** What a source knows of the cluster at one time. */
public sealed interface ClusterFacts {
    /** A cluster file that is right as a whole. */
    record OfFile(ClusterSnapshot snapshot) implements ClusterFacts {}

    /**
     * A live cluster, of which each node may be right or wrong.
     *
     * @param cluster what all nodes share, and all nodes that could be read. {@code node} names this one, whose addresses may
     *     be missing: those that it has are an operator's word.
     * @param rejected the nodes, or single families of them, that could not be read, and why
     * @param health of each node by name, of those that have joined the overlay or could not be read
     * @param ownAddresses the addresses that the cluster knows this node by: at most one of each family
     */
    record Live(Cluster cluster, List<Rejected> rejected, Map<String, Health> health, List<IpAddress> ownAddresses)
            implements ClusterFacts {
        public Live {
            rejected = List.copyOf(rejected);
            health = Map.copyOf(health);
            ownAddresses = List.copyOf(ownAddresses);
        }
    }
}
