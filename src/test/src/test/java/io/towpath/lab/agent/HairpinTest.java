package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.awaitConnects;

import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod that reaches itself through its node: policies see it as any other, by its own address on both ends. */
@OnLab
class HairpinTest {
    private static final int PORT = 80;
    private static final int HOST_PORT = 8080;
    private static final String MAPPING = "[{'hostPort': 8080, 'containerPort': 80, 'protocol': 'tcp'}]";

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Pod web = lab.pod(lab.a, "web", "web", Map.of("portMappings", MAPPING));
    private final Pod friend = lab.pod(lab.a, "friend");

    /** Only this role is let in, and only this role may be asked. */
    private void letIn(String role) {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: in, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: web}}
                  policyTypes: [Ingress, Egress]
                  ingress: [{from: [{podSelector: {matchLabels: {role: ROLE}}}]}]
                  egress: [{to: [{podSelector: {matchLabels: {role: ROLE}}}]}]
                """.replace("ROLE", role));
    }

    private void await(boolean expected, Pod from, int family) {
        awaitConnects(
                expected,
                from.namespace(),
                from.addresses().get(family),
                lab.a.addresses().get(family),
                HOST_PORT);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aPodMeetsItsOwnPolicyOnTheWayThroughItsNode(int family) {
        web.serve(PORT, "web");
        await(true, web, family);
        letIn("friend");
        await(false, web, family);
        await(true, friend, family);
        String own = web.addresses().get(family);
        awaitConnects(true, web.namespace(), own, own, PORT);
        letIn("web");
        await(true, web, family);
        await(false, friend, family);
    }
}
