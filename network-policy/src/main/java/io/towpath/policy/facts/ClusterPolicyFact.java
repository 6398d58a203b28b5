package io.towpath.policy.facts;

import java.util.List;

/**
 * A ClusterNetworkPolicy of {@code policy.networking.k8s.io}, v1beta1 or v1alpha2.
 *
 * @param priority 0 to 1,000; the lowest in its tier is asked first, those of the same by their names
 * @param dryRun whether it is not enforced, but what it would do is told
 */
public record ClusterPolicyFact(
        String name, Tier tier, int priority, Subject subject, List<Rule> ingress, List<Rule> egress, boolean dryRun) {
    public ClusterPolicyFact {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    /** NetworkPolicies are asked between these. */
    public enum Tier {
        ADMIN,
        BASELINE
    }

    /** The pods that it is about; all of some namespaces where {@code pods} selects everything. */
    public record Subject(Selector namespaces, Selector pods) {}

    /** What a rule does with what it is about. */
    public enum Action {
        ACCEPT,
        DENY,
        /** The next tier is asked. */
        PASS
    }

    /**
     * A rule; the first that is about a packet decides.
     *
     * @param name may be empty
     * @param peers it is about any of these, about nobody if there are none
     * @param ports to any of these; if there are none to all, also of other protocols
     */
    public record Rule(String name, Action action, List<Peer> peers, List<PortMatch> ports) {
        public Rule {
            peers = List.copyOf(peers);
            ports = List.copyOf(ports);
        }
    }

    /** What it is called where kinds are mixed. */
    public String title() {
        return "ClusterNetworkPolicy " + name;
    }

    /** The same, enforced or not. */
    public ClusterPolicyFact withDryRun(boolean dry) {
        return new ClusterPolicyFact(name, tier, priority, subject, ingress, egress, dry);
    }
}
