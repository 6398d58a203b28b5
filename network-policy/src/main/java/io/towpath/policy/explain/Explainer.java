package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.policy.explain.Explanation.Verdict;
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

    private static final String ONLY_PORTS = " is about ports, and ICMP has none";

    private final Facts facts;
    private final Ends ends;
    private final boolean hidesPods;

    public Explainer(Facts facts, Nodes nodes) {
        this.facts = facts;
        ends = new Ends(facts, nodes);
        hidesPods = nodes.hidesPods();
    }

    /**
     * Explains what becomes of it if somebody begins a connection: where packets of a node do not have the address by which it is
     * named here, it is explained for that which they have.
     *
     * @param from a pod as {@code namespace/name}, or an address
     * @param to as {@code from}
     * @param asked the destination port
     * @throws IllegalArgumentException if one of them is not known, or they have no addresses of the same family; one line
     */
    public Explanation explain(String from, String to, PortQuestion asked) {
        Ends.Pair pair = ends.pair(from, to);
        PodFact receiver = pair.to().pod();
        Question question = new Question(asked.numbered(to, receiver));
        Nodes.Node sender = pair.from().node();
        if (sender != null && receiver != null) {
            return fromNode(pair, sender, receiver, question);
        }
        if (receiver != null && receiver.equals(pair.from().pod())) {
            return toItself(pair, receiver, question);
        }
        Explanation explained = question.explained(pair, sides(pair, question), whoSees(pair));
        return pair.from().pod() != null && receiver == null && pair.to().node() == null
                ? explained.with(pair.to().address()
                        + " is of no pod and no node that is known. If it is a Service's, policies see"
                        + " the pod that serves it: ask for that")
                : explained;
    }

    /**
     * Explains what becomes of a packet as policies meet it.
     *
     * @param from its source address
     * @param to its destination address, of the same family
     * @param protocol null for one without ports
     */
    public Explanation packet(String from, String to, @Nullable Protocol protocol, int port) {
        Ends.Pair pair = ends.pair(from, to);
        Question question = new Question(new PortQuestion(protocol, port, null));
        return question.explained(pair, sides(pair, question), List.of());
    }

    private record Question(PortQuestion port) {
        Explanation explained(Ends.Pair pair, List<Explanation.Side> sides, List<String> notes) {
            return new Explanation(pair.from().told(), pair.to().told(), port, notes, sides);
        }
    }

    /** By its own address it never leaves its namespace; from a Service or a host port it comes back by its node. */
    private Explanation toItself(Ends.Pair pair, PodFact pod, Question question) {
        Verdict verdict = new Verdict(
                true,
                List.of(),
                List.of("it reaches itself inside its own network namespace, where no policy is asked"));
        String name = pod.namespace() + "/" + pod.name();
        boolean isAllowed =
                question.explained(pair, sides(pair, question), List.of()).allowed();
        return question.explained(
                pair,
                List.of(new Explanation.Side(Direction.INGRESS, name, verdict, verdict)),
                List.of("by a Service or a host port that leads back to it, it leaves the pod and meets its own"
                        + " policies: "
                        + Explanation.word(isAllowed)));
    }

    private Explanation fromNode(Ends.Pair pair, Nodes.Node sender, PodFact receiver, Question question) {
        if (receiver.node().equals(sender.name())) {
            Verdict verdict =
                    new Verdict(true, List.of(), List.of("its own node reaches it always, whatever policies say"));
            String pod = receiver.namespace() + "/" + receiver.name();
            List<Explanation.Side> sides = List.of(new Explanation.Side(Direction.INGRESS, pod, verdict, verdict));
            return question.explained(pair, sides, List.of());
        }
        IpAddress asked = pair.from().address();
        Nodes.Node other = ends.node(pair.to());
        IpAddress source = other == null ? null : sender.source(other, asked.ipv6());
        if (source == null || source.equals(asked)) {
            return question.explained(pair, sides(pair, question), List.of());
        }
        Ends.Pair seen = new Ends.Pair(pair.from().by(source), pair.to());
        boolean isAllowed =
                question.explained(pair, sides(pair, question), List.of()).allowed();
        return question.explained(
                seen,
                sides(seen, question),
                List.of(
                        "node " + sender.name() + " sends to pods of other nodes from " + source + ", not from "
                                + asked,
                        "by a host port of node " + receiver.node() + " it comes from " + asked + " and is "
                                + Explanation.word(isAllowed)));
    }

    /** From where a pod's packets come to another node. */
    private List<String> whoSees(Ends.Pair pair) {
        Nodes.Node own = ends.node(pair.from());
        Nodes.Node other = pair.to().node();
        IpAddress to = pair.to().address();
        boolean isHidden = hidesPods && pair.from().pod() != null;
        if (!isHidden
                || own == null
                || other == null
                || own.equals(other)
                || other.overlay().contains(to)) {
            return List.of();
        }
        IpAddress source = own.address(to.ipv6());
        return source == null
                ? List.of()
                : List.of("node " + other.name() + ", and pods behind its host ports, see it come from " + source
                        + ", the address of node " + own.name());
    }

    private List<Explanation.Side> sides(Ends.Pair pair, Question question) {
        List<Explanation.Side> sides = new ArrayList<>(2);
        PodFact sender = pair.from().pod();
        PodFact receiver = pair.to().pod();
        if (sender != null) {
            sides.add(side(new Traffic(
                    facts,
                    Direction.EGRESS,
                    sender,
                    receiver,
                    pair.to().address(),
                    question.port.protocol(),
                    question.port.number())));
        }
        if (receiver != null) {
            sides.add(side(new Traffic(
                    facts,
                    Direction.INGRESS,
                    receiver,
                    sender,
                    pair.from().address(),
                    question.port.protocol(),
                    question.port.number())));
        }
        return sides;
    }

    private Explanation.Side side(Traffic traffic) {
        PodFact pod = traffic.pod();
        return new Explanation.Side(
                traffic.direction(),
                pod.namespace() + "/" + pod.name(),
                verdict(traffic, false),
                verdict(traffic, true));
    }

    private Verdict verdict(Traffic traffic, boolean withDryRun) {
        List<String> why = new ArrayList<>();
        Verdict admin = verdict(Tier.ADMIN, traffic, withDryRun, why);
        if (admin != null) {
            return admin;
        }
        List<PolicyFact> isolating = facts.policies().stream()
                .filter(policy -> withDryRun || !policy.dryRun())
                .filter(traffic::isIsolatedBy)
                .toList();
        if (isolating.isEmpty()) {
            why.add("no NetworkPolicy isolates it");
            Verdict baseline = verdict(Tier.BASELINE, traffic, withDryRun, why);
            return baseline == null ? new Verdict(true, List.of(), why) : baseline;
        }
        List<PolicyFact> allowing = isolating.stream()
                .filter(policy -> isAllowed(policy, traffic, why))
                .toList();
        if (allowing.isEmpty()) {
            why.add("isolated by "
                    + String.join(
                            ", ", isolating.stream().map(Explainer::marked).toList())
                    + ", of whose rules none allows it");
        }
        List<Explanation.Policy> deciding = (allowing.isEmpty() ? isolating : allowing)
                .stream().map(Explanation.Policy::of).toList();
        return new Verdict(!allowing.isEmpty(), deciding, why);
    }

    private static boolean isAllowed(PolicyFact policy, Traffic traffic, List<String> why) {
        List<RuleFact> rules = traffic.isIngress() ? policy.ingress() : policy.egress();
        boolean allowed = false;
        for (int i = 0; i < rules.size(); i++) {
            RuleFact rule = rules.get(i);
            String flaw = Flaws.of(rule.peers(), rule.ports(), false);
            if (flaw != null) {
                why.add(place(policy, traffic, i) + " allows nothing: " + flaw);
            } else if (rule.peers().isEmpty() || traffic.isWith(rule.peers(), policy.namespace())) {
                if (traffic.isTo(rule.ports())) {
                    why.add(place(policy, traffic, i) + " allows it");
                    allowed = true;
                } else if (traffic.protocol() == null) {
                    why.add(place(policy, traffic, i) + ONLY_PORTS);
                }
            }
        }
        return allowed;
    }

    /** What the first rule says that is about the traffic; null if none is, or it passes it on. */
    private @Nullable Verdict verdict(Tier tier, Traffic traffic, boolean withDryRun, List<String> why) {
        List<ClusterPolicyFact> asked = facts.clusterPolicies().stream()
                .filter(policy -> policy.tier() == tier && (withDryRun || !policy.dryRun()))
                .filter(traffic::isSubjectOf)
                .sorted(ORDER)
                .toList();
        for (ClusterPolicyFact policy : asked) {
            List<ClusterPolicyFact.Rule> rules = traffic.isIngress() ? policy.ingress() : policy.egress();
            for (int i = 0; i < rules.size(); i++) {
                Action action = action(policy, rules.get(i), i, traffic, why);
                if (action == Action.PASS) {
                    return null;
                }
                if (action != null) {
                    return new Verdict(action == Action.ACCEPT, List.of(Explanation.Policy.of(policy)), why);
                }
            }
        }
        return null;
    }

    /** What a rule does with the traffic; null if it is about another. */
    private static @Nullable Action action(
            ClusterPolicyFact policy, ClusterPolicyFact.Rule rule, int number, Traffic traffic, List<String> why) {
        String flaw = Flaws.of(rule.peers(), rule.ports(), true);
        if (flaw != null && rule.action() == Action.ACCEPT) {
            why.add(place(policy, rule, traffic, number) + " accepts nothing: " + flaw);
            return null;
        }
        if (flaw != null) {
            why.add(place(policy, rule, traffic, number) + " denies everything: " + flaw);
            return Action.DENY;
        }
        if (traffic.isWith(rule.peers(), null)) {
            if (traffic.isTo(rule.ports())) {
                why.add(place(policy, rule, traffic, number) + ": " + rule.action());
                return rule.action();
            }
            if (traffic.protocol() == null) {
                why.add(place(policy, rule, traffic, number) + ONLY_PORTS);
            }
        }
        return null;
    }

    private static String place(PolicyFact policy, Traffic traffic, int rule) {
        return marked(policy) + " spec." + traffic.direction().word() + "[" + rule + "]";
    }

    private static String place(ClusterPolicyFact policy, ClusterPolicyFact.Rule rule, Traffic traffic, int number) {
        return policy.title() + " (tier " + policy.tier() + ", priority " + policy.priority()
                + (policy.dryRun() ? ", dry run" : "") + ") spec."
                + traffic.direction().word() + "[" + number + "]"
                + (rule.name().isEmpty() ? "" : " \"" + rule.name() + "\"");
    }

    private static String marked(PolicyFact policy) {
        return policy.title() + (policy.dryRun() ? " (dry run)" : "");
    }
}
