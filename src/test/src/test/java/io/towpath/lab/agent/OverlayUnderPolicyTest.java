package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.WhoAmI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where agents enforce policies and the cluster has none, everything is as it is without them. */
@OnLab
class OverlayUnderPolicyTest {
    private static final int PORT = 80;
    private static final int BYTES_PER_SECOND = 2_500_000;
    private static final int BURST_BYTES = 25_000;
    private static final int MEASURED_BYTES = 1_000_000;
    private static final List<String> OUTSIDE = List.of(Lab.OUTSIDE, Lab.OUTSIDE_V6);
    private static final List<String> GATEWAY = List.of(Lab.GATEWAY, Lab.GATEWAY_V6);

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Node b = lab.b;

    @Test
    void everybodyReachesEverybodyAndIsSeenByTheAddressOfBefore() {
        Pod web = lab.pod(a, "web");
        Pod near = lab.pod(a, "near");
        Pod far = lab.pod(b, "far");
        for (Namespace at :
                List.of(web.namespace(), far.namespace(), a.namespace(), b.namespace(), lab.lab.lab.underlay())) {
            WhoAmI.serve(at, PORT);
        }
        AgentLab.assertPing(List.of(web, near, far));
        for (int family = 0; family < 2; family++) {
            String ofNear = near.addresses().get(family);
            String ofWeb = web.addresses().get(family);
            for (String protocol : List.of("tcp", "udp")) {
                // Between pods: their own.
                assertEquals(ofNear, ask(near, protocol, ofWeb));
                assertEquals(ofNear, ask(near, protocol, far.addresses().get(family)));
                assertEquals(far.addresses().get(family), ask(far, protocol, ofWeb));
                // To who is no node: the node's.
                assertEquals(a.addresses().get(family), ask(near, protocol, GATEWAY.get(family)));
                // From nodes, as the kubelet asks its probes: by the address in the overlay, if it is another's pod.
                WhoAmI.ask(a.namespace(), protocol, ofWeb, PORT);
                assertEquals(slice(b, family), WhoAmI.ask(b.namespace(), protocol, ofWeb, PORT));
            }
            // By UDP these might answer from another of their addresses than was asked, with policies or without.
            assertEquals(ofNear, ask(near, "tcp", a.addresses().get(family)));
            assertEquals(
                    a.addresses().get(family), ask(near, "tcp", b.addresses().get(family)));
            assertEquals(a.addresses().get(family), ask(near, "tcp", OUTSIDE.get(family)));
        }
    }

    private static String ask(Pod from, String protocol, String address) {
        return WhoAmI.ask(from.namespace(), protocol, address, PORT);
    }

    /** The node's address in the overlay. */
    private static String slice(Node node, int family) {
        return node.slices().get(family).replaceFirst("/.*", "");
    }

    @Test
    void theLargestPacketPasses() {
        Pod web = lab.pod(a, "web");
        Pod near = lab.pod(a, "near");
        Pod far = lab.pod(b, "far");
        int mtu = web.namespace()
                .show("link", "show", "dev", "eth0")
                .path(0)
                .path("mtu")
                .asInt();
        for (Pod to : List.of(near, far)) {
            for (String address : to.addresses()) {
                int headers = address.contains(":") ? 48 : 28;
                Network.ping(web.namespace(), address, "-M", "do", "-s", String.valueOf(mtu - headers));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void hostPortsLeadToThePodFromEverywhereAndThePodSeesWhoAsks(String protocol) {
        String mapping = "[{'hostPort': 8080, 'containerPort': " + PORT + ", 'protocol': '" + protocol + "'}]";
        Pod web = lab.pod(a, "web", "web", Map.of("portMappings", mapping));
        Pod neighbour = lab.pod(a, "neighbour");
        Pod far = lab.pod(b, "far");
        WhoAmI.serve(web.namespace(), PORT);
        for (int family = 0; family < 2; family++) {
            String node = a.addresses().get(family);
            assertEquals(b.addresses().get(family), WhoAmI.ask(b.namespace(), protocol, node, 8080));
            assertEquals(node, WhoAmI.ask(a.namespace(), protocol, node, 8080));
            assertEquals(neighbour.addresses().get(family), WhoAmI.ask(neighbour.namespace(), protocol, node, 8080));
            assertEquals(b.addresses().get(family), WhoAmI.ask(far.namespace(), protocol, node, 8080));
            assertNotEquals(web.addresses().get(family), WhoAmI.ask(web.namespace(), protocol, node, 8080));
        }
        assertNotEquals("127.0.0.1", WhoAmI.ask(a.namespace(), protocol, "127.0.0.1", 8080));
    }

    @Test
    void limitsHoldAndPoliciesBehindThemDo() {
        String limits =
                "{'ingressRate': 20000000, 'ingressBurst': 200000, 'egressRate': 20000000, 'egressBurst': 200000}";
        Pod slow = lab.pod(a, "slow", "slow", Map.of("bandwidth", limits));
        Pod near = lab.pod(a, "near");
        Pod far = lab.pod(b, "far");
        for (String address : slow.addresses()) {
            assertLimited(near, slow, address);
        }
        assertLimited(slow, far, far.address());
        // Its packets come by another device than other pods', and are its own all the same.
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: mute, namespace: lab}
                spec: {podSelector: {matchLabels: {role: slow}}, policyTypes: [Egress]}
                """);
        far.serve(PORT, "far");
        PolicyLab.awaitConnects(false, slow.namespace(), slow.address(), far.address(), PORT);
        PolicyLab.assertConnects(near.namespace(), near.address(), far.address(), PORT);
    }

    /** A token bucket lets pass its burst and its rate and no more, on a machine however slow or busy. */
    private static void assertLimited(Pod from, Pod to, String address) {
        long start = System.nanoTime();
        try (Stream stream = Stream.start(from.namespace(), to.namespace(), address)) {
            stream.more(MEASURED_BYTES);
            long received = stream.received();
            double most = BURST_BYTES + BYTES_PER_SECOND * (System.nanoTime() - start) / 1e9;
            assertTrue(received <= most, from + " to " + address + ": " + received + " bytes, at most " + most);
        }
    }

    @Test
    void anAgentThatIsStartedAgainDisturbsNothing() {
        Pod web = lab.pod(a, "web");
        Pod near = lab.pod(a, "near");
        Pod far = lab.pod(b, "far");
        try (SteadyPing one = new SteadyPing(near, web.addresses().get(0));
                SteadyPing two = new SteadyPing(far, web.addresses().get(1));
                Stream stream = Stream.start(web.namespace(), far.namespace(), far.address())) {
            lab.agent.kill();
            stream.more(100_000);
            lab.agent.start().awaitReady();
            lab.agent.terminate();
            stream.more(100_000);
            lab.agent.start().awaitReady();
            stream.more(100_000);
            one.assertNothingLost();
            two.assertNothingLost();
        }
        lab.pod(a, "later").ping(far.address());
    }
}
