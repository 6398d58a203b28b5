package io.towpath.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.oracle.Interpreter;
import io.towpath.policy.oracle.Oracle;
import io.towpath.policy.oracle.Packet;
import io.towpath.policy.oracle.RandomCluster;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/** What is compiled does with every packet what the APIs say, in clusters of all kinds. */
class CompilerOracleTest {
    private static final int[] PORTS = {0, 1, 53, 80, 81, 82, 0xffff};

    @Property(tries = 400)
    void everyPacketMeetsWhatTheApiSays(
            @ForAll long seed,
            @ForAll @IntRange(max = 20) int pods,
            @ForAll @IntRange(max = 8) int policies,
            @ForAll @IntRange(max = 5) int clusterPolicies) {
        RandomCluster random = new RandomCluster(seed);
        Facts facts = random.facts(pods, policies, clusterPolicies);
        List<LocalEndpoint> endpoints = LocalPods.some(random, facts);
        Compiled compiled = new Compiler().compile(facts, endpoints);
        compare(compiled, LocalPods.seen(facts, endpoints), endpoints);
    }

    static void compare(Compiled compiled, Facts facts, List<LocalEndpoint> endpoints) {
        compare(compiled.ruleset(), new Oracle(facts), facts, endpoints, compiled.waiting());
        Ruleset trial = compiled.trial();
        if (trial != null) {
            compare(trial, new Oracle(facts, true), facts, endpoints, compiled.waiting());
        }
    }

    private static void compare(
            Ruleset ruleset, Oracle oracle, Facts facts, List<LocalEndpoint> endpoints, List<LocalEndpoint> waiting) {
        Interpreter kernel = new Interpreter(ruleset);
        for (LocalEndpoint local : endpoints) {
            PodFact pod = LocalPods.known(facts, local);
            assertEquals(pod == null, waiting.contains(local), local::toString);
            for (IpAddress own : local.addresses()) {
                Endpoint endpoint = new Endpoint(local.link(), own);
                for (IpAddress peer : RandomCluster.addresses()) {
                    for (Direction direction : Direction.values()) {
                        for (Packet packet : packets(direction, own, peer)) {
                            boolean wanted = pod != null && oracle.allows(pod, direction, packet);
                            boolean got = kernel.allows(endpoint, direction, packet);
                            if (wanted != got) {
                                assertEquals(wanted, got, direction + " of " + local + ": " + packet);
                            }
                        }
                    }
                }
            }
        }
    }

    private static List<Packet> packets(Direction direction, IpAddress own, IpAddress peer) {
        IpAddress from = direction == Direction.INGRESS ? peer : own;
        IpAddress to = direction == Direction.INGRESS ? own : peer;
        List<Packet> packets = new ArrayList<>();
        packets.add(new Packet(from, to, null, 0));
        for (Protocol protocol : Protocol.values()) {
            Arrays.stream(PORTS).forEach(port -> packets.add(new Packet(from, to, protocol, port)));
        }
        return packets;
    }

    /** Pods of this node. */
    static final class LocalPods {
        private LocalPods() {}

        static List<LocalEndpoint> some(RandomCluster random, Facts facts) {
            List<LocalEndpoint> endpoints = new ArrayList<>();
            for (PodFact pod : facts.pods()) {
                if (random.oneIn(2)) {
                    // The status may not have told yet which addresses it has.
                    List<IpAddress> addresses =
                            random.oneIn(6) ? List.of(IpAddress.parse("10.0.0." + random.below(32))) : pod.addresses();
                    endpoints.add(new LocalEndpoint(pod.namespace(), pod.name(), "cali" + endpoints.size(), addresses));
                }
            }
            if (random.oneIn(4)) {
                endpoints.add(new LocalEndpoint("ns0", "ghost", "calighost", List.of(IpAddress.parse("10.0.0.30"))));
            }
            return endpoints;
        }

        /** The facts with those addresses of this node's pods that they have here. */
        static Facts seen(Facts facts, List<LocalEndpoint> endpoints) {
            List<PodFact> pods = new ArrayList<>();
            for (PodFact pod : facts.pods()) {
                List<LocalEndpoint> own = endpoints.stream()
                        .filter(each -> each.podNamespace().equals(pod.namespace())
                                && each.podName().equals(pod.name()))
                        .toList();
                List<IpAddress> addresses = own.isEmpty()
                        ? pod.addresses()
                        : own.stream()
                                .flatMap(each -> each.addresses().stream())
                                .toList();
                pods.add(new PodFact(pod.namespace(), pod.name(), pod.labels(), addresses, pod.ports(), pod.node()));
            }
            return new Facts(pods, facts.namespaces(), facts.nodes(), facts.policies(), facts.clusterPolicies());
        }

        static @Nullable PodFact known(Facts facts, LocalEndpoint endpoint) {
            return facts.pods().stream()
                    .filter(pod -> pod.namespace().equals(endpoint.podNamespace())
                            && pod.name().equals(endpoint.podName()))
                    .filter(pod -> facts.namespaces().stream()
                            .anyMatch(space -> space.name().equals(pod.namespace())))
                    .findFirst()
                    .orElse(null);
        }
    }
}
