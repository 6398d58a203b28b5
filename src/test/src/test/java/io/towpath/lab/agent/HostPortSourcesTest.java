package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.awaitConnects;

import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies of a pod behind a host port, and pods that come by that: those of its node as themselves, others as their node. */
@OnLab
class HostPortSourcesTest {
    private static final int PORT = 80;
    private static final int HOST_PORT = 8080;
    private static final String MAPPING = "[{'hostPort': 8080, 'containerPort': 80, 'protocol': 'tcp'}]";

    /** Two of the pods, and whom else it says. */
    private static final String FRIENDS = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: friends, namespace: lab}
            spec:
              podSelector: {matchLabels: {role: web}}
              ingress:
                - from:
                    - podSelector: {matchExpressions: [{key: role, operator: In, values: [near, far]}]}
                  ports: [{port: 80}]
            """;

    private static final String AND_NODE_B = """
                - from:
                    - ipBlock: {cidr: 192.168.50.2/32}
                    - ipBlock: {cidr: '2001:db8:50::2/128'}
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPodOfAnotherNodeComesAsThatUnlessSourcesAreKept(boolean isSourceKept) {
        try (PolicyLab lab = new PolicyLab(true, true, "--masquerade-nodes=" + !isSourceKept)) {
            Pod web = lab.pod(lab.a, "web", "web", Map.of("portMappings", MAPPING));
            Pod near = lab.pod(lab.a, "near");
            Pod far = lab.pod(lab.b, "far");
            Pod thief = lab.pod(lab.b, "thief");
            web.serve(PORT, "web");
            for (int family = 0; family < 2; family++) {
                await(lab, true, thief, family);
            }
            lab.api.apply(FRIENDS);
            for (int family = 0; family < 2; family++) {
                await(lab, false, thief, family);
                await(lab, true, near, family);
                await(lab, isSourceKept, far, family);
            }
            lab.api.apply(FRIENDS + AND_NODE_B);
            for (int family = 0; family < 2; family++) {
                await(lab, true, far, family);
                await(lab, !isSourceKept, thief, family);
            }
        }
    }

    private static void await(PolicyLab lab, boolean expected, Pod from, int family) {
        awaitConnects(
                expected,
                from.namespace(),
                from.addresses().get(family),
                lab.a.addresses().get(family),
                HOST_PORT);
    }
}
