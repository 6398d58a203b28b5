package io.towpath.policy.explain;

import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.Flaws;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Explains from the facts themselves, policy by policy, in the order in which the APIs ask them. */
public final class Explainer {
    private static final Comparator<ClusterPolicyFact> ORDER =
            Comparator.comparingInt(ClusterPolicyFact::priority).thenComparing(ClusterPolicyFact::name);

    private final Facts facts;
    private final Ends ends;

    public Explainer(Facts facts) {
        this.facts = facts;
        ends = new Ends(facts);
    }

    /**
     * Explains.
     *
     * @param from a pod as {@code namespace/name}, or an address
     * @param to as {@code from}
     * @param protocol null for one without ports, such as ICMP
     * @param port the destination port, 0 to 65,535
     * @throws IllegalArgumentException if one of them is not known, or they have no addresses of the same family; one line
     */
    public Explanation explain(String from, String to, @Nullable Protocol protocol, int port) {
        Ends.Pair pair = ends.pair(from, to);
        List<Explanation.Side> sides = new ArrayList<>(2);
        PodFact sender = pair.from().pod();
        PodFact receiver = pair.to().pod();
        if (sender != null) {
            sides.add(side(new Traffic(
                    facts, Direction.EGRESS, sender, receiver, pair.to().address(), protocol, port)));
        }
        if (receiver != null) {
            sides.add(side(new Traffic(
                    facts, Direction.INGRESS, receiver, sender, pair.from().address(), protocol, port)));
        }
        String what = protocol == null ? "no port" : "port " + port + "/" + protocol;
        return new Explanation(pair.from().toString(), pair.to().toString(), what, sides);
    }

    private Explanation.Side side(Traffic traffic) {
        List<String> why = new ArrayList<>();
        boolean allowed = isAllowed(traffic, false, why);
        List<String> whyOnTrial = new ArrayList<>();
        boolean allowedOnTrial = isAllowed(traffic, true, whyOnTrial);
        if (why.equals(whyOnTrial)) {
            whyOnTrial.clear();
        }
        PodFact pod = traffic.pod();
        return new Explanation.Side(
                traffic.direction(), pod.namespace() + "/" + pod.name(), allowed, why, allowedOnTrial, whyOnTrial);
    }

    private boolean isAllowed(Traffic traffic, boolean withDryRun, List<String> why) {
        Action admin = verdict(Tier.ADMIN, traffic, withDryRun, why);
        if (admin != Action.PASS) {
            return admin == Action.ACCEPT;
        }
        List<PolicyFact> isolating = facts.policies().stream()
                .filter(policy -> withDryRun || !policy.dryRun())
                .filter(traffic::isIsolatedBy)
                .toList();
        if (isolating.isEmpty()) {
            why.add("no NetworkPolicy isolates it");
            return verdict(Tier.BASELINE, traffic, withDryRun, why) != Action.DENY;
        }
        boolean allowed = false;
        for (PolicyFact policy : isolating) {
            allowed |= isAllowed(policy, traffic, why);
        }
        if (!allowed) {
            why.add("isolated by " + names(isolating) + ", of whose rules none allows it");
        }
        return allowed;
    }

    private static boolean isAllowed(PolicyFact policy, Traffic traffic, List<String> why) {
        List<RuleFact> rules = traffic.isIngress() ? policy.ingress() : policy.egress();
        boolean allowed = false;
        for (int i = 0; i < rules.size(); i++) {
            RuleFact rule = rules.get(i);
            String flaw = Flaws.of(rule.peers(), rule.ports(), false);
            if (flaw != null) {
                why.add(place(policy, traffic, i) + " allows nothing: " + flaw);
            } else if ((rule.peers().isEmpty() || traffic.isWith(rule.peers(), policy.namespace()))
                    && traffic.isTo(rule.ports())) {
                why.add(place(policy, traffic, i) + " allows it");
                allowed = true;
            }
        }
        return allowed;
    }

    /** What the first rule that is about the traffic says; pass if none is. */
    private Action verdict(Tier tier, Traffic traffic, boolean withDryRun, List<String> why) {
        List<ClusterPolicyFact> asked = facts.clusterPolicies().stream()
                .filter(policy -> policy.tier() == tier && (withDryRun || !policy.dryRun()))
                .filter(traffic::isSubjectOf)
                .sorted(ORDER)
                .toList();
        for (ClusterPolicyFact policy : asked) {
            List<ClusterPolicyFact.Rule> rules = traffic.isIngress() ? policy.ingress() : policy.egress();
            for (int i = 0; i < rules.size(); i++) {
                ClusterPolicyFact.Rule rule = rules.get(i);
                String flaw = Flaws.of(rule.peers(), rule.ports(), true);
                if (flaw != null && rule.action() == Action.ACCEPT) {
                    why.add(place(policy, rule, traffic, i) + " accepts nothing: " + flaw);
                } else if (flaw != null) {
                    why.add(place(policy, rule, traffic, i) + " denies everything: " + flaw);
                    return Action.DENY;
                } else if (traffic.isWith(rule.peers(), null) && traffic.isTo(rule.ports())) {
                    why.add(place(policy, rule, traffic, i) + ": " + rule.action());
                    return rule.action();
                }
            }
        }
        return Action.PASS;
    }

    private static String place(PolicyFact policy, Traffic traffic, int rule) {
        return name(policy) + " spec." + traffic.field() + "[" + rule + "]";
    }

    private static String place(ClusterPolicyFact policy, ClusterPolicyFact.Rule rule, Traffic traffic, int number) {
        return "ClusterNetworkPolicy " + policy.name() + " (tier " + policy.tier() + ", priority " + policy.priority()
                + (policy.dryRun() ? ", dry run" : "") + ") spec." + traffic.field() + "[" + number + "]"
                + (rule.name().isEmpty() ? "" : " \"" + rule.name() + "\"");
    }

    private static String names(List<PolicyFact> policies) {
        return String.join(", ", policies.stream().map(Explainer::name).toList());
    }

    private static String name(PolicyFact policy) {
        return "NetworkPolicy " + policy.namespace() + "/" + policy.name() + (policy.dryRun() ? " (dry run)" : "");
    }
}
