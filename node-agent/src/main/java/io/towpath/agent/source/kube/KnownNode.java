package io.towpath.agent.source.kube;

import io.towpath.overlay.Cluster;
import io.towpath.overlay.ServableNodes.Rejected;

/** What is kept of a node of the API. */
sealed interface KnownNode {
    /** A node that runs flanneld or Towpath, or this one. */
    record Joined(Cluster.Node node) implements KnownNode {}

    /** A node that has no overlay yet. */
    record Absent() implements KnownNode {
        static final Absent INSTANCE = new Absent();
    }

    /** A node whose annotations or slices cannot be read, or do not fit. */
    record Unfit(Rejected rejected) implements KnownNode {}
}
