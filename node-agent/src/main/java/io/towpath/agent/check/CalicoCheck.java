package io.towpath.agent.check;

import io.towpath.agent.check.StateChecks.AnsweringAgent;
import io.towpath.agent.status.AgentStatus.Unenforced;
import org.jspecify.annotations.Nullable;

/** Whether the cluster has policies that nobody enforces here, by the agent's word: it alone may ask the API. */
public final class CalicoCheck {
    private static final String CHECK = "calico-policies";

    private CalicoCheck() {}

    /**
     * The check.
     *
     * @param agent null if none answers
     * @param found what it has found, null if it has not looked yet
     */
    public static Finding of(@Nullable AnsweringAgent agent, @Nullable Unenforced found) {
        if (agent == null) {
            return Finding.warn(CHECK, "not known, as no agent answers", "see the check agent");
        }
        if (!agent.enforces()) {
            return Finding.ok(CHECK, "not looked at, as no policies are enforced");
        }
        if (found == null) {
            return Finding.warn(CHECK, "not known yet", "run this again when the agent has reached the API");
        }
        String problem = found.problem();
        if (found.count() > 0) {
            return Finding.warn(
                    CHECK,
                    "the cluster has " + found.count() + " objects of Calico's own kinds, which are not enforced: "
                            + StateChecks.some(found.names(), found.count())
                            + (problem == null ? "" : "; there may be more: " + problem),
                    "have NetworkPolicies and ClusterNetworkPolicies say what they say (conf/MIGRATION.md)");
        }
        return problem == null
                ? Finding.ok(CHECK, "the cluster has no objects of Calico's own kinds")
                : Finding.warn(
                        CHECK, "not known: " + problem, "apply the ClusterRole of towpath.yaml; see what it logs");
    }
}
