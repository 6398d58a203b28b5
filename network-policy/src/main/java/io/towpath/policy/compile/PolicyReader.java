package io.towpath.policy.compile;

import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.Flaws;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a policy says, rule by rule. A rule that cannot be as it is written is a problem; of a NetworkPolicy, it allows nothing. Of a
 * ClusterNetworkPolicy the API wants it closed: one that accepts is about nothing, any other denies everything.
 */
final class PolicyReader {
    private final PodSets sets;
    private final PolicyUnit unit;
    private final List<Problem> problems = new ArrayList<>();

    private PolicyReader(PodSets sets, PolicyUnit unit) {
        this.sets = sets;
        this.unit = unit;
    }

    /** Reads it; the sets in it are in use from now on. */
    static PolicyUnit.Text read(PolicyUnit unit, PodSets sets) {
        PolicyReader reader = new PolicyReader(sets, unit);
        Side ingress;
        Side egress;
        switch (unit.source()) {
            case PolicyUnit.Namespaced(PolicyFact fact) -> {
                ingress = fact.isolatesIngress()
                        ? reader.allowed("ingress", fact.namespace(), fact.ingress())
                        : Side.NOTHING;
                egress = fact.isolatesEgress()
                        ? reader.allowed("egress", fact.namespace(), fact.egress())
                        : Side.NOTHING;
            }
            case PolicyUnit.ClusterWide(ClusterPolicyFact fact) -> {
                ingress = reader.ordered("ingress", fact, fact.ingress());
                egress = reader.ordered("egress", fact, fact.egress());
            }
        }
        return new PolicyUnit.Text(ingress, egress, reader.problems);
    }

    private void problem(String field, int index, String what) {
        problems.add(new Problem(unit.id, "spec." + field + "[" + index + "]: " + what));
    }

    private Side allowed(String field, String namespace, List<RuleFact> rules) {
        PortSpec anybody = PortSpec.NONE;
        PortSpec pods = PortSpec.NONE;
        Map<PodSet, PortSpec> bySet = new HashMap<>();
        Map<PortSpec, List<AddressRange>> blocks = new HashMap<>();
        for (int i = 0; i < rules.size(); i++) {
            RuleFact rule = rules.get(i);
            String flaw = Flaws.of(rule.peers(), rule.ports(), false);
            if (flaw != null) {
                problem(field, i, flaw);
                continue;
            }
            PortSpec ports = PortSpec.of(rule.ports());
            Side.Peers peers = rule.peers().isEmpty() ? Side.Peers.ANYBODY : peers(namespace, rule.peers());
            anybody = peers.anybody() ? anybody.or(ports) : anybody;
            pods = peers.pods() ? pods.or(ports) : pods;
            peers.sets().forEach(set -> bySet.merge(set, ports, PortSpec::or));
            if (!peers.blocks().isEmpty()) {
                blocks.computeIfAbsent(ports, _ -> new ArrayList<>()).addAll(peers.blocks());
            }
        }
        return new Side.Allowed(anybody, pods, bySet, blocks);
    }

    private Side ordered(String field, ClusterPolicyFact fact, List<ClusterPolicyFact.Rule> rules) {
        List<Side.Step> steps = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            ClusterPolicyFact.Rule rule = rules.get(i);
            String flaw = Flaws.of(rule.peers(), rule.ports(), true);
            if (flaw != null) {
                boolean accepts = rule.action() == Action.ACCEPT;
                problem(field, i, flaw + (accepts ? "; it accepts nothing" : "; it denies everything"));
                if (!accepts) {
                    steps.add(new Side.Step(Action.DENY, Side.Peers.ANYBODY, PortSpec.ALL));
                }
                continue;
            }
            steps.add(new Side.Step(rule.action(), peers(null, rule.peers()), PortSpec.of(rule.ports())));
        }
        return new Side.Ordered(fact.tier(), fact.priority(), steps);
    }

    private Side.Peers peers(@Nullable String namespace, List<Peer> peers) {
        boolean pods = false;
        Set<PodSet> selected = new HashSet<>();
        List<AddressRange> blocks = new ArrayList<>();
        List<Selector> nodes = new ArrayList<>();
        for (Peer peer : peers) {
            switch (peer) {
                case Peer.Pods(Selector namespaces, Selector each) -> {
                    if (namespaces != null && namespaces.isEmpty() && each.isEmpty()) {
                        pods = true;
                    } else {
                        String own = namespaces == null ? namespace : null;
                        selected.add(sets.use(new PodSet.Key(own, namespaces, each), unit));
                    }
                }
                case Peer.Block(IpPrefix cidr, List<IpPrefix> except) ->
                    blocks.addAll(AddressRange.of(cidr)
                            .without(except.stream().map(AddressRange::of).toList()));
                case Peer.Nodes(Selector each) -> nodes.add(each);
                case Peer.Unknown(String why) -> throw new IllegalArgumentException(why);
            }
        }
        return new Side.Peers(false, pods, selected, blocks, nodes);
    }
}
