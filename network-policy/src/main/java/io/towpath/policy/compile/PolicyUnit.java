package io.towpath.policy.compile;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A policy with a place of its own in the compiler's bit sets, from its first version to its last. */
final class PolicyUnit {
    /** Its kind and name, as operators read it. */
    final String id;

    final byte[] digest;
    final int ordinal;

    private Source source;

    /** How many classes of pods of this node it is about. */
    int users;

    /** What it says; null while it is about none. */
    @Nullable
    Text text;

    /** What it said before this compilation, if it said something; null unless it changed. */
    @Nullable
    Text before;

    private PolicyUnit(String id, int ordinal, Source source) {
        this.id = id;
        digest = Digest.of(id);
        this.ordinal = ordinal;
        this.source = source;
    }

    static PolicyUnit of(PolicyFact fact, int ordinal) {
        return new PolicyUnit(fact.title(), ordinal, new Namespaced(fact));
    }

    static PolicyUnit of(ClusterPolicyFact fact, int ordinal) {
        return new PolicyUnit(fact.title(), ordinal, new ClusterWide(fact));
    }

    /** The policy's newest version. */
    sealed interface Source {}

    record Namespaced(PolicyFact fact) implements Source {}

    record ClusterWide(ClusterPolicyFact fact) implements Source {}

    /** What it says in each direction, and what of it cannot be. */
    record Text(Side ingress, Side egress, List<Problem> problems) {
        Side side(Direction direction) {
            return direction == Direction.INGRESS ? ingress : egress;
        }

        Collection<PodSet> sets() {
            Set<PodSet> sets = new HashSet<>(ingress.sets());
            sets.addAll(egress.sets());
            return sets;
        }
    }

    Source source() {
        return source;
    }

    void changeTo(Source newer) {
        source = newer;
    }

    boolean isDryRun() {
        return switch (source) {
            case Namespaced(PolicyFact fact) -> fact.dryRun();
            case ClusterWide(ClusterPolicyFact fact) -> fact.dryRun();
        };
    }

    /** Whether it is about packets of that direction, of the pods that it is about. */
    boolean appliesTo(Direction direction) {
        boolean ingress = direction == Direction.INGRESS;
        return switch (source) {
            case Namespaced(PolicyFact fact) -> ingress ? fact.isolatesIngress() : fact.isolatesEgress();
            case ClusterWide(ClusterPolicyFact fact) -> !(ingress ? fact.ingress() : fact.egress()).isEmpty();
        };
    }

    /** Why it is about nobody, null if it can be about somebody. */
    @Nullable
    String flaw() {
        return switch (source) {
            case Namespaced(PolicyFact fact) ->
                in("spec.podSelector", fact.pods().flaw());
            case ClusterWide(ClusterPolicyFact fact) -> {
                String namespaces =
                        in("spec.subject", fact.subject().namespaces().flaw());
                yield namespaces != null
                        ? namespaces
                        : in("spec.subject", fact.subject().pods().flaw());
            }
        };
    }

    private static @Nullable String in(String field, @Nullable String flaw) {
        return flaw == null ? null : field + ": " + flaw;
    }

    /** Whether it is about these pods. */
    boolean isAbout(PodClass pods) {
        return flaw() == null
                && switch (source) {
                    case Namespaced(PolicyFact fact) ->
                        fact.namespace().equals(pods.namespace.name)
                                && fact.pods().matches(pods.labels());
                    case ClusterWide(ClusterPolicyFact fact) -> {
                        var labels = pods.namespace.labels;
                        Selector namespaces = fact.subject().namespaces();
                        yield labels != null
                                && namespaces.matches(labels)
                                && fact.subject().pods().matches(pods.labels());
                    }
                };
    }
}
