package io.towpath.agent.source.kube;

import io.towpath.overlay.Cluster;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.List;

/** What is kept of a node of the API. */
sealed interface KnownNode {
    /**
     * A node that runs flanneld or Towpath, or this one.
     *
     * @param node with the families that could be read
     * @param rejected the others
     */
    record Joined(Cluster.Node node, List<Rejected> rejected, Health health) implements KnownNode {
        public Joined {
            rejected = List.copyOf(rejected);
        }
    }

    /** A node that has no overlay yet. */
    record Absent() implements KnownNode {
        static final Absent INSTANCE = new Absent();
    }

    /** A node whose annotations or slices cannot be read, or do not fit, in any family. */
    record Unfit(List<Rejected> rejected, Health health) implements KnownNode {
        public Unfit {
            rejected = List.copyOf(rejected);
        }
    }
}
