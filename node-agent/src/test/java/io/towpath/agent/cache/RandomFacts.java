package io.towpath.agent.cache;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Subject;
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
import org.jspecify.annotations.Nullable;

/** Facts with everything in them that facts can say, and texts that nobody should write. */
final class RandomFacts {
    private static final String[] TEXTS = {
        "",
        "web",
        "a b",
        "\"quoted\\\"",
        "line\nline",
        "tab\t",
        "\u0000",
        "\u007f",
        "schön",
        "日本",
        "\ud83d\ude00",
        "\ud800",
        "\udc00x",
        "</x>"
    };

    private final Random random;

    RandomFacts(long seed) {
        random = new Random(seed);
    }

    PolicyFacts facts() {
        List<PodFact> pods = new ArrayList<>();
        Map<String, String> uids = new HashMap<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            PodFact pod = new PodFact(
                    "ns" + random.nextInt(2), "pod" + i, labels(), some(this::address), some(this::namedPort), text());
            pods.add(pod);
            if (random.nextBoolean()) {
                uids.put(PolicyFacts.key(pod.namespace(), pod.name()), text());
            }
        }
        return new PolicyFacts(
                new Facts(
                        pods,
                        some(() -> new NamespaceFact(text(), labels())),
                        some(() -> new NodeFact(text(), labels(), some(this::address))),
                        some(this::policy),
                        some(this::clusterPolicy)),
                uids);
    }

    private <T> List<T> some(Supplier<T> one) {
        List<T> all = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            all.add(one.get());
        }
        return all;
    }

    private <E> E any(E[] values) {
        return values[random.nextInt(values.length)];
    }

    private String text() {
        return any(TEXTS) + any(TEXTS);
    }

    private Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            labels.put(text(), text());
        }
        return labels;
    }

    private IpAddress address() {
        byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
        random.nextBytes(bytes);
        return IpAddress.of(bytes);
    }

    private IpPrefix prefix() {
        IpAddress address = address();
        return new IpPrefix(address, random.nextInt(address.bits() + 1));
    }

    private @Nullable Protocol protocolOrNone() {
        return random.nextInt(4) == 0 ? null : any(Protocol.values());
    }

    private NamedPort namedPort() {
        return new NamedPort(text(), any(Protocol.values()), 1 + random.nextInt(65_535));
    }

    private PolicyFact policy() {
        return new PolicyFact(
                text(),
                text(),
                selector(),
                random.nextBoolean(),
                random.nextBoolean(),
                some(this::rule),
                some(this::rule),
                random.nextBoolean());
    }

    private RuleFact rule() {
        return new RuleFact(some(this::peer), some(this::port));
    }

    private ClusterPolicyFact clusterPolicy() {
        return new ClusterPolicyFact(
                text(),
                any(Tier.values()),
                random.nextInt(1001),
                new Subject(selector(), selector()),
                some(this::clusterRule),
                some(this::clusterRule),
                random.nextBoolean());
    }

    private ClusterPolicyFact.Rule clusterRule() {
        return new ClusterPolicyFact.Rule(text(), any(Action.values()), some(this::peer), some(this::port));
    }

    private Selector selector() {
        return random.nextInt(8) == 0
                ? Selector.unreadable(text())
                : new Selector(labels(), some(() -> new Requirement(text(), any(Operator.values()), some(this::text))));
    }

    private Peer peer() {
        return switch (random.nextInt(5)) {
            case 0 -> new Peer.Pods(null, selector());
            case 1 -> new Peer.Pods(selector(), selector());
            case 2 -> new Peer.Block(prefix(), some(this::prefix));
            case 3 -> new Peer.Nodes(selector());
            default -> new Peer.Unknown(text());
        };
    }

    private PortMatch port() {
        return switch (random.nextInt(4)) {
            case 0 -> new PortMatch.Numbered(any(Protocol.values()), random.nextInt(), random.nextInt(65_536));
            case 1 -> new PortMatch.Named(protocolOrNone(), text());
            case 2 -> new PortMatch.All(any(Protocol.values()));
            default -> new PortMatch.Unknown(text());
        };
    }
}
