package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusters that have IPv4 alone, or IPv6 alone. */
@OnLab
class OneFamilyTest {
    private static final int OPEN = 80;
    private static final int CLOSED = 81;

    /** Friends and what is in a block reach the shop's port; the shop itself reaches nobody. */
    private static final String SHOP = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: shop, namespace: lab}
            spec:
              podSelector: {matchLabels: {role: shop}}
              policyTypes: [Ingress, Egress]
              ingress:
                - from:
                    - podSelector: {matchLabels: {role: friend}}
                    - ipBlock: {cidr: BLOCK}
                  ports: [{port: 80}]
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void policiesHoldWithoutTheOtherFamily(boolean ipv6) {
        try (PolicyLab lab = new PolicyLab(!ipv6, ipv6)) {
            String mapping = "[{'hostPort': 8080, 'containerPort': " + OPEN + ", 'protocol': 'tcp'}]";
            Pod shop = lab.pod(lab.a, "shop", "shop", Map.of("portMappings", mapping));
            Pod friend = lab.pod(lab.a, "friend");
            Pod farFriend = lab.pod(lab.b, "far-friend", "friend");
            Pod thief = lab.pod(lab.a, "thief");
            Pod farThief = lab.pod(lab.b, "far-thief", "thief");
            Pod inBlock = lab.pod(lab.b, "in-block");
            assertEquals(1, shop.addresses().size());
            shop.serve(OPEN, "open");
            shop.serve(CLOSED, "closed");
            farFriend.serve(OPEN, "far");
            lab.api.apply(SHOP.replace("BLOCK", inBlock.address() + (ipv6 ? "/128" : "/32")));
            awaitReaches(true, friend, shop, OPEN);
            awaitReaches(false, thief, shop, OPEN);
            awaitReaches(true, farFriend, shop, OPEN);
            awaitReaches(true, inBlock, shop, OPEN);
            awaitReaches(false, farThief, shop, OPEN);
            awaitReaches(false, friend, shop, CLOSED);
            awaitReaches(false, shop, farFriend, OPEN);
            // No policy is about the one that is asked.
            awaitReaches(true, thief, farFriend, OPEN);
            // The kubelet of the pod's own node asks its probes; another node is nobody that the policy names.
            String node = lab.a.address();
            PolicyLab.awaitConnects(true, lab.a.namespace(), node, shop.address(), CLOSED);
            PolicyLab.awaitConnects(true, friend.namespace(), friend.address(), node, 8080);
            assertFalse(PolicyLab.connects(lab.b.namespace(), lab.b.address(), node, 8080));
            // By a host port whoever is on another node comes as that node.
            assertFalse(PolicyLab.connects(farFriend.namespace(), farFriend.address(), node, 8080));
            assertFalse(PolicyLab.connects(farThief.namespace(), farThief.address(), node, 8080));
            String why = lab.agent
                    .operator("policy", "explain", "lab/in-block", "lab/shop", String.valueOf(OPEN))
                    .succeeded()
                    .out();
            assertTrue(why.startsWith("allowed: lab/in-block (" + inBlock.address() + ") to lab/shop ("), why);
        }
    }

    /** As the manifest has the agent serve them; the probes, which keep it alive, are answered beside that. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void metricsAreServedAtTheNodesAddress(boolean ipv6) throws IOException {
        try (AgentLab lab = new AgentLab(!ipv6, ipv6, "a", "b")) {
            String address = lab.node("a").address();
            Agent agent = lab.join("a", "--metrics-ip=" + address);
            String metrics = "http://" + (ipv6 ? "[" + address + "]" : address) + ":9097/metrics";
            Command question = Command.of("curl", "-sS", "--globoff", "--noproxy", "*", "--max-time", "2", metrics);
            Await.until(
                    "node b is told metrics",
                    () -> lab.node("b").namespace().inside(question).run().out().contains("\ntowpath_ready 1.0\n"),
                    agent::log);
            assertEquals(200, agent.code("healthz"));
        }
    }

    private static void awaitReaches(boolean expected, Pod from, Pod to, int port) {
        PolicyLab.awaitConnects(expected, from.namespace(), from.address(), to.address(), port);
    }
}
