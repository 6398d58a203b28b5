package io.towpath.agent.cache;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PodFact;
import java.time.Instant;
import java.util.List;

/**
 * Facts on disk.
 *
 * @param id what no others have: those in force are told by it
 * @param boot the node's boot in which they were told
 * @param facts all of them
 */
record KeptFacts(String id, String boot, PolicyFacts facts) {
    /** What the file is, with the version of its form. */
    static final String KIND = "policy-facts 1";

    /**
     * As they hold in a boot.
     *
     * @param node this node's name: its pods' addresses ended with the boot that they were given in, and may be others' now
     * @param held when they last held
     */
    PolicyFacts in(String currentBoot, String node, Instant held) {
        Facts all = facts.facts();
        List<PodFact> pods = boot.equals(currentBoot)
                ? all.pods()
                : all.pods().stream()
                        .map(pod -> pod.node().equals(node) ? withoutAddresses(pod) : pod)
                        .toList();
        return new PolicyFacts(
                new Facts(pods, all.namespaces(), all.nodes(), all.policies(), all.clusterPolicies()),
                facts.uids(),
                held);
    }

    private static PodFact withoutAddresses(PodFact pod) {
        return new PodFact(pod.namespace(), pod.name(), pod.labels(), List.of(), pod.ports(), pod.node());
    }
}
