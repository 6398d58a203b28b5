package io.towpath.policy.scale;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.Connections;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How long it takes from a change of facts until the kernel does what they say, on a node with 110 pods, in a namespace of its own.
 *
 * <p>The cluster: namespaces of 20 pods, which are 4 apps of 5 pods each. Of the policies, which are as many per namespace as it takes,
 * each is about an app: it allows another app of its namespace a port, the same app of another namespace, or a block without a part of
 * it. Arguments: pods and policies of the cluster; "same" for policies that are all about the node's pods instead, "ports" for such of which
 * each allows peers of its own ports of its own.
 */
public final class ScaleBench {
    private static final int LOCAL = 110;
    private static final int CHANGES = 30;

    private ScaleBench() {}

    /** Prints a line for each measurement. */
    public static void main(String[] arguments) throws Exception {
        int pods = Integer.parseInt(arguments[0]);
        int policies = Integer.parseInt(arguments[1]);
        boolean same = arguments.length > 2;
        boolean ports = same && arguments[2].equals("ports");
        Facts facts = facts(pods, policies, same, ports);
        List<LocalEndpoint> local = new ArrayList<>();
        for (int i = 0; i < LOCAL; i++) {
            PodFact pod = facts.pods().get(same ? i % 20 : (int) ((long) i * pods / LOCAL));
            local.add(new LocalEndpoint(pod.namespace(), pod.name(), "cali%011x".formatted(i), pod.addresses()));
        }
        try (TestNamespace node = new TestNamespace();
                NetNs netNs = node.open();
                TableManager tables = TableManager.open(netNs, remake -> {
                    throw new AssertionError(remake);
                });
                Conntrack conntrack = Conntrack.open(netNs)) {
            Measured measured = new Measured(
                    tables,
                    conntrack,
                    local,
                    policies + (ports ? " ports, " : same ? " policies about all, " : " policies, ") + pods + " pods");
            measured.change("from nothing", facts);
            Runtime runtime = Runtime.getRuntime();
            System.gc();
            System.out.println("heap in use: " + (runtime.totalMemory() - runtime.freeMemory()) / (1 << 20) + " MiB");
            measured.changes("a policy's rule", facts, ScaleBench::replacePolicy);
            measured.changes("a policy comes or goes", facts, ScaleBench::comeOrGo);
            measured.changes("a pod's labels", facts, ScaleBench::relabel);
            measured.changes("a pod comes or goes", facts, ScaleBench::podComesOrGoes);
        }
    }

    private static int round;

    private static Facts replacePolicy(Facts now) {
        List<PolicyFact> policies = new ArrayList<>(now.policies());
        PolicyFact old = policies.getFirst();
        int port = 1000 + round++;
        policies.set(0, policy(old.namespace(), old.name(), old.pods(), rule("app-1", port)));
        return new Facts(now.pods(), now.namespaces(), now.nodes(), policies, List.of());
    }

    private static Facts comeOrGo(Facts now) {
        List<PolicyFact> policies = new ArrayList<>(now.policies());
        if (policies.getLast().name().equals("extra")) {
            policies.removeLast();
        } else {
            policies.add(policy("ns-0", "extra", Selector.of(Map.of("app", "app-0")), rule("app-2", 99)));
        }
        return new Facts(now.pods(), now.namespaces(), now.nodes(), policies, List.of());
    }

    private static Facts relabel(Facts now) {
        List<PodFact> pods = new ArrayList<>(now.pods());
        PodFact old = pods.get(7);
        pods.set(7, pod(7, "app-" + (round++ % 4), old.addresses()));
        return new Facts(pods, now.namespaces(), now.nodes(), now.policies(), List.of());
    }

    private static Facts podComesOrGoes(Facts now) {
        List<PodFact> pods = new ArrayList<>(now.pods());
        if (pods.getLast().name().equals("extra")) {
            pods.removeLast();
        } else {
            pods.add(new PodFact(
                    "ns-0",
                    "extra",
                    Map.of("app", "app-1"),
                    List.of(IpAddress.parse("10.250.0.9")),
                    List.of(),
                    "other"));
        }
        return new Facts(pods, now.namespaces(), now.nodes(), now.policies(), List.of());
    }

    private static final class Measured {
        private final Compiler compiler = new Compiler();
        private final PolicyTable table;
        private final Connections connections;
        private final List<LocalEndpoint> local;
        private final String what;
        private @Nullable Ruleset last;
        private long compileMicros;
        private long syncMicros;
        private long forgetMicros;

        Measured(TableManager tables, Conntrack conntrack, List<LocalEndpoint> local, String what) {
            table = new PolicyTable(tables, PolicyOptions.silent(), () -> {});
            connections = new Connections(conntrack, table);
            this.local = local;
            this.what = what;
        }

        void apply(Facts facts) throws Exception {
            long began = System.nanoTime();
            Compiled compiled = compiler.compile(facts, local);
            long done = System.nanoTime();
            table.sync(compiled.ruleset());
            long synced = System.nanoTime();
            Ruleset before = last;
            if (before != null) {
                connections.forget(before, compiled.ruleset(), Set.of());
            }
            last = compiled.ruleset();
            compileMicros = (done - began) / 1000;
            syncMicros = (synced - done) / 1000;
            forgetMicros = (System.nanoTime() - synced) / 1000;
        }

        void change(String change, Facts facts) throws Exception {
            apply(facts);
            System.out.println(what + ": " + change + ": compiled " + compileMicros + " us, in the kernel after "
                    + syncMicros + " us more, connections " + forgetMicros + " us");
        }

        void changes(String change, Facts facts, UnaryOperator<Facts> changing) throws Exception {
            long[][] micros = new long[3][CHANGES];
            Facts now = facts;
            for (int i = 0; i < CHANGES; i++) {
                now = changing.apply(now);
                apply(now);
                micros[0][i] = compileMicros;
                micros[1][i] = syncMicros;
                micros[2][i] = forgetMicros;
            }
            for (long[] each : micros) {
                Arrays.sort(each);
            }
            System.out.println(what + ": " + change + ", medians: compiled " + micros[0][CHANGES / 2]
                    + " us, in the kernel after " + micros[1][CHANGES / 2] + " us more, connections "
                    + micros[2][CHANGES / 2] + " us; at most " + micros[0][CHANGES - 1] + ", "
                    + micros[1][CHANGES - 1] + ", " + micros[2][CHANGES - 1]);
            apply(facts);
        }
    }

    private static Facts facts(int pods, int policies, boolean same, boolean ports) {
        List<PodFact> allPods = new ArrayList<>();
        List<NamespaceFact> namespaces = new ArrayList<>();
        for (int i = 0; i < pods; i++) {
            String text = "10." + (i >> 16) + "." + (i >> 8 & 0xff) + "." + (i & 0xff);
            allPods.add(pod(i, "app-" + i / 5 % 4, List.of(IpAddress.parse(text))));
        }
        int spaces = (pods + 19) / 20;
        for (int i = 0; i < spaces; i++) {
            namespaces.add(new NamespaceFact("ns-" + i, Map.of("kubernetes.io/metadata.name", "ns-" + i)));
        }
        List<PolicyFact> allPolicies = new ArrayList<>();
        for (int i = 0; i < policies; i++) {
            String namespace = "ns-" + (same ? 0 : i % spaces);
            Selector about = same ? Selector.EVERYTHING : Selector.of(Map.of("app", "app-" + i / spaces % 4));
            RuleFact rule = ports
                    ? own(i)
                    : switch (i / spaces % 3) {
                        case 0 -> rule("app-" + (i + 1) % 4, 80 + i % 7);
                        case 1 ->
                            new RuleFact(
                                    List.of(new Peer.Pods(
                                            Selector.of(
                                                    Map.of("kubernetes.io/metadata.name", "ns-" + (i * 7) % spaces)),
                                            Selector.of(Map.of("app", "app-0")))),
                                    List.of());
                        default ->
                            new RuleFact(
                                    List.of(new Peer.Block(
                                            IpPrefix.parse("172." + (16 + i % 16) + "." + i % 256 + ".0/24"),
                                            List.of(IpPrefix.parse(
                                                    "172." + (16 + i % 16) + "." + i % 256 + ".128/25")))),
                                    List.of(new PortMatch.Numbered(Protocol.TCP, 443, 443)));
                    };
            allPolicies.add(policy(namespace, "p-" + i, about, rule));
        }
        return new Facts(allPods, namespaces, List.of(), allPolicies, List.of());
    }

    private static PodFact pod(int number, String app, List<IpAddress> addresses) {
        return new PodFact(
                "ns-" + number / 20, "pod-" + number, Map.of("app", app), addresses, List.of(), "node-" + number % 100);
    }

    private static RuleFact own(int number) {
        String block = "172." + (number >> 8) + "." + (number & 0xff) + ".0/24";
        PortMatch port = new PortMatch.Numbered(Protocol.TCP, 1000 + number, 1000 + number);
        Peer peer = number % 2 == 0
                ? new Peer.Block(IpPrefix.parse(block), List.of())
                : new Peer.Pods(
                        Selector.of(Map.of("kubernetes.io/metadata.name", "ns-" + number / 8)),
                        Selector.of(Map.of("app", "app-" + number / 2 % 4)));
        return new RuleFact(List.of(peer), List.of(port));
    }

    private static RuleFact rule(String app, int port) {
        return new RuleFact(
                List.of(new Peer.Pods(null, Selector.of(Map.of("app", app)))),
                List.of(new PortMatch.Numbered(Protocol.TCP, port, port)));
    }

    private static PolicyFact policy(String namespace, String name, Selector pods, RuleFact rule) {
        return new PolicyFact(namespace, name, pods, true, true, List.of(rule), List.of(rule), false);
    }
}
