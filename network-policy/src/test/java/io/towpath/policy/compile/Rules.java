package io.towpath.policy.compile;

import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Policies in few words. */
final class Rules {
    static final Peer ALL_PODS = new Peer.Pods(Selector.EVERYTHING, Selector.EVERYTHING);
    static final ClusterPolicyFact.Subject EVERYBODY =
            new ClusterPolicyFact.Subject(Selector.EVERYTHING, Selector.EVERYTHING);

    private Rules() {}

    static Selector app(String name) {
        return Selector.of(Map.of("app", name));
    }

    /** Pods of the policy's own namespace. */
    static Peer own(String app) {
        return new Peer.Pods(null, app(app));
    }

    /** Pods of any namespace. */
    static Peer any(String app) {
        return new Peer.Pods(Selector.EVERYTHING, app(app));
    }

    static Peer block(String cidr, String... except) {
        return new Peer.Block(
                IpPrefix.parse(cidr), Stream.of(except).map(IpPrefix::parse).toList());
    }

    static PortMatch tcp(int port) {
        return new PortMatch.Numbered(Protocol.TCP, port, port);
    }

    static RuleFact rule(List<Peer> peers, PortMatch... ports) {
        return new RuleFact(peers, List.of(ports));
    }

    static RuleFact rule(Peer peer, PortMatch... ports) {
        return rule(List.of(peer), ports);
    }

    /** Isolates ingress of an app of shop, but for these. */
    static PolicyFact into(String app, RuleFact... rules) {
        return PolicyFact.of("shop", "into-" + app, app(app), List.of("Ingress"), List.of(rules), List.of());
    }

    /** Isolates egress of an app of shop, but for these. */
    static PolicyFact outOf(String app, RuleFact... rules) {
        return PolicyFact.of("shop", "out-of-" + app, app(app), List.of("Egress"), List.of(), List.of(rules));
    }

    static ClusterPolicyFact.Rule rule(Action action, Peer peer, PortMatch... ports) {
        return new ClusterPolicyFact.Rule("", action, List.of(peer), List.of(ports));
    }

    /** Has a say in ingress of all pods. */
    static ClusterPolicyFact ingress(String name, Tier tier, int priority, ClusterPolicyFact.Rule... rules) {
        return new ClusterPolicyFact(name, tier, priority, EVERYBODY, List.of(rules), List.of(), false);
    }

    /** Has a say in egress of all pods. */
    static ClusterPolicyFact egress(String name, Tier tier, int priority, ClusterPolicyFact.Rule... rules) {
        return new ClusterPolicyFact(name, tier, priority, EVERYBODY, List.of(), List.of(rules), false);
    }
}
