package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.net.IpAddress;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The source of policies against an API server over HTTP, and all that goes wrong between them. */
class KubernetesPolicySourceTest {
    private static final List<String> ALWAYS = List.of(FakeApi.PODS, FakeApi.NAMESPACES, FakeApi.POLICIES);
    private static final String DENY_NODES =
            "{tier: 'Admin', priority: 1, subject: {namespaces: {}}, egress: [{action: 'Deny', to: [{nodes: {}}]}]}";
    static final String DENY_PODS =
            "{tier: 'Admin', priority: 1, subject: {namespaces: {}}, egress: [{action: 'Deny', to: [{namespaces: {}}]}]}";

    private final FakeApi api = new FakeApi();
    private final ToldPolicy told = new ToldPolicy();
    private final KubernetesClusterSource cluster = Sources.of(new ApiAccess(api.url(), null, null, null));
    private final KubernetesPolicySource source = cluster.policies();

    @BeforeEach
    void aCluster() {
        api.put(Nodes.bare("self", 1));
        api.put(Manifests.namespace("default", "{team: 'a'}"));
        api.put(Manifests.pod("here", "{app: 'web'}", "self", "10.244.1.2"));
        api.put(Manifests.pod("there", "{app: 'web'}", "other", "10.244.2.2"));
        api.put(Manifests.policy("deny", "{podSelector: {}}"));
    }

    @AfterEach
    void end() {
        source.close();
        cluster.close();
        api.close();
    }

    private PolicyFacts started() throws InterruptedException {
        source.start(told);
        PolicyFacts first = told.next();
        for (String path : ALWAYS) {
            api.awaitWatch(path);
        }
        return first;
    }

    @Test
    void theFirstFactsAreWhole() throws InterruptedException {
        for (int i = 0; i < 1200; i++) {
            api.put(Manifests.pod("pod-" + i, "{app: 'x'}", "other", "10.1." + i / 250 + "." + i % 250));
        }
        api.put(Manifests.clusterPolicy("wide", DENY_PODS));
        PolicyFacts first = started();
        assertEquals(1202, first.facts().pods().size());
        assertEquals(
                List.of(new NamespaceFact("default", Map.of("team", "a"))),
                first.facts().namespaces());
        assertEquals("deny", first.facts().policies().getFirst().name());
        assertEquals("wide", first.facts().clusterPolicies().getFirst().name());
        assertEquals(Map.of("default/here", "uid-of-here"), first.uids());
        assertEquals(List.of(), first.facts().nodes());
        assertTrue(told.facts.isEmpty());
        assertTrue(api.asked.stream().noneMatch(asked -> asked.path().equals(FakeApi.NODES)));
    }

    @Test
    void nothingIsToldBeforeAllIsKnown() throws InterruptedException {
        api.refuse(FakeApi.POLICIES, true);
        source.start(told);
        told.troubled("the networkpolicies cannot be watched: 403");
        assertTrue(told.facts.isEmpty());
        api.refuse(FakeApi.POLICIES, false);
        assertEquals(1, told.next().facts().policies().size());
        told.well();
    }

    @Test
    void thingsComeChangeAndGo() throws InterruptedException {
        PolicyFacts first = started();
        api.put(Manifests.pod("new", "{app: 'db'}", "other", "10.244.2.3"));
        PolicyFacts more = told.withPods("here", "new", "there");
        assertSame(first.facts().policies(), more.facts().policies());
        assertSame(first.facts().pods().getFirst(), more.facts().pods().getFirst());
        api.delete(Manifests.pod("there", "{}", "", ""));
        told.withPods("here", "new");
        api.put(Manifests.namespace("default", "{team: 'b'}"));
        told.next(facts -> facts.facts().namespaces().getFirst().labels().containsValue("b"));
        api.put(Manifests.policy("allow", "{podSelector: {}, ingress: [{}]}"));
        told.next(facts -> facts.facts().policies().size() == 2);
        api.delete(Manifests.policy("deny", "{}"));
        told.next(facts -> facts.facts().policies().size() == 1);
    }

    @Test
    void whatChangesNothingIsNotTold() throws InterruptedException {
        started();
        ObjectNode ready = Manifests.pod("here", "{app: 'web'}", "self", "10.244.1.2");
        ready.withObject("/status").putArray("conditions");
        api.put(ready);
        api.emit("MODIFIED", ready); // a duplicate
        api.put(Manifests.policy("deny", "{podSelector: {matchLabels: {}}}"));
        api.forget();
        for (String path : ALWAYS) {
            api.awaitWatch(path);
        }
        api.put(Manifests.pod("new", "{app: 'db'}", "other", "10.244.2.3"));
        assertEquals(List.of("here", "new", "there"), ToldPolicy.pods(told.next()));
    }

    @Test
    void ofAPodThatIsMadeAnewTheUidIsAnother() throws InterruptedException {
        started();
        ObjectNode again = Manifests.pod("here", "{app: 'web'}", "self", "10.244.1.2");
        again.withObject("/metadata").put("uid", "another");
        api.put(again);
        assertEquals(Map.of("default/here", "another"), told.next().uids());
    }

    @Test
    void aBurstIsToldInFewParts() throws InterruptedException {
        started();
        for (int i = 0; i < 300; i++) {
            api.put(Manifests.pod("pod-" + i, "{app: 'x'}", "other", "10.1." + i / 250 + "." + i % 250));
        }
        List<PolicyFacts> parts = new ArrayList<>();
        do {
            parts.add(told.next());
        } while (parts.getLast().facts().pods().size() < 302);
        assertTrue(parts.size() < 200, parts.size() + " parts");
    }

    @Test
    void whenThePlaceIsForgottenTheListsAreReadAgain() throws InterruptedException {
        started();
        api.deleteUnseen(Manifests.pod("there", "{}", "", ""));
        api.forget();
        told.withPods("here");
        api.awaitWatch(FakeApi.PODS);
        api.put(Manifests.pod("new", "{}", "other", "10.244.2.3"));
        told.withPods("here", "new");
    }

    @Test
    void aLostWatchIsTakenUpAgain() throws InterruptedException {
        started();
        api.put(Manifests.pod("x", "{}", "other", "10.244.2.9"));
        told.withPods("here", "there", "x");
        api.disconnect();
        api.awaitWatch(FakeApi.PODS);
        api.delete(Manifests.pod("x", "{}", "", ""));
        told.withPods("here", "there");
    }

    @Test
    void anApiThatIsAwayChangesNothing() throws InterruptedException {
        started();
        api.down();
        told.troubled("stays in force");
        assertTrue(told.facts.isEmpty());
        api.up();
        told.well();
        api.awaitWatch(FakeApi.POLICIES);
        api.put(Manifests.policy("allow", "{podSelector: {}, ingress: [{}]}"));
        told.next(facts -> facts.facts().policies().size() == 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {FakeApi.PODS, FakeApi.NAMESPACES, FakeApi.POLICIES, FakeApi.NODES})
    void aKindThatTheApiSuddenlyDoesNotHaveStaysInForce(String path) throws InterruptedException {
        api.put(Manifests.clusterPolicy("wide", DENY_NODES));
        started();
        api.awaitWatch(path);
        api.absent(path, true);
        told.troubled("stays in force: 404 page not found");
        assertTrue(told.facts.isEmpty());
        api.absent(path, false);
        told.well();
        api.awaitWatch(path);
        api.put(Manifests.pod("new", "{}", "other", "10.244.2.3"));
        assertEquals(List.of("here", "new", "there"), ToldPolicy.pods(told.next()));
    }

    @ParameterizedTest
    @ValueSource(strings = {FakeApi.PODS, FakeApi.NAMESPACES, FakeApi.POLICIES, FakeApi.NODES})
    void nothingIsToldWhileTheApiDoesNotHaveAKindThatAllHave(String path) throws InterruptedException {
        api.put(Manifests.clusterPolicy("wide", DENY_NODES));
        api.absent(path, true);
        source.start(told);
        told.troubled("cannot be watched: 404 page not found");
        assertTrue(told.facts.isEmpty());
        api.absent(path, false);
        told.next();
        told.well();
    }

    @Test
    void nodesAreFollowedWhilePoliciesSelectThem() throws InterruptedException {
        ObjectNode node = Nodes.bare("self", 1);
        node.withObject("/status").set("addresses", Manifests.json("""
                {l: [{type: 'InternalIP', address: '192.168.7.7'}, {type: 'InternalIP', address: 'fd00::7'},
                     {type: 'Hostname', address: 'self'}]}
                """).path("l"));
        api.put(node);
        api.put(Manifests.clusterPolicy("wide", DENY_NODES));
        PolicyFacts first = started();
        assertEquals(
                List.of(new NodeFact(
                        "self",
                        Map.of("kubernetes.io/hostname", "self"),
                        List.of(
                                IpAddress.parse("192.168.7.7"),
                                IpAddress.parse("fd00::7"),
                                IpAddress.parse("10.64.1.0"),
                                Endpoint.GATEWAY_V6))),
                first.facts().nodes());
        api.awaitWatch(FakeApi.NODES);
        api.put(Nodes.bare("b", 2));
        told.next(facts -> facts.facts().nodes().size() == 2);
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        api.put(Manifests.clusterPolicy("wide", DENY_PODS));
        told.next(facts -> facts.facts().nodes().isEmpty());
        api.put(Manifests.clusterPolicy("wide", DENY_NODES));
        PolicyFacts again = told.next(facts -> facts.facts().clusterPolicies().getFirst().egress().stream()
                .anyMatch(rule -> rule.peers().getFirst() instanceof Peer.Nodes));
        assertEquals(2, again.facts().nodes().size());
    }

    @Test
    void nothingThatSomebodyWritesStopsTheOthers() throws InterruptedException {
        api.put(Manifests.policy("a", "'?'"));
        api.put(Manifests.policy("b", "{podSelector: 5, ingress: {from: 7}}"));
        api.put(Manifests.policy("c", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 'x'}}]}]}"));
        api.put(Manifests.clusterPolicy("d", "[]"));
        PolicyFacts first = started();
        assertEquals(4, first.facts().policies().size());
        Peer peer = first.facts().policies().stream()
                .flatMap(policy -> policy.ingress().stream())
                .findFirst()
                .orElseThrow()
                .peers()
                .getFirst();
        assertInstanceOf(Peer.Unknown.class, peer);
        api.put(Manifests.policy("e", "{podSelector: {matchLabels: [1]}}"));
        told.next(facts -> facts.facts().policies().size() == 5);
        api.put(Manifests.policy("f", "{podSelector: {}}"));
        told.next(facts -> facts.facts().policies().size() == 6);
    }

    @Test
    void sharesTheConnectionWithTheNodesInAnyOrder() throws InterruptedException {
        Told nodes = new Told();
        cluster.start(nodes);
        nodes.withNodes("self");
        started();
        source.close();
        api.awaitWatch();
        api.put(Nodes.flannel("b", 2));
        nodes.withNodes("b", "self");
        api.put(Manifests.pod("new", "{}", "other", "10.244.2.3"));
        cluster.close();
        assertNull(told.facts.peek());
    }

    @Test
    void factsOfManyPodsShareWhatIsTheSame() throws InterruptedException {
        for (int i = 0; i < 1000; i++) {
            api.put(Manifests.pod(
                    "pod-" + i, "{app: 'x-" + i % 10 + "'}", "node-" + i % 20, "10.1." + i / 250 + "." + i % 250));
        }
        PolicyFacts first = started();
        Set<Map<String, String>> labels = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
        Set<String> nodes = new HashSet<>();
        for (PodFact pod : first.facts().pods()) {
            labels.add(pod.labels());
            nodes.add(pod.node());
        }
        assertEquals(11, labels.size());
        assertEquals(22, nodes.size());
    }
}
