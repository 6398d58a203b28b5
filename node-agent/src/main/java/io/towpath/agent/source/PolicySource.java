package io.towpath.agent.source;

import io.towpath.agent.status.AgentStatus.Unenforced;
import org.jspecify.annotations.Nullable;

/**
 * Where the agent learns of policies and of what they are about. As a {@link ClusterSource} it tells from a thread of its own, and
 * goes on trying for as long as it is open.
 */
public interface PolicySource extends AutoCloseable {
    /** Begins to tell; called once. Returns at once, whether or not the source can be reached. */
    void start(Listener listener);

    /** Ends the telling; nothing is told once this has returned. */
    @Override
    void close();

    /** Takes what a source tells. Its methods return soon and throw nothing. */
    interface Listener {
        /**
         * All facts, first when pods, namespaces and policies are all in sync, and then after every change. Changes that come close
         * to each other are one. Before the first there may be those that {@linkplain PolicyFacts#held an agent before} kept.
         */
        void policy(PolicyFacts facts);

        /**
         * Something of the source is wrong, or right again. What was told before stays in force.
         *
         * @param message one line for the log and for the operator's status; null when all is well again
         */
        void policyTrouble(@Nullable String message);

        /** What the cluster has of policies that nobody enforces here: what the first look found, and then each change. */
        void unenforced(Unenforced now);
    }
}
