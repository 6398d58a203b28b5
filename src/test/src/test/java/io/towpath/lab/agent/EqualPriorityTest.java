package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.awaitConnects;
import static io.towpath.lab.agent.PolicyLab.connects;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.lab.Agent;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * ClusterNetworkPolicies of one tier and one priority that say the opposite of the same packets: the API leaves open which one is
 * asked first. Here it is the one whose name comes first, on every node and at any time.
 */
@OnLab
class EqualPriorityTest {
    private static final int PORT = 80;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, false);

    private final Pod near = lab.pod(lab.a, "near", "client");
    private final Pod far = lab.pod(lab.b, "far", "client");
    private final List<Pod> servers = List.of(lab.pod(lab.a, "web-a", "web"), lab.pod(lab.b, "web-b", "web"));

    EqualPriorityTest() {
        servers.forEach(server -> server.serve(PORT, "web"));
    }

    private void apply(String name, String... actions) {
        StringBuilder rules = new StringBuilder();
        for (String action : actions) {
            rules.append("\n    - {action: ").append(action).append(", from: [{namespaces: {}}]}");
        }
        lab.api.apply("""
                apiVersion: policy.networking.k8s.io/v1beta1
                kind: ClusterNetworkPolicy
                metadata: {name: %s}
                spec:
                  tier: Admin
                  priority: 7
                  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {role: web}}}}
                  ingress:%s
                """.formatted(name, rules));
    }

    private void awaitBothNodes(boolean isOpen) {
        for (Pod server : servers) {
            for (Pod client : List.of(near, far)) {
                awaitConnects(isOpen, client.namespace(), client.address(), server.address(), PORT);
            }
        }
    }

    private void assertBothNodes(boolean isOpen) {
        for (Pod server : servers) {
            for (Pod client : List.of(near, far)) {
                assertEquals(
                        isOpen,
                        connects(client.namespace(), client.address(), server.address(), PORT),
                        client + " to " + server);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"Accept, Deny, true", "Deny, Accept, false"})
    void theFirstByNameDecidesWhicheverCameFirstAndWhoeverStartsAgain(String first, String second, boolean isOpen) {
        apply("beta", second);
        awaitBothNodes(!isOpen);
        apply("alpha", first);
        awaitBothNodes(isOpen);
        for (Agent agent : List.of(lab.agent, lab.agentOfB)) {
            agent.kill();
            agent.start().awaitReady();
            assertBothNodes(isOpen);
        }
        // What comes later by name changes nothing, wherever it stands in what the API lists.
        lab.api.delete(Kind.CLUSTER_NETWORK_POLICY, "", "beta");
        apply("gamma", second);
        apply("alpha-2", second);
        lab.api.disconnect();
        apply("alpha", second);
        awaitBothNodes(!isOpen);
        apply("alpha", first);
        awaitBothNodes(isOpen);
    }

    @Test
    void ofTheRulesOfOnePolicyTheFirstDecides() {
        apply("two", "Deny");
        apply("one", "Deny", "Accept");
        awaitBothNodes(false);
        apply("one", "Accept", "Deny");
        awaitBothNodes(true);
        apply("one", "Deny");
        awaitBothNodes(false);
        // Whoever is passed on is passed by all others of the tier, too.
        apply("one", "Pass", "Deny");
        awaitBothNodes(true);
        lab.api.delete(Kind.CLUSTER_NETWORK_POLICY, "", "one");
        awaitBothNodes(false);
    }
}
