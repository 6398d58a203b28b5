package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.oracle.Interpreter;
import io.towpath.policy.oracle.Packet;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of two namespaces, shop (labelled team: shop) and lab, by hand, with all its pods on this node. A pod is labelled app: its
 * name, and has an IPv4 address 10.0.0.n, an IPv6 address fd00::n.
 */
final class Scene {
    private final Compiler compiler = new Compiler();
    private final List<PodFact> pods = new ArrayList<>();
    private final List<NamespaceFact> namespaces = new ArrayList<>();
    private final List<NodeFact> nodes = new ArrayList<>();
    private final List<LocalEndpoint> endpoints = new ArrayList<>();
    private List<PolicyFact> policies = List.of();
    private List<ClusterPolicyFact> clusterPolicies = List.of();

    Scene() {
        namespaces.add(new NamespaceFact("shop", Map.of("team", "shop")));
        namespaces.add(new NamespaceFact("lab", Map.of()));
    }

    /** Adds a pod of this node. */
    Scene pod(String namespace, String name, int number, NamedPort... ports) {
        List<IpAddress> addresses = List.of(ipv4(number), ipv6(number));
        endpoints.add(new LocalEndpoint(namespace, name, "cali" + number, addresses));
        return pod(new PodFact(namespace, name, Map.of("app", name), addresses, List.of(ports), "here"));
    }

    /** Adds a pod of another node. */
    Scene farPod(String namespace, String name, int number, NamedPort... ports) {
        List<IpAddress> addresses = List.of(ipv4(number), ipv6(number));
        return pod(new PodFact(namespace, name, Map.of("app", name), addresses, List.of(ports), "far"));
    }

    private Scene pod(PodFact pod) {
        pods.add(pod);
        return this;
    }

    /** Takes a pod away, as one that has ended is; its interface stays. */
    Scene without(String name) {
        pods.removeIf(pod -> pod.name().equals(name));
        return this;
    }

    /** Takes away a namespace, but not its pods. */
    Scene withoutNamespace(String name) {
        namespaces.removeIf(namespace -> namespace.name().equals(name));
        return this;
    }

    Scene node(String name, String address) {
        nodes.add(new NodeFact(name, Map.of("name", name), List.of(IpAddress.parse(address))));
        return this;
    }

    Scene policies(PolicyFact... now) {
        policies = List.of(now);
        return this;
    }

    Scene clusterPolicies(ClusterPolicyFact... now) {
        clusterPolicies = List.of(now);
        return this;
    }

    Compiled compile() {
        return compiler.compile(new Facts(pods, namespaces, nodes, policies, clusterPolicies), endpoints);
    }

    /** What cannot be as it is written, a line for each. */
    List<String> problems() {
        return compile().problems().stream().map(Problem::toString).toList();
    }

    /** Whether a packet passes both its ends; an end is an address, or a pod by the number in its addresses. */
    boolean allows(Object from, Object to, @Nullable Protocol protocol, int port) {
        return allows(compile().ruleset(), from, to, protocol, port);
    }

    /** The same, were the policies of a dry run enforced, too. */
    boolean wouldAllow(Object from, Object to, @Nullable Protocol protocol, int port) {
        return allows(Objects.requireNonNull(compile().trial()), from, to, protocol, port);
    }

    private static boolean allows(Ruleset ruleset, Object from, Object to, @Nullable Protocol protocol, int port) {
        boolean ipv6 = (from + " " + to).contains(":");
        boolean allows = new Interpreter(ruleset).allows(new Packet(end(from, ipv6), end(to, ipv6), protocol, port));
        if (from instanceof Integer && to instanceof Integer) {
            Packet other = new Packet(end(from, true), end(to, true), protocol, port);
            if (new Interpreter(ruleset).allows(other) != allows) {
                throw new AssertionError("IPv4 " + allows + ", IPv6 not: " + other);
            }
        }
        return allows;
    }

    private static IpAddress end(Object end, boolean ipv6) {
        return switch (end) {
            case Integer number -> ipv6 ? ipv6(number) : ipv4(number);
            default -> IpAddress.parse(end.toString());
        };
    }

    private static IpAddress ipv4(int number) {
        return IpAddress.parse("10.0.0." + number);
    }

    private static IpAddress ipv6(int number) {
        return IpAddress.parse("fd00::" + Integer.toHexString(number));
    }
}
