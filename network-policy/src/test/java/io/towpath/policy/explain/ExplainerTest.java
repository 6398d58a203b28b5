package io.towpath.policy.explain;

import static io.towpath.policy.explain.ExplainerScene.explain;
import static io.towpath.policy.explain.ExplainerScene.facts;
import static io.towpath.policy.explain.ExplainerScene.intoDb;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.net.IpAddress;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.oracle.Interpreter;
import io.towpath.policy.oracle.Packet;
import io.towpath.policy.oracle.RandomCluster;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What policies say of a packet. */
class ExplainerTest {
    private static ClusterPolicyFact cluster(Tier tier, int priority, Action action) {
        return new ClusterPolicyFact(
                tier + "-" + priority,
                tier,
                priority,
                new ClusterPolicyFact.Subject(Selector.of(Map.of("team", "shop")), Selector.EVERYTHING),
                List.of(new ClusterPolicyFact.Rule(
                        "from-lab",
                        action,
                        List.of(new Peer.Pods(Selector.EVERYTHING, Selector.of(Map.of("app", "x")))),
                        List.of())),
                List.of(),
                false);
    }

    /** The kernel asks no table of what never leaves the pod. */
    @Test
    void aPodReachesItselfWhateverPoliciesSay() {
        assertEquals("""
            allowed: shop/db (10.0.0.2) to shop/db (10.0.0.2), port 5432/TCP
              by a Service or a host port that leads back to it, it leaves the pod and meets its own policies: denied
              ingress of shop/db: allowed
                it reaches itself inside its own network namespace, where no policy is asked
            """, explain(facts(List.of(intoDb(false))), "shop/db", "shop/db", 5432));
    }

    @Test
    void withoutPoliciesAllIsAllowed() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port 5432/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    no NetworkPolicy isolates it
                """, explain(facts(List.of()), "shop/web", "shop/db", 5432));
    }

    @Test
    void ruleThatAllowsIsNamedAndOneThatIsWrong() {
        assertEquals("""
                allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port 5432/TCP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    NetworkPolicy shop/db spec.ingress[1] allows it
                """, explain(facts(List.of(intoDb(false))), "shop/web", "10.0.0.2", 5432));
    }

    @Test
    void whoIsolatesIsNamed() {
        assertEquals("""
                denied: 192.0.2.1 to shop/db (10.0.0.2), port 80/TCP
                  ingress of shop/db: denied
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    isolated by NetworkPolicy shop/db, of whose rules none allows it
                """, explain(facts(List.of(intoDb(false))), "192.0.2.1", "shop/db", 80));
    }

    @Test
    void dryRunIsToldApart() {
        assertEquals("""
                allowed: lab/x (10.0.0.3) to shop/db (10.0.0.2), port 80/TCP
                  egress of lab/x: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: allowed
                    no NetworkPolicy isolates it
                    with the dry runs: denied
                      NetworkPolicy shop/db (dry run) spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                      isolated by NetworkPolicy shop/db (dry run), of whose rules none allows it
                """, explain(facts(List.of(intoDb(true))), "lab/x", "shop/db", 80));
    }

    @Test
    void tiersAreAskedInOrder() {
        Facts facts = facts(
                List.of(),
                cluster(Tier.BASELINE, 1, Action.DENY),
                cluster(Tier.ADMIN, 7, Action.DENY),
                cluster(Tier.ADMIN, 5, Action.PASS));
        assertEquals("""
                denied: lab/x (10.0.0.3) to shop/web (10.0.0.1), port 80/TCP
                  egress of lab/x: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/web: denied
                    ClusterNetworkPolicy ADMIN-5 (tier ADMIN, priority 5) spec.ingress[0] "from-lab": PASS
                    no NetworkPolicy isolates it
                    ClusterNetworkPolicy BASELINE-1 (tier BASELINE, priority 1) spec.ingress[0] "from-lab": DENY
                """, explain(facts, "lab/x", "shop/web", 80));
    }

    @Test
    void strangersAreNobodysMatter() {
        assertEquals("""
                allowed: 192.0.2.1 to 192.0.2.2, port 80/TCP
                  neither is a pod that policies are about
                """, explain(facts(List.of()), "192.0.2.1", "192.0.2.2", 80));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            shop/nobody | shop/db | there is no pod shop/nobody that policies can be about: it is not known, has ended, or is in its node's network
            web         | shop/db | "web" is neither a pod as namespace/name nor an address
            lab/x       | fd00::2 | lab/x and fd00::2 have no addresses of the same family
            """)
    void whoIsNotKnownIsSaid(String from, String to, String message) {
        Explainer explainer = new Explainer(facts(List.of()), Nodes.NONE);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> explainer.explain(from, to, PortQuestion.of(Protocol.UDP, 1)));
        assertEquals(message, e.getMessage());
    }

    /** It says what the compiled rules do, in clusters of all kinds in which no two pods claim an address. */
    @Property(tries = 300)
    void agreesWithTheRules(
            @ForAll long seed,
            @ForAll @IntRange(max = 14) int pods,
            @ForAll @IntRange(max = 8) int policies,
            @ForAll @IntRange(max = 5) int clusterPolicies) {
        Facts facts = alone(new RandomCluster(seed).facts(pods, policies, clusterPolicies));
        List<LocalEndpoint> endpoints = new ArrayList<>();
        for (PodFact pod : facts.pods()) {
            endpoints.add(new LocalEndpoint(pod.namespace(), pod.name(), "cali" + endpoints.size(), pod.addresses()));
        }
        Compiled compiled = new Compiler().compile(facts, endpoints);
        Ruleset trial = compiled.trial();
        Interpreter kernel = new Interpreter(compiled.ruleset());
        Interpreter tried = new Interpreter(trial == null ? compiled.ruleset() : trial);
        Explainer explainer = new Explainer(facts, Nodes.NONE);
        List<IpAddress> addresses = RandomCluster.addresses();
        for (int i = 0; i < addresses.size(); i++) {
            IpAddress from = addresses.get(i);
            IpAddress to = addresses.get(Math.floorMod(seed + 7L * i, addresses.size()));
            if (from.ipv6() != to.ipv6() || from.equals(to)) {
                continue;
            }
            for (Protocol protocol : Protocol.values()) {
                for (int port : new int[] {53, 80, 81}) {
                    Explanation explanation = explainer.packet(from.toString(), to.toString(), protocol, port);
                    Packet packet = new Packet(from, to, protocol, port);
                    assertEquals(kernel.allows(packet), explanation.allowed(), explanation::toString);
                    assertEquals(
                            tried.allows(packet),
                            explanation.sides().stream()
                                    .allMatch(side -> side.tried().allowed()),
                            explanation::toString);
                }
            }
        }
    }

    private static Facts alone(Facts facts) {
        Set<IpAddress> taken = new HashSet<>();
        List<PodFact> pods = new ArrayList<>();
        for (PodFact pod : facts.pods()) {
            boolean isKnown =
                    facts.namespaces().stream().anyMatch(space -> space.name().equals(pod.namespace()));
            if (isKnown && pod.addresses().stream().noneMatch(taken::contains)) {
                taken.addAll(pod.addresses());
                pods.add(pod);
            }
        }
        return new Facts(pods, facts.namespaces(), facts.nodes(), facts.policies(), facts.clusterPolicies());
    }
}
