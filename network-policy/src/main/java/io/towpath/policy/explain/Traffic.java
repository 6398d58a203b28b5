package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.ruleset.Direction;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A packet that begins a connection, seen from a pod that sends or receives it.
 *
 * @param pod the pod that policies are asked about
 * @param other the pod at the other end, null if it is none
 * @param otherAddress the address of the other end
 * @param protocol null for one without ports
 */
record Traffic(
        Facts facts,
        Direction direction,
        PodFact pod,
        @Nullable PodFact other,
        IpAddress otherAddress,
        @Nullable Protocol protocol,
        int port) {
    boolean isIngress() {
        return direction == Direction.INGRESS;
    }

    boolean isIsolatedBy(PolicyFact policy) {
        return AppliedPolicies.isolates(policy, direction) && AppliedPolicies.selects(policy, pod);
    }

    boolean isSubjectOf(ClusterPolicyFact policy) {
        return AppliedPolicies.isSubject(policy, pod, namespaceLabels(pod));
    }

    /** @param own the policy's namespace, null if it has none */
    boolean isWith(List<Peer> peers, @Nullable String own) {
        return peers.stream().anyMatch(peer -> isWith(peer, own));
    }

    private boolean isWith(Peer peer, @Nullable String own) {
        return switch (peer) {
            case Peer.Pods(Selector namespaces, Selector pods) ->
                other != null
                        && (namespaces == null
                                ? other.namespace().equals(own)
                                : AppliedPolicies.selects(namespaces, namespaceLabels(other)))
                        && AppliedPolicies.selects(pods, other.labels());
            case Peer.Block(var cidr, var except) ->
                cidr.contains(otherAddress) && except.stream().noneMatch(each -> each.contains(otherAddress));
            case Peer.Nodes(Selector nodes) ->
                facts.nodes().stream()
                        .anyMatch(node -> node.addresses().contains(otherAddress)
                                && AppliedPolicies.selects(nodes, node.labels()));
            case Peer.Unknown _ -> false;
        };
    }

    boolean isTo(List<PortMatch> ports) {
        return ports.isEmpty() || ports.stream().anyMatch(this::isTo);
    }

    private boolean isTo(PortMatch match) {
        return switch (match) {
            case PortMatch.Numbered(var wanted, int first, int last) ->
                wanted == protocol && first <= port && port <= last;
            case PortMatch.All(var wanted) -> wanted == protocol;
            case PortMatch.Named(var wanted, String name) -> (wanted == null || wanted == protocol) && isNamed(name);
            case PortMatch.Unknown _ -> false;
        };
    }

    private boolean isNamed(String name) {
        PodFact receiver = isIngress() ? pod : other;
        return receiver != null
                && receiver.ports().stream()
                        .anyMatch(
                                each -> each.name().equals(name) && each.protocol() == protocol && each.port() == port);
    }

    private Map<String, String> namespaceLabels(PodFact of) {
        for (NamespaceFact space : facts.namespaces()) {
            if (space.name().equals(of.namespace())) {
                return space.labels();
            }
        }
        return Map.of();
    }
}
