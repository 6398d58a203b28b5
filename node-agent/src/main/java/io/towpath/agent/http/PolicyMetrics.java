package io.towpath.agent.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.policy.nft.PolicyTable;
import java.util.function.ToDoubleFunction;

/** The policies' part of the metrics; without values where none are enforced. */
final class PolicyMetrics {
    private final PrometheusRegistry registry;
    private final StatusBoard board;

    PolicyMetrics(PrometheusRegistry registry, StatusBoard board) {
        this.registry = registry;
        this.board = board;
        gauge(
                "towpath_policy_in_force",
                "Whether what the policies say is in force.",
                policy -> policy.inForce() ? 1 : 0);
        gauge(
                "towpath_policy_source_up",
                "Whether nothing is wrong with the source of policies.",
                policy -> policy.trouble() == null ? 1 : 0);
        gauge(
                "towpath_policy_endpoints",
                "Interfaces of pods that they are in force for.",
                AgentStatus.Policy::endpoints);
        gauge(
                "towpath_policy_endpoints_waiting",
                "Interfaces of pods that are not known yet, to which all is denied.",
                policy -> policy.waiting().size());
        gauge(
                "towpath_policy_problems",
                "What policies say and cannot be done.",
                policy -> policy.problems().size());
        counter(
                "towpath_policy_syncs_total",
                "Rounds.",
                policy -> policy.rounds().total());
        counter(
                "towpath_policy_sync_failures_total",
                "Rounds that failed.",
                policy -> policy.rounds().failed());
        counter(
                "towpath_policy_repairs_total",
                "How often the nftables table was put right after others had changed it.",
                AgentStatus.Policy::repairs);
        known();
        dropped();
        tried();
    }

    private void known() {
        GaugeWithCallback.builder()
                .name("towpath_policy_policies")
                .help("Policies of the cluster, by kind.")
                .labelNames("kind")
                .callback(call -> {
                    AgentStatus.Policy policy = board.current().policy();
                    if (policy != null) {
                        call.call(policy.policies(), "NetworkPolicy");
                        call.call(policy.clusterPolicies(), "ClusterNetworkPolicy");
                    }
                })
                .register(registry);
    }

    private void dropped() {
        CounterWithCallback.builder()
                .name("towpath_policy_dropped_packets_total")
                .help("Packets dropped: denied to pods, denied from pods, of no known pod, of no connection.")
                .labelNames("reason")
                .callback(call -> {
                    AgentStatus.Policy policy = board.current().policy();
                    if (policy != null) {
                        PolicyTable.Dropped dropped = policy.dropped();
                        call.call((double) dropped.ingress(), "ingress");
                        call.call((double) dropped.egress(), "egress");
                        call.call((double) dropped.strangers(), "stranger");
                        call.call((double) dropped.invalid(), "invalid");
                    }
                })
                .register(registry);
    }

    private void tried() {
        CounterWithCallback.builder()
                .name("towpath_policy_dry_run_denied_packets_total")
                .help("Packets that policies of a dry run would have denied; since the last change of these.")
                .labelNames("direction")
                .callback(call -> {
                    AgentStatus.Policy policy = board.current().policy();
                    PolicyTable.Dropped tried = policy == null ? null : policy.tried();
                    if (tried != null) {
                        call.call((double) tried.ingress(), "ingress");
                        call.call((double) tried.egress(), "egress");
                    }
                })
                .register(registry);
    }

    private void gauge(String name, String help, ToDoubleFunction<AgentStatus.Policy> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(call -> {
                    AgentStatus.Policy policy = board.current().policy();
                    if (policy != null) {
                        call.call(value.applyAsDouble(policy));
                    }
                })
                .register(registry);
    }

    private void counter(String name, String help, ToDoubleFunction<AgentStatus.Policy> value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(call -> {
                    AgentStatus.Policy policy = board.current().policy();
                    if (policy != null) {
                        call.call(value.applyAsDouble(policy));
                    }
                })
                .register(registry);
    }
}
