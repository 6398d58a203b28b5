package io.towpath.agent.source;

import io.towpath.agent.status.Heartbeat;
import org.jspecify.annotations.Nullable;

/**
 * Where the agent learns of the cluster. It tells a {@link Listener} what it knows, from a thread of its own, and goes on
 * trying for as long as it is open: a source that is away for hours is no reason to change anything on the node.
 */
public interface ClusterSource extends AutoCloseable {
    /** What it is called in the log and in the status: {@code "kubernetes"}, or the path of a file. */
    String name();

    /** Begins to tell; called once. Returns at once, whether or not the source can be reached. */
    void start(Listener listener);

    /** Lets the other nodes know of this one, now that its overlay stands. Returns at once; tries until it has succeeded. */
    void publish(OwnNode own);

    /**
     * Lets the cluster's operator know what this node leaves out though the cluster says that it is there. Returns at once.
     *
     * @param message one line; null when nothing is left out any more
     */
    void leftOut(@Nullable String message);

    /**
     * Lets the cluster's operator know that this node has no place in the overlay. Returns at once.
     *
     * @param reason one line; null when it has
     */
    void notServed(@Nullable String reason);

    /**
     * Lets the cluster's operator know of pods of this node that others cannot reach, as their addresses are outside its slices. Returns at once.
     *
     * @param message one line; null when there are none any more
     */
    void outside(@Nullable String message);

    /** Tells whether the thread works that it tells from. */
    Heartbeat heartbeat();

    /** Ends the telling; nothing is told once this has returned. */
    @Override
    void close();

    /** Takes what a source tells. Its methods return soon and throw nothing. */
    interface Listener {
        /**
         * The cluster as a whole, first when the source is in sync and then after every change. Changes that come close to each
         * other are one.
         */
        void cluster(ClusterFacts facts);

        /**
         * Something of the source is wrong, or right again: a connection, a file. What was told before stays in force.
         *
         * @param message one line for the log and for the operator's status; null when all is well again
         */
        void trouble(@Nullable String message);
    }
}
