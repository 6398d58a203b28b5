package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** A process that follows the API at a URL and prints its troubles, until its input ends. */
final class SourceProcess {
    private SourceProcess() {}

    public static void main(String[] arguments) throws Exception {
        Log log = new Log(System.out, Log.Form.TEXT, Log.Level.INFO, Clock.systemUTC());
        Thread.setDefaultUncaughtExceptionHandler(
                new Uncaught(log, System.out, () -> Runtime.getRuntime().halt(1)));
        try (KubernetesClusterSource source = Sources.of(new ApiAccess(arguments[0], null, null, null));
                KubernetesPolicySource policies = source.policies()) {
            source.start(new ClusterSource.Listener() {
                @Override
                public void cluster(ClusterFacts facts) {
                    log.info("cluster");
                }

                @Override
                public void trouble(@Nullable String message) {
                    log.problem("source", message);
                }
            });
            policies.start(new PolicySource.Listener() {
                @Override
                public void policy(PolicyFacts facts) {
                    log.info("policies");
                }

                @Override
                public void unenforced(AgentStatus.Unenforced now) {}

                @Override
                public void policyTrouble(@Nullable String message) {
                    log.problem("policy source", message);
                }
            });
            while (System.in.read() >= 0) {
                // goes on
            }
        }
    }
}
