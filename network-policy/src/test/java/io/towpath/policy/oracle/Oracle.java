package io.towpath.policy.oracle;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a packet passes, straight from the facts and the words of the APIs, without an index, a cache or a set. It shares no code
 * with the compiler.
 */
public final class Oracle {
    private final Facts facts;
    private final boolean withDryRun;

    public Oracle(Facts facts) {
        this(facts, false);
    }

    /** @param withDryRun whether policies of a dry run count */
    public Oracle(Facts facts, boolean withDryRun) {
        this.facts = facts;
        this.withDryRun = withDryRun;
    }

    /** Both ends have a say, whichever node they are on. */
    public boolean allows(Packet packet) {
        return at(packet.from()).stream().allMatch(pod -> allows(pod, Direction.EGRESS, packet))
                && at(packet.to()).stream().allMatch(pod -> allows(pod, Direction.INGRESS, packet));
    }

    /** Whether what is about one of its ends lets it pass. If two pods seem to be the other end, both must do. */
    public boolean allows(PodFact pod, Direction direction, Packet packet) {
        IpAddress other = direction == Direction.INGRESS ? packet.from() : packet.to();
        List<PodFact> others = at(other);
        if (others.isEmpty()) {
            return allows(pod, direction, packet, null);
        }
        return others.stream().allMatch(each -> allows(pod, direction, packet, each));
    }

    private boolean allows(PodFact pod, Direction direction, Packet packet, @Nullable PodFact other) {
        Connection connection = new Connection(pod, direction, packet, other);
        Action admin = verdict(Tier.ADMIN, connection);
        if (admin == Action.ACCEPT) {
            return true;
        }
        if (admin == Action.DENY) {
            return false;
        }
        List<PolicyFact> isolating = facts.policies().stream()
                .filter(policy -> withDryRun || !policy.dryRun())
                .filter(policy -> direction == Direction.INGRESS ? policy.isolatesIngress() : policy.isolatesEgress())
                .filter(policy -> policy.namespace().equals(pod.namespace()))
                .filter(policy -> Labels.isValid(policy.pods()) && Labels.match(policy.pods(), pod.labels()))
                .toList();
        if (!isolating.isEmpty()) {
            return isolating.stream().anyMatch(policy -> allows(policy, connection));
        }
        return verdict(Tier.BASELINE, connection) != Action.DENY;
    }

    private boolean allows(PolicyFact policy, Connection connection) {
        List<RuleFact> rules = connection.direction == Direction.INGRESS ? policy.ingress() : policy.egress();
        return rules.stream()
                .filter(rule -> rule.peers().stream().allMatch(peer -> isValid(peer, false)))
                .filter(rule -> rule.ports().stream().allMatch(Oracle::isValid))
                .filter(rule -> rule.peers().isEmpty()
                        || rule.peers().stream().anyMatch(peer -> isAbout(peer, policy.namespace(), connection)))
                .anyMatch(rule -> isAbout(rule.ports(), connection));
    }

    /** What the first rule that is about the connection says; pass if none is. */
    private Action verdict(Tier tier, Connection connection) {
        Optional<Action> first = facts.clusterPolicies().stream()
                .filter(policy -> policy.tier() == tier && (withDryRun || !policy.dryRun()))
                .filter(policy -> isSubject(policy.subject(), connection.pod))
                .sorted(Comparator.comparingInt(ClusterPolicyFact::priority).thenComparing(ClusterPolicyFact::name))
                .flatMap(policy ->
                        (connection.direction == Direction.INGRESS ? policy.ingress() : policy.egress()).stream())
                .flatMap(rule -> verdict(rule, connection).stream())
                .findFirst();
        return first.orElse(Action.PASS);
    }

    /** "For Accept rules, fail closed means: treat the rule as matching no traffic; for Deny and Pass, as a Deny all rule". */
    private Optional<Action> verdict(ClusterPolicyFact.Rule rule, Connection connection) {
        boolean isValid = rule.peers().stream().allMatch(peer -> isValid(peer, true))
                && rule.ports().stream().allMatch(Oracle::isValid);
        if (!isValid) {
            return rule.action() == Action.ACCEPT ? Optional.empty() : Optional.of(Action.DENY);
        }
        boolean isAbout = rule.peers().stream().anyMatch(peer -> isAbout(peer, null, connection))
                && isAbout(rule.ports(), connection);
        return isAbout ? Optional.of(rule.action()) : Optional.empty();
    }

    private boolean isSubject(ClusterPolicyFact.Subject subject, PodFact pod) {
        return Labels.isValid(subject.namespaces())
                && Labels.isValid(subject.pods())
                && Labels.match(subject.namespaces(), namespaceLabels(pod))
                && Labels.match(subject.pods(), pod.labels());
    }

    private boolean isAbout(Peer peer, @Nullable String own, Connection connection) {
        PodFact pod = connection.other;
        IpAddress address = connection.otherAddress();
        return switch (peer) {
            case Peer.Pods(Selector namespaces, Selector pods) ->
                pod != null
                        && (namespaces == null
                                ? pod.namespace().equals(own)
                                : Labels.match(namespaces, namespaceLabels(pod)))
                        && Labels.match(pods, pod.labels());
            case Peer.Block(var cidr, var except) ->
                cidr.contains(address) && except.stream().noneMatch(hole -> hole.contains(address));
            case Peer.Nodes(Selector nodes) ->
                facts.nodes().stream()
                        .filter(node -> Labels.match(nodes, node.labels()))
                        .anyMatch(node -> node.addresses().contains(address));
            case Peer.Unknown _ -> false;
        };
    }

    private static boolean isAbout(List<PortMatch> ports, Connection connection) {
        return ports.isEmpty() || ports.stream().anyMatch(port -> isAbout(port, connection));
    }

    private static boolean isAbout(PortMatch match, Connection connection) {
        Protocol protocol = connection.packet.protocol();
        int port = connection.packet.port();
        PodFact receiver = connection.direction == Direction.INGRESS ? connection.pod : connection.other;
        return switch (match) {
            case PortMatch.Numbered numbered ->
                numbered.protocol() == protocol && numbered.first() <= port && port <= numbered.last();
            case PortMatch.All all -> all.protocol() == protocol;
            case PortMatch.Named named ->
                protocol != null
                        && (named.protocol() == null || named.protocol() == protocol)
                        && receiver != null
                        && receiver.ports().stream()
                                .anyMatch(each -> each.name().equals(named.name())
                                        && each.protocol() == protocol
                                        && each.port() == port);
            case PortMatch.Unknown _ -> false;
        };
    }

    private static boolean isValid(Peer peer, boolean clusterWide) {
        return switch (peer) {
            case Peer.Pods(Selector namespaces, Selector pods) ->
                (namespaces == null ? !clusterWide : Labels.isValid(namespaces)) && Labels.isValid(pods);
            case Peer.Block(var cidr, var except) -> except.stream().allMatch(cidr::contains);
            case Peer.Nodes(Selector nodes) -> clusterWide && Labels.isValid(nodes);
            case Peer.Unknown _ -> false;
        };
    }

    private static boolean isValid(PortMatch port) {
        return switch (port) {
            case PortMatch.Numbered numbered -> 0 <= numbered.first() && numbered.first() <= numbered.last();
            case PortMatch.Unknown _ -> false;
            case PortMatch.All _, PortMatch.Named _ -> true;
        };
    }

    /** The pods at an address; of a namespace that is not known none are. */
    private List<PodFact> at(IpAddress address) {
        return facts.pods().stream()
                .filter(pod -> pod.addresses().contains(address))
                .filter(pod -> facts.namespaces().stream()
                        .anyMatch(space -> space.name().equals(pod.namespace())))
                .toList();
    }

    private Map<String, String> namespaceLabels(PodFact pod) {
        return facts.namespaces().stream()
                .filter(space -> space.name().equals(pod.namespace()))
                .findFirst()
                .map(NamespaceFact::labels)
                .orElseThrow();
    }

    /** A packet, seen from one of its ends. */
    private record Connection(
            PodFact pod,
            Direction direction,
            Packet packet,
            @Nullable PodFact other) {
        IpAddress otherAddress() {
            return direction == Direction.INGRESS ? packet.from() : packet.to();
        }
    }
}
