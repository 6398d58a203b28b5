package io.towpath.policy.facts;

import java.util.List;

/**
 * A NetworkPolicy of {@code networking.k8s.io/v1}.
 *
 * @param pods which of its namespace it is about
 * @param isolatesIngress whether these receive only what a policy allows
 * @param isolatesEgress whether these send only what a policy allows
 * @param ingress counts only where it isolates ingress
 * @param egress as ingress
 * @param dryRun whether it is not enforced, but what it would do is told
 */
public record PolicyFact(
        String namespace,
        String name,
        Selector pods,
        boolean isolatesIngress,
        boolean isolatesEgress,
        List<RuleFact> ingress,
        List<RuleFact> egress,
        boolean dryRun) {
    public PolicyFact {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    /**
     * A policy with its policyTypes as they are written; with none it isolates ingress, and egress if it has a rule for that.
     *
     * @throws IllegalArgumentException naming a type that is neither Ingress nor Egress
     */
    public static PolicyFact of(
            String namespace,
            String name,
            Selector pods,
            List<String> policyTypes,
            List<RuleFact> ingress,
            List<RuleFact> egress) {
        for (String type : policyTypes) {
            if (!type.equals("Ingress") && !type.equals("Egress")) {
                throw new IllegalArgumentException("policy type: " + type);
            }
        }
        boolean isolatesIngress = policyTypes.isEmpty() || policyTypes.contains("Ingress");
        boolean isolatesEgress = policyTypes.isEmpty() ? !egress.isEmpty() : policyTypes.contains("Egress");
        return new PolicyFact(namespace, name, pods, isolatesIngress, isolatesEgress, ingress, egress, false);
    }

    /** What it is called where kinds are mixed. */
    public String title() {
        return "NetworkPolicy " + namespace + "/" + name;
    }

    /** The same, enforced or not. */
    public PolicyFact withDryRun(boolean dry) {
        return new PolicyFact(namespace, name, pods, isolatesIngress, isolatesEgress, ingress, egress, dry);
    }
}
