package io.towpath.agent.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.policy.nft.PolicyTable;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/** The policies' part of the metrics; without values where none are enforced. */
final class PolicyMetrics {
    private final PrometheusRegistry registry;
    private final StatusBoard board;

    PolicyMetrics(PrometheusRegistry registry, StatusBoard board, Clock clock) {
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
                "towpath_policy_facts_age_seconds",
                "How long ago what is known of policies last held; NaN where nothing is known.",
                policy -> {
                    Duration age = policy.age(clock.instant());
                    return age == null ? Double.NaN : age.toMillis() / 1e3;
                });
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
        gauge(
                "towpath_policy_unenforced",
                "Objects of Calico's own kinds in the cluster, which are not enforced; NaN where nobody has looked.",
                policy -> policy.unenforced() == null
                        ? Double.NaN
                        : policy.unenforced().count());
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
        denied();
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

    private void denied() {
        CounterWithCallback.builder()
                .name("towpath_policy_pod_denied_packets_total")
                .help("Packets denied to a pod (ingress) or from it (egress), or by policies of a dry run would be.")
                .labelNames("pod", "direction", "dry_run")
                .callback(call -> ofDenied(denied -> denied.byPod()
                        .forEach((key, packets) -> call.call(
                                (double) packets,
                                key.pod(),
                                key.direction().word(),
                                Boolean.toString(!key.enforced())))))
                .register(registry);
        CounterWithCallback.builder()
                .name("towpath_policy_denied_packets_total")
                .help(
                        "Packets denied by a policy; estimated from those that were logged where not all were, and not there"
                                + " where none are.")
                .labelNames("policy", "dry_run")
                .callback(call -> ofDenied(denied -> {
                    Map<DenialCounts.Policy, Long> byPolicy = denied.byPolicy();
                    if (byPolicy != null) {
                        byPolicy.forEach((key, packets) ->
                                call.call((double) packets, key.name(), Boolean.toString(!key.enforced())));
                    }
                }))
                .register(registry);
        counter(
                "towpath_policy_log_lost_total",
                "How often more denied packets were logged than could be taken.",
                policy -> policy.denied().logLost());
    }

    private void ofDenied(Consumer<AgentStatus.Denied> action) {
        AgentStatus.Policy policy = board.current().policy();
        if (policy != null) {
            action.accept(policy.denied());
        }
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
