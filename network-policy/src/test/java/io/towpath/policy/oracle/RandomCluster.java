package io.towpath.policy.oracle;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Clusters so small that everything in them meets: few labels, names, ports and addresses, and policies that say all that the APIs can
 * say, now and then something that they cannot.
 */
public final class RandomCluster {
    public static final int NAMESPACES = 4;
    public static final int PODS_OF_NAMESPACE = 6;
    private static final int ADDRESSES = 28;

    private final Random random;

    public RandomCluster(long seed) {
        random = new Random(seed);
    }

    /** Facts with at most so many of each. */
    public Facts facts(int pods, int policies, int clusterPolicies) {
        List<PodFact> somePods = new ArrayList<>();
        for (int i = 0; i < pods; i++) {
            int number = i % (NAMESPACES * PODS_OF_NAMESPACE);
            somePods.add(pod("ns" + number % NAMESPACES, "pod" + number / NAMESPACES, number));
        }
        List<NamespaceFact> namespaces = new ArrayList<>();
        for (int i = 0; i < NAMESPACES; i++) {
            if (!oneIn(12)) {
                namespaces.add(namespace("ns" + i));
            }
        }
        List<NodeFact> nodes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            nodes.add(node(i));
        }
        List<PolicyFact> somePolicies = new ArrayList<>();
        for (int i = 0; i < policies; i++) {
            somePolicies.add(policy("policy" + i));
        }
        List<ClusterPolicyFact> wide = new ArrayList<>();
        for (int i = 0; i < clusterPolicies; i++) {
            wide.add(clusterPolicy("wide" + i));
        }
        return new Facts(somePods, namespaces, nodes, somePolicies, wide);
    }

    /** A pod; its number says its addresses, but now and then it has another's. */
    public PodFact pod(String namespace, String name, int number) {
        int own = oneIn(15) ? random.nextInt(ADDRESSES) : number;
        List<IpAddress> addresses = switch (random.nextInt(8)) {
            case 0 -> List.of(ipv4(own));
            case 1 -> List.of(ipv6(own));
            default -> List.of(ipv4(own), ipv6(own));
        };
        List<NamedPort> ports =
                some(2, () -> new NamedPort(pick("web", "dns"), pick(Protocol.values()), pick(53, 80, 81)));
        return new PodFact(namespace, name, labels(), addresses, ports, "node0");
    }

    public NamespaceFact namespace(String name) {
        return new NamespaceFact(name, labels());
    }

    public NodeFact node(int number) {
        List<IpAddress> addresses = List.of(IpAddress.parse("192.168.0." + number), IpAddress.parse("fd01::" + number));
        return new NodeFact("node" + number, labels(), addresses);
    }

    /** All addresses that may be of interest. */
    public static List<IpAddress> addresses() {
        List<IpAddress> all = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            all.add(ipv4(i));
            all.add(ipv6(i));
        }
        for (String text : new String[] {
            "192.168.0.0",
            "192.168.0.1",
            "192.168.0.2",
            "192.168.0.3",
            "fd01::",
            "fd01::1",
            "fd01::2",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "10.0.1.0",
            "9.255.255.255",
            "fd00::1:0"
        }) {
            all.add(IpAddress.parse(text));
        }
        return all;
    }

    private static IpAddress ipv4(int number) {
        return IpAddress.parse("10.0.0." + number);
    }

    private static IpAddress ipv6(int number) {
        return IpAddress.parse("fd00::" + Integer.toHexString(number));
    }

    private Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>();
        for (String key : List.of("a", "b")) {
            if (!oneIn(3)) {
                labels.put(key, pick("x", "y"));
            }
        }
        return labels;
    }

    private Selector selector() {
        if (oneIn(3)) {
            return Selector.EVERYTHING;
        }
        if (oneIn(2)) {
            return Selector.of(labels());
        }
        return new Selector(oneIn(2) ? labels() : Map.of(), some(2, this::requirement));
    }

    private Requirement requirement() {
        Operator operator = pick(Operator.values());
        boolean wantsValues = operator == Operator.IN || operator == Operator.NOT_IN;
        List<String> values = wantsValues != oneIn(40) ? List.of(pick("x", "y"), pick("x", "y", "z")) : List.of();
        return new Requirement(pick("a", "b", "c"), operator, values);
    }

    public PolicyFact policy(String name) {
        return new PolicyFact(
                "ns" + random.nextInt(NAMESPACES),
                name,
                selector(),
                !oneIn(3),
                oneIn(2),
                some(3, () -> new RuleFact(some(3, () -> peer(false)), some(3, this::port))),
                some(3, () -> new RuleFact(some(3, () -> peer(false)), some(3, this::port))),
                oneIn(8));
    }

    public ClusterPolicyFact clusterPolicy(String name) {
        return new ClusterPolicyFact(
                name,
                pick(Tier.values()),
                random.nextInt(4),
                new ClusterPolicyFact.Subject(selector(), selector()),
                some(4, this::rule),
                some(4, this::rule),
                oneIn(8));
    }

    private ClusterPolicyFact.Rule rule() {
        return new ClusterPolicyFact.Rule("", pick(Action.values()), some(3, () -> peer(true)), some(3, this::port));
    }

    private Peer peer(boolean clusterWide) {
        if (oneIn(40)) {
            return new Peer.Unknown("strange");
        }
        if (clusterWide && oneIn(6)) {
            return new Peer.Nodes(selector());
        }
        if (oneIn(3)) {
            IpPrefix cidr = cidr();
            return new Peer.Block(cidr, clusterWide ? List.of() : some(3, () -> oneIn(15) ? cidr() : within(cidr)));
        }
        return new Peer.Pods(clusterWide || oneIn(2) ? selector() : null, selector());
    }

    private IpPrefix cidr() {
        if (oneIn(8)) {
            return IpPrefix.parse(pick("0.0.0.0/0", "::/0", "10.0.0.0/8", "fd00::/8", "128.0.0.0/1"));
        }
        IpAddress address = oneIn(2) ? ipv4(random.nextInt(32)) : ipv6(random.nextInt(32));
        return new IpPrefix(address, address.bits() - random.nextInt(6));
    }

    private IpPrefix within(IpPrefix cidr) {
        int bits = cidr.address().bits();
        int length = Math.min(bits, cidr.length() + random.nextInt(4));
        IpAddress base = cidr.network().address();
        // Wide blocks get a hole at their beginning, narrow ones anywhere.
        for (int i = random.nextInt(8); i > 0 && bits - cidr.length() < 8; i--) {
            base = cidr.contains(base.next()) ? base.next() : base;
        }
        return new IpPrefix(base, length);
    }

    private PortMatch port() {
        Protocol protocol = pick(Protocol.values());
        return switch (random.nextInt(12)) {
            case 0, 1 -> new PortMatch.All(protocol);
            case 2, 3 -> new PortMatch.Named(oneIn(3) ? null : protocol, pick("web", "dns", "none"));
            case 4, 5 -> new PortMatch.Numbered(protocol, pick(0, 1, 53, 80), pick(80, 81, 0xffff));
            case 6 -> oneIn(4) ? new PortMatch.Unknown("strange") : new PortMatch.Numbered(protocol, 1, 0xffff);
            default -> {
                int port = pick(53, 80, 81);
                yield new PortMatch.Numbered(protocol, port, port);
            }
        };
    }

    @SafeVarargs
    private <T> T pick(T... from) {
        return from[random.nextInt(from.length)];
    }

    private <T> List<T> some(int most, Supplier<T> each) {
        List<T> made = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            made.add(each.get());
        }
        return made;
    }

    /** Whether something happens that happens once in so many times. */
    public boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    /** A number below another. */
    public int below(int bound) {
        return random.nextInt(bound);
    }
}
