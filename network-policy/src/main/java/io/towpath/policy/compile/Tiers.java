package io.towpath.policy.compile;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * All that policies say of the packets of a direction of some pods: first the Admin tier, in order; then, if a NetworkPolicy isolates
 * the pods, what all of these allow together, and nothing else; if none does the Baseline tier, in order; what is left is allowed.
 */
final class Tiers {
    /** Of ingress, the ports of the pods that the packets are for; of egress, the peer says which. */
    private final Direction direction;

    private final List<NamedPort> ownPorts;
    private final List<Side.Step> admin = new ArrayList<>();
    private final List<Side.Step> baseline = new ArrayList<>();
    private final List<List<AddressRange>> groups = new ArrayList<>();
    private final List<PortSpec> blockPorts;
    private final Map<PodSet, PortSpec> bySet = new HashMap<>();
    private final Set<PodSet> stepSets = new HashSet<>();
    private final boolean usesPods;
    private final boolean usesNodes;
    private final boolean usesNames;
    private boolean isolated;
    private PortSpec anybody = PortSpec.NONE;
    private PortSpec pods = PortSpec.NONE;

    /**
     * Puts them together.
     *
     * @param ownPorts those of the pods
     */
    Tiers(Iterable<PolicyUnit> units, Direction direction, List<NamedPort> ownPorts, NodeIndex nodes) {
        this.direction = direction;
        this.ownPorts = ownPorts;
        Map<PortSpec, List<AddressRange>> blocks = new LinkedHashMap<>();
        Map<Order, Side.Ordered> ordered = new TreeMap<>(Order.ORDER);
        boolean names = false;
        for (PolicyUnit unit : units) {
            Side side = sideOf(unit);
            names |= direction == Direction.EGRESS && !side.names().isEmpty();
            switch (side) {
                case Side.Allowed allowed -> add(allowed, blocks);
                case Side.Ordered steps -> ordered.put(Order.of(unit), steps);
            }
        }
        usesNames = names;
        ordered.forEach((order, side) -> add(side, order.tier == Tier.ADMIN ? admin : baseline));
        List<Side.Step> steps = new ArrayList<>(admin);
        steps.addAll(baseline);
        for (Side.Step step : steps) {
            List<AddressRange> ranges = new ArrayList<>(step.peers().blocks());
            step.peers().nodes().forEach(selector -> ranges.addAll(nodes.select(selector)));
            groups.add(ranges);
            stepSets.addAll(step.peers().sets());
        }
        blockPorts = List.copyOf(blocks.keySet());
        groups.addAll(blocks.values());
        usesPods =
                !pods.isNone() || steps.stream().anyMatch(step -> step.peers().pods());
        usesNodes = steps.stream().anyMatch(step -> !step.peers().nodes().isEmpty());
    }

    /** In which order ClusterNetworkPolicies are asked. */
    private record Order(Tier tier, int priority, String name) {
        static final Comparator<Order> ORDER = Comparator.comparing(Order::tier)
                .thenComparingInt(Order::priority)
                .thenComparing(Order::name);

        static Order of(PolicyUnit unit) {
            if (unit.source() instanceof PolicyUnit.ClusterWide(ClusterPolicyFact fact)) {
                return new Order(fact.tier(), fact.priority(), fact.name());
            }
            throw new IllegalStateException(unit.id);
        }
    }

    private Side sideOf(PolicyUnit unit) {
        PolicyUnit.Text text = unit.text;
        if (text == null) {
            throw new IllegalStateException(unit.id + " has not been read");
        }
        return text.side(direction);
    }

    private void add(Side.Allowed side, Map<PortSpec, List<AddressRange>> blocks) {
        isolated = true;
        anybody = anybody.or(resolved(side.anybody()));
        pods = pods.or(resolved(side.pods()));
        side.bySet().forEach((set, ports) -> bySet.merge(set, resolved(ports), PortSpec::or));
        side.blocks()
                .forEach((ports, ranges) -> blocks.computeIfAbsent(resolved(ports), _ -> new ArrayList<>())
                        .addAll(ranges));
    }

    private void add(Side.Ordered side, List<Side.Step> tier) {
        for (Side.Step step : side.steps()) {
            tier.add(new Side.Step(step.action(), step.peers(), resolved(step.ports())));
        }
    }

    private PortSpec resolved(PortSpec ports) {
        return ports.named().isEmpty() || direction == Direction.EGRESS
                ? ports
                : new PortSpec(ports.at(ownPorts), Set.of());
    }

    /** Puts together anew what NetworkPolicies say of a set, after one of these has changed. */
    void renew(PodSet set, BitSet units) {
        PortSpec merged = PortSpec.NONE;
        for (PolicyUnit user : set.users) {
            PolicyUnit.Text text = user.text;
            if (units.get(user.ordinal) && text != null && text.side(direction) instanceof Side.Allowed allowed) {
                PortSpec ports = allowed.bySet().getOrDefault(set, PortSpec.NONE);
                merged = merged.or(resolved(ports));
            }
        }
        if (merged.isNone()) {
            bySet.remove(set);
        } else {
            bySet.put(set, merged);
        }
    }

    /** Whether a rule is about all pods. */
    boolean usesPods() {
        return usesPods;
    }

    /** Whether a rule is about nodes. */
    boolean usesNodes() {
        return usesNodes;
    }

    /** Whether what is allowed depends on what a peer calls its ports. */
    boolean usesNames() {
        return usesNames;
    }

    /** The blocks of all rules, by the numbers that {@link #allowed} knows them by. */
    List<List<AddressRange>> groups() {
        return groups;
    }

    /** Adds those sets that rules are about. */
    void collectSets(Set<PodSet> sets) {
        sets.addAll(bySet.keySet());
        sets.addAll(stepSets);
    }

    boolean isAbout(PodSet set) {
        return bySet.containsKey(set) || stepSets.contains(set);
    }

    /**
     * What is allowed with a peer.
     *
     * @param sets those it is in
     * @param pod whether it is a pod
     * @param blocks the blocks its address is in
     * @param ports those that it names
     */
    PortSet allowed(List<PodSet> sets, boolean pod, BitSet blocks, List<NamedPort> ports) {
        PortSet allowed = PortSet.NONE;
        PortSet open = PortSet.ALL;
        PortSet passed = PortSet.NONE;
        for (int i = 0; i < admin.size() && !open.isEmpty(); i++) {
            Side.Step step = admin.get(i);
            if (isAbout(step.peers(), i, sets, pod, blocks)) {
                PortSet hit = open.and(step.ports().at(ports));
                open = open.without(hit);
                switch (step.action()) {
                    case ACCEPT -> allowed = allowed.or(hit);
                    case PASS -> passed = passed.or(hit);
                    case DENY -> {}
                }
            }
        }
        open = open.or(passed);
        if (isolated) {
            return allowed.or(open.and(allowedByPolicies(sets, pod, blocks, ports)));
        }
        for (int i = 0; i < baseline.size() && !open.isEmpty(); i++) {
            Side.Step step = baseline.get(i);
            if (isAbout(step.peers(), admin.size() + i, sets, pod, blocks)) {
                PortSet hit = open.and(step.ports().at(ports));
                open = open.without(hit);
                // After this tier comes the default, which is to allow.
                allowed = step.action() == ClusterPolicyFact.Action.DENY ? allowed : allowed.or(hit);
            }
        }
        return allowed.or(open);
    }

    private static boolean isAbout(Side.Peers peers, int number, List<PodSet> sets, boolean pod, BitSet blocks) {
        if (peers.anybody() || (pod && peers.pods()) || blocks.get(number)) {
            return true;
        }
        for (PodSet set : sets) {
            if (peers.sets().contains(set)) {
                return true;
            }
        }
        return false;
    }

    private PortSet allowedByPolicies(List<PodSet> sets, boolean pod, BitSet blocks, List<NamedPort> ports) {
        PortSet allowed = anybody.at(ports);
        if (pod) {
            allowed = allowed.or(pods.at(ports));
        }
        for (PodSet set : sets) {
            PortSpec merged = bySet.get(set);
            allowed = merged == null ? allowed : allowed.or(merged.at(ports));
        }
        int first = admin.size() + baseline.size();
        for (int i = blocks.nextSetBit(first); i >= 0; i = blocks.nextSetBit(i + 1)) {
            allowed = allowed.or(blockPorts.get(i - first).at(ports));
        }
        return allowed;
    }
}
