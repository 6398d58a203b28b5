package io.towpath.agent.source.kube;

import java.util.Set;

/** Calico's own kinds by which its users say what may pass; those told first that do so themselves. */
enum CalicoKind {
    GLOBAL_NETWORK_POLICY("GlobalNetworkPolicy", "globalnetworkpolicies", false),
    NETWORK_POLICY("NetworkPolicy", "networkpolicies", true),
    HOST_ENDPOINT("HostEndpoint", "hostendpoints", false),
    TIER("Tier", "tiers", false),
    GLOBAL_NETWORK_SET("GlobalNetworkSet", "globalnetworksets", false),
    NETWORK_SET("NetworkSet", "networksets", true);

    /** Calico makes them itself, in every cluster. */
    private static final Set<String> BUILT_IN_TIERS =
            Set.of("default", "kube-admin", "kube-baseline", "adminnetworkpolicy", "baselineadminnetworkpolicy");

    /** Begins the names of Kubernetes' own policies, as Calico's API shows them. */
    private static final String MIRRORED = "knp.";

    final String text;
    final String plural;
    final boolean isNamespaced;

    CalicoKind(String text, String plural, boolean isNamespaced) {
        this.text = text;
        this.plural = plural;
        this.isNamespaced = isNamespaced;
    }

    /** Whether an object says what nothing else says: Calico's own are none, and Kubernetes' policies are enforced. */
    boolean isOfUser(String name) {
        return switch (this) {
            case TIER -> !BUILT_IN_TIERS.contains(name);
            case GLOBAL_NETWORK_POLICY, NETWORK_POLICY -> !name.startsWith(MIRRORED);
            default -> true;
        };
    }
}
