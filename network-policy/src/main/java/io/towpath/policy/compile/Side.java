package io.towpath.policy.compile;

import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.PortMatch.Named;
import io.towpath.policy.facts.Selector;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a policy says of one direction. */
sealed interface Side {
    Side NOTHING = new Ordered(Tier.ADMIN, 0, List.of());

    /** Whether it is about any packet. */
    boolean applies();

    /** The sets it uses. */
    Set<PodSet> sets();

    /** The names of ports that receivers say the number of. */
    Set<Named> names();

    private static Set<Named> namesOf(Stream<PortSpec> ports) {
        return ports.flatMap(spec -> spec.named().stream()).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * A NetworkPolicy's: all that any of its rules allows, so their order says nothing.
     *
     * @param anybody what is allowed with whomsoever
     * @param pods with any pod
     * @param bySet with the pods of a set
     * @param blocks with addresses
     */
    record Allowed(
            PortSpec anybody, PortSpec pods, Map<PodSet, PortSpec> bySet, Map<PortSpec, List<AddressRange>> blocks)
            implements Side {
        public Allowed {
            bySet = Map.copyOf(bySet);
            blocks = Map.copyOf(blocks);
        }

        @Override
        public boolean applies() {
            return true;
        }

        @Override
        public Set<PodSet> sets() {
            return bySet.keySet();
        }

        @Override
        public Set<Named> names() {
            return namesOf(Stream.of(Stream.of(anybody, pods), bySet.values().stream(), blocks.keySet().stream())
                    .flatMap(Function.identity()));
        }

        /** Whether only sets make it differ from another. */
        boolean isLike(Allowed other) {
            return anybody.equals(other.anybody) && pods.equals(other.pods) && blocks.equals(other.blocks);
        }
    }

    /**
     * A ClusterNetworkPolicy's, in its order.
     *
     * @param tier and the priority: where another place among the others makes it say something else
     */
    record Ordered(Tier tier, int priority, List<Step> steps) implements Side {
        public Ordered {
            steps = List.copyOf(steps);
        }

        @Override
        public boolean applies() {
            return !steps.isEmpty();
        }

        @Override
        public Set<PodSet> sets() {
            Set<PodSet> sets = new HashSet<>();
            steps.forEach(step -> sets.addAll(step.peers.sets()));
            return sets;
        }

        @Override
        public Set<Named> names() {
            return namesOf(steps.stream().map(Step::ports));
        }
    }

    /** A rule of a ClusterNetworkPolicy. */
    record Step(Action action, Peers peers, PortSpec ports) {}

    /**
     * Whom a rule is about: any of these.
     *
     * @param anybody whether about whomsoever
     * @param pods whether about any pod
     */
    record Peers(boolean anybody, boolean pods, Set<PodSet> sets, List<AddressRange> blocks, List<Selector> nodes) {
        static final Peers ANYBODY = new Peers(true, false, Set.of(), List.of(), List.of());

        public Peers {
            sets = Set.copyOf(sets);
            blocks = List.copyOf(blocks);
            nodes = List.copyOf(nodes);
        }
    }
}
