package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.assertConnects;
import static io.towpath.lab.agent.PolicyLab.awaitConnects;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A policy that cannot be as it is written: what of it is done, who is told, and how often. */
@OnLab
class PolicyProblemsTest {
    private static final int PORT = 80;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, false);

    private final Pod web = lab.pod(lab.a, "web");
    private final Pod near = lab.pod(lab.a, "near");
    private final Pod far = lab.pod(lab.b, "far");

    PolicyProblemsTest() {
        web.serve(PORT, "web");
    }

    /** Lets in the pod near, and a block with an exception. */
    private void apply(String name, String except) {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: web}}
                  ingress:
                    - from: [{ipBlock: {cidr: 10.8.0.0/16, except: [%s]}}]
                    - from: [{podSelector: {matchLabels: {role: near}}}]
                """.formatted(name, except));
    }

    private void let(String role) {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: let-%1$s, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: web}}
                  ingress: [{from: [{podSelector: {matchLabels: {role: %1$s}}}]}]
                """.formatted(role));
    }

    private void awaitProblems(int count) {
        Await.until(
                count + " problems",
                () -> lab.agent.metric("towpath_policy_problems") == count,
                () -> lab.agent.status().path("policy").toString());
    }

    private void awaitPolicies(int count) {
        Await.until(
                count + " policies",
                () -> lab.agent.metric("towpath_policy_policies{kind=\"NetworkPolicy\"}") == count);
    }

    /** How often the log has a line with all of these. */
    private long logged(String... words) {
        return lab.agent
                .log()
                .lines()
                .filter(line -> List.of(words).stream().allMatch(line::contains))
                .count();
    }

    private String problems() {
        return lab.agent.status().at("/policy/problems").toString();
    }

    @Test
    void itIsToldOnceWhateverElseChangesUntilItIsMended() {
        apply("wrong", "10.9.0.0/24");
        awaitProblems(1);
        assertTrue(problems().contains("lab/wrong"), this::problems);
        String status = lab.agent.operator("status").succeeded().out();
        assertTrue(status.contains("lab/wrong"), status);
        for (int i = 0; i < 5; i++) {
            let("role-" + i);
            awaitPolicies(2 + i);
        }
        lab.api.edit(
                Kind.NETWORK_POLICY,
                "lab",
                "wrong",
                policy -> policy.withObjectProperty("metadata")
                        .withObjectProperty("annotations")
                        .put("note", "the same, and still wrong"));
        lab.pod(lab.a, "another");
        awaitProblems(1);
        assertEquals(1, logged("policy problem", "lab/wrong"), lab.agent::log);
        assertEquals(0, logged("policy problem ended"), lab.agent::log);

        apply("wrong", "10.8.9.0/24");
        awaitProblems(0);
        assertEquals("[]", problems());
        assertEquals(1, logged("policy problem ended", "lab/wrong"), lab.agent::log);

        apply("wrong", "10.9.0.0/24");
        awaitProblems(1);
        lab.api.delete(Kind.NETWORK_POLICY, "lab", "wrong");
        awaitProblems(0);
        assertEquals(2, logged("policy problem ended", "lab/wrong"), lab.agent::log);
    }

    @Test
    void itClosesNothingThatOthersOpen() {
        apply("wrong", "10.9.0.0/24");
        awaitConnects(false, far.namespace(), far.address(), web.address(), PORT);
        // What else it says holds.
        awaitConnects(true, near.namespace(), near.address(), web.address(), PORT);
        let("far");
        awaitConnects(true, far.namespace(), far.address(), web.address(), PORT);
        assertConnects(near.namespace(), near.address(), web.address(), PORT);
        // An agent that finds it there does the same.
        lab.agent.terminate();
        lab.agent.start().awaitReady();
        awaitProblems(1);
        assertEquals(1, logged("policy problem", "lab/wrong"), lab.agent::log);
        assertConnects(far.namespace(), far.address(), web.address(), PORT);
        assertConnects(near.namespace(), near.address(), web.address(), PORT);
    }

    /** What it selects nobody knows: nothing is isolated by it. */
    @Test
    void aPolicyWhoseSelectorIsNoneIsolatesNobody() {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: unreadable, namespace: lab}
                spec:
                  podSelector: {matchExpressions: [{key: role, operator: Like, values: [web]}]}
                """);
        awaitProblems(1);
        assertTrue(problems().contains("lab/unreadable"), this::problems);
        assertConnects(far.namespace(), far.address(), web.address(), PORT);
        let("near");
        awaitConnects(false, far.namespace(), far.address(), web.address(), PORT);
        assertConnects(near.namespace(), near.address(), web.address(), PORT);
        assertFalse(lab.agent.log().contains("internal error"), lab.agent::log);
    }
}
